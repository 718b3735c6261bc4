package store

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
)

// certificateType is what Java calls the certificates of a JKS file.
const certificateType = "X.509"

// encodeJKS writes a file of version 2.
func encodeJKS(entries []Entry, c Config) ([]byte, error) {
	ks := keystore.New(keystore.WithOrderedAliases(), keystore.WithCustomRandomNumberGenerator(fullReader{c.Rand}))
	for _, e := range entries {
		if err := addJKS(ks, e, c); err != nil {
			return nil, fmt.Errorf("encode JKS: entry %q: %w", e.Alias, err)
		}
	}
	var out bytes.Buffer
	if err := ks.Store(&out, []byte(c.Password)); err != nil {
		return nil, fmt.Errorf("encode JKS: %w", err)
	}
	return out.Bytes(), nil
}

func addJKS(ks keystore.KeyStore, e Entry, c Config) error {
	created := e.Created
	if created.IsZero() {
		created = time.UnixMilli(0)
	}
	var chain []keystore.Certificate
	for _, der := range e.Chain {
		chain = append(chain, keystore.Certificate{Type: certificateType, Content: der})
	}
	if e.Kind() == TrustedCertificate {
		return ks.SetTrustedCertificateEntry(e.Alias, keystore.TrustedCertificateEntry{CreationTime: created, Certificate: chain[0]})
	}
	key, err := x509.MarshalPKCS8PrivateKey(e.Key)
	if err != nil {
		return fmt.Errorf("encode private key: %w", err)
	}
	return ks.SetPrivateKeyEntry(e.Alias,
		keystore.PrivateKeyEntry{CreationTime: created, PrivateKey: key, CertificateChain: chain}, []byte(c.keyPassword()))
}

// A fullReader reads all that is asked for or fails: the library takes whatever one
// call of Read gives for a whole salt.
type fullReader struct{ r io.Reader }

func (f fullReader) Read(p []byte) (int, error) { return io.ReadFull(f.r, p) }

// decodeJKS reads a file of version 1 or 2.
func decodeJKS(data []byte, c Config, w *work) (*Store, error) {
	aliases, err := (&jksFrame{rest: data}).aliases()
	if err != nil {
		return nil, fmt.Errorf("read JKS: %w", err)
	}
	// The library takes a character for a byte, Java for two.
	if errors.Is(CheckPassword(c.Password), ErrPasswordCharacters) {
		return nil, fmt.Errorf("read JKS: %w: %w", ErrPasswordCharacters, ErrPassword)
	}
	ks := keystore.New(keystore.WithCaseExactAliases())
	if err := ks.Load(bytes.NewReader(data), []byte(c.Password)); err != nil {
		// The frame is sound, so what is left to be wrong is the digest.
		return nil, fmt.Errorf("check integrity of JKS: %w", ErrPassword)
	}
	s := &Store{Format: JKS}
	for _, alias := range aliases {
		e, err := entryJKS(ks, alias, c, w)
		if err != nil {
			return nil, fmt.Errorf("read JKS: entry %q: %w", alias, err)
		}
		s.Entries = append(s.Entries, e)
	}
	return s, nil
}

func entryJKS(ks keystore.KeyStore, alias string, c Config, w *work) (Entry, error) {
	e := Entry{Alias: alias}
	var certificates []keystore.Certificate
	if ks.IsPrivateKeyEntry(alias) {
		raw, err := ks.GetPrivateKeyEntry(alias, []byte(c.keyPassword()))
		if err != nil {
			return e, fmt.Errorf("decrypt private key: %w", ErrPassword)
		}
		if e.Key, err = parsePKCS8(raw.PrivateKey); err != nil {
			return e, err
		}
		certificates, e.Created = raw.CertificateChain, raw.CreationTime
	} else {
		raw, err := ks.GetTrustedCertificateEntry(alias)
		if err != nil {
			return e, err
		}
		certificates, e.Created, e.Trusted = []keystore.Certificate{raw.Certificate}, raw.CreationTime, true
	}
	for i, cert := range certificates {
		if err := wholeSequence(cert.Content); err != nil {
			return e, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		e.Chain = append(e.Chain, cert.Content)
	}
	return e, w.spend(len(certificates))
}

// A jksFrame walks over the lengths of a JKS file. The library takes each of them
// for true and allocates what it says, up to gigabytes, before it reads; a private
// key of less than 40 bytes makes it panic.
type jksFrame struct {
	rest    []byte
	version uint32
	counted uint32 // entries and certificates
	err     error
}

// Kinds of entry in a file.
const (
	tagPrivateKey         = 1
	tagTrustedCertificate = 2
)

var errCutJKS = errors.New("file is cut short")

// aliases returns the aliases in the order of the file, an error if a length does
// not fit the file or a count is beyond what is read.
func (f *jksFrame) aliases() ([]string, error) {
	f.uint32() // magic number
	if f.version = f.uint32(); f.err == nil && f.version != 1 && f.version != 2 {
		return nil, fmt.Errorf("version is %d, want 1 or 2", f.version)
	}
	n := f.count()
	seen := make(map[string]bool)
	var list []string
	for range n {
		alias := f.entry()
		if f.err != nil {
			return nil, f.err
		}
		if seen[alias] {
			return nil, fmt.Errorf("alias %q is there twice", alias)
		}
		seen[alias] = true
		list = append(list, alias)
	}
	if f.take(20); f.err == nil && len(f.rest) > 0 {
		f.err = fmt.Errorf("%d bytes behind the end", len(f.rest))
	}
	return list, f.err
}

// entry passes over one entry and returns its alias.
func (f *jksFrame) entry() string {
	tag := f.uint32()
	alias := f.text()
	f.take(8) // creation date
	switch {
	case f.err != nil:
	case tag == tagTrustedCertificate:
		f.certificate()
	case tag == tagPrivateKey:
		if !soundJKSKey(f.take(f.uint32())) && f.err == nil {
			f.err = fmt.Errorf("entry %q: private key is not protected in JKS's way", alias)
		}
		for range f.count() {
			f.certificate()
		}
	default:
		f.err = fmt.Errorf("entry %q: kind %d is not known", alias, tag)
	}
	return alias
}

// soundJKSKey says whether the library can take up a private key: a salt and a
// digest of 20 bytes each have to be there.
func soundJKSKey(der []byte) bool {
	var key encryptedKey
	return len(der) <= 2*maxKey && unmarshal(der, &key) == nil && len(key.Data) > 40 &&
		key.Algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1})
}

func (f *jksFrame) certificate() {
	if f.version == 2 {
		f.text()
	}
	f.take(f.uint32())
}

// count reads how many entries or certificates follow.
func (f *jksFrame) count() uint32 {
	n := f.uint32()
	if f.err == nil && n > maxCertificates-f.counted {
		f.err = fmt.Errorf("more than %d entries and certificates: %w", maxCertificates, ErrLimit)
	}
	if f.err != nil {
		return 0
	}
	f.counted += n
	return n
}

func (f *jksFrame) text() string {
	b := f.take(2)
	if f.err != nil {
		return ""
	}
	b = f.take(uint32(binary.BigEndian.Uint16(b)))
	if f.err == nil && utf8.RuneCount(b) > maxAlias {
		f.err = fmt.Errorf("text of more than %d characters: %w", maxAlias, ErrLimit)
	}
	return string(b)
}

func (f *jksFrame) uint32() uint32 {
	b := f.take(4)
	if f.err != nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// take returns the next n bytes, nil once something was wrong.
func (f *jksFrame) take(n uint32) []byte {
	if f.err == nil && uint64(n) > uint64(len(f.rest)) {
		f.err = errCutJKS
	}
	if f.err != nil {
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}
