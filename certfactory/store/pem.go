package store

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
)

// Labels of RFC 7468 and of OpenSSL.
const (
	labelCertificate  = "CERTIFICATE"
	labelKey          = "PRIVATE KEY"
	labelEncryptedKey = "ENCRYPTED PRIVATE KEY"
	labelECKey        = "EC PRIVATE KEY"
	labelRSAKey       = "RSA PRIVATE KEY"
	// labelECParameters is what `openssl ecparam -genkey` puts before a key; the
	// key says the same.
	labelECParameters = "EC PARAMETERS"
)

// A pemBlock is a block of a PEM file and the line it begins in, counted from 1.
type pemBlock struct {
	*pem.Block
	line int
}

var (
	pemBegin = []byte("-----BEGIN ")
	pemEnd   = []byte("-----END ")
	utf8Mark = []byte("\xef\xbb\xbf")
)

// pemBlocks returns the blocks of a PEM file. Other than [pem.Decode] it passes
// over nothing: a block that does not end or cannot be decoded is an error.
func pemBlocks(data []byte) ([]pemBlock, error) {
	if err := checkSize(data); err != nil {
		return nil, err
	}
	if form := recognise(data); form != formPEM {
		return nil, fmt.Errorf("file is %s, not PEM", form)
	}
	var blocks []pemBlock
	var open []byte // from the line in which a block begins
	openLine, line := 0, 0
	for rest := bytes.TrimPrefix(data, utf8Mark); len(rest) > 0; {
		line++
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			end = len(rest)
		}
		text := rest[:end]
		switch {
		case bytes.HasPrefix(text, pemBegin) && open != nil:
			return nil, fmt.Errorf("PEM block of line %d does not end", openLine)
		case bytes.HasPrefix(text, pemBegin):
			open, openLine = rest, line
		case bytes.HasPrefix(text, pemEnd) && open != nil:
			b, _ := pem.Decode(open[:len(open)-len(rest)+end])
			if b == nil {
				return nil, fmt.Errorf("PEM block of line %d cannot be decoded", openLine)
			}
			blocks = append(blocks, pemBlock{b, openLine})
			open = nil
		}
		if len(blocks) > maxCertificates {
			return nil, fmt.Errorf("more than %d PEM blocks: %w", maxCertificates, ErrLimit)
		}
		rest = rest[end:]
	}
	if open != nil {
		return nil, fmt.Errorf("PEM block of line %d does not end", openLine)
	}
	return blocks, nil
}

// split tells the private keys from the certificates.
func split(blocks []pemBlock) (keys, certificates []pemBlock, err error) {
	for _, b := range blocks {
		switch b.Type {
		case labelCertificate:
			if err := wholeSequence(b.Bytes); err != nil {
				return nil, nil, fmt.Errorf("certificate of line %d: %w", b.line, err)
			}
			certificates = append(certificates, b)
		case labelKey, labelEncryptedKey, labelECKey, labelRSAKey:
			keys = append(keys, b)
		case labelECParameters:
		default:
			return nil, nil, fmt.Errorf("line %d: %q is neither a certificate nor a private key", b.line, b.Type)
		}
	}
	return keys, certificates, nil
}

// ParseCertificates returns the certificates of a PEM file in the order of the
// file, as DER. What is within them is not looked at: [CheckOrder] and
// [Entry.Check] do that. A private key beside them is passed over.
func ParseCertificates(data []byte) ([][]byte, error) {
	blocks, err := pemBlocks(data)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	_, certificates, err := split(blocks)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	if len(certificates) == 0 {
		return nil, errors.New("read certificates: the file has none")
	}
	return chainOf(certificates), nil
}

// MarshalCertificates returns certificates as PEM, one after the other. Given a
// chain, that is the chain file of DC-CERT-09.
func MarshalCertificates(chain [][]byte) []byte {
	var b []byte
	for _, der := range chain {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: labelCertificate, Bytes: der})...)
	}
	return b
}

func chainOf(certificates []pemBlock) [][]byte {
	chain := make([][]byte, 0, len(certificates))
	for _, b := range certificates {
		chain = append(chain, b.Bytes)
	}
	return chain
}

// decodePEM reads a private key with its chain, in the order of the file, or, if
// there is no key, trusted certificates. PEM knows no alias: entries are called by
// their place.
func decodePEM(data []byte, c Config, w *work) (*Store, error) {
	blocks, err := pemBlocks(data)
	if err != nil {
		return nil, fmt.Errorf("read PEM: %w", err)
	}
	keys, certificates, err := split(blocks)
	if err != nil {
		return nil, fmt.Errorf("read PEM: %w", err)
	}
	s := &Store{Format: PEM}
	switch len(keys) {
	case 0:
		for i, b := range certificates {
			s.Entries = append(s.Entries, Entry{Alias: strconv.Itoa(i + 1), Chain: [][]byte{b.Bytes}, Trusted: true})
		}
		return s, nil
	case 1:
		key, err := keys[0].key(c.keyPassword(), w)
		if err != nil {
			return nil, fmt.Errorf("read PEM: %w", err)
		}
		s.Entries = []Entry{{Alias: "1", Key: key, Chain: chainOf(certificates)}}
		return s, nil
	}
	return nil, fmt.Errorf("read PEM: %d private keys, and nothing says which certificate belongs to which", len(keys))
}

// encodePEM writes what [decodePEM] reads.
func encodePEM(entries []Entry, c Config) ([]byte, error) {
	var keys, rest []Entry
	for _, e := range entries {
		if e.Kind() == PrivateKey {
			keys = append(keys, e)
		} else {
			rest = append(rest, e)
		}
	}
	if len(keys) > 1 || len(keys) == 1 && len(rest) > 0 {
		return nil, errors.New("encode PEM: one file holds one private key with its chain, or certificates alone")
	}
	var out []byte
	for _, e := range keys {
		c.Password = c.keyPassword()
		key, err := MarshalKey(e.Key, c)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", e.Alias, err)
		}
		out = append(key, MarshalCertificates(e.Chain)...)
	}
	for _, e := range rest {
		out = append(out, MarshalCertificates(e.Chain)...)
	}
	return out, nil
}
