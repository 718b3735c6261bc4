// Package inspect looks into files with certificates, signing requests, revocation
// lists and private keys, and into key stores and trust stores, and says what the
// specification would object to.
//
// [Read] takes a file of any of these kinds and returns a [File]: its [Entry]
// values as plain data, for people and programs, and its [Objection] values, each
// with the clause. What is found is judged as it lies there: whether a platform
// trusts it, and whether it was revoked, cannot be seen from a file. Private keys
// are read only as far as a password allows, and never shown.
package inspect

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// Config says how files are read and judged. The zero value opens what needs no
// password, and judges by the clock and the specification.
type Config struct {
	// Now is the moment at which certificates have to be valid. Default: now.
	Now time.Time
	// MaxChainLength is the longest chain that is not objected to. Default 2, as
	// in the specification's cloud.
	MaxChainLength int
	// Password opens stores and private keys. Default: the empty one; encrypted
	// keys in PEM then stay closed.
	Password store.Password
	// KeyPassword opens the private keys of a JKS. Default: that of the store.
	KeyPassword store.Password
}

// The kinds of a [File] and of an [Entry].
const (
	KindCertificate    = "certificate"
	KindCertificates   = "certificates" // several that did not issue each other
	KindChain          = "chain"
	KindRequest        = "signing request"
	KindRevocationList = "revocation list"
	KindPrivateKey     = "private key"
	KindKeyStore       = "key store"
	KindTrustStore     = "trust store"
	KindStore          = "key store and trust store"
	KindTrusted        = "trusted certificate"
	KindMixed          = "PEM of several kinds"
)

// A File is what was found in one file.
type File struct {
	Kind       string      `json:"kind"`
	Format     string      `json:"format"` // PEM, DER, PKCS#12 or JKS
	Entries    []Entry     `json:"entries"`
	Ignored    int         `json:"ignored,omitempty"` // things of a kind that is not looked into
	Objections []Objection `json:"objections"`        // empty: none
}

// An Entry is one thing in a file. Of the pointers and the list at least one is set.
type Entry struct {
	Alias string `json:"alias,omitempty"` // in stores only
	Kind  string `json:"kind"`

	Key            *Key            `json:"key,omitempty"`
	Certificates   []Certificate   `json:"certificates,omitempty"` // in the order of the file
	Request        *Request        `json:"request,omitempty"`
	RevocationList *RevocationList `json:"revocationList,omitempty"`
}

// An Objection is what the specification would say against a file.
type Objection struct {
	Alias       string `json:"alias,omitempty"`       // of the entry, in stores only
	Certificate int    `json:"certificate,omitempty"` // its place in the entry, from 1; 0: no single one
	Clause      string `json:"clause"`
	Level       string `json:"level"` // must or should
	Text        string `json:"text"`
}

// Read looks into a file. The error says why that cannot be done: it is
// [store.ErrPassword] where another password is needed. A certificate within the
// file that cannot be read is an objection, not an error.
func Read(data []byte, c Config) (*File, error) {
	if c.Now.IsZero() {
		c.Now = time.Now()
	}
	if c.MaxChainLength == 0 {
		c.MaxChainLength = 2
	}
	f, err := read(data, c)
	if err != nil {
		return nil, err
	}
	if f.Objections == nil {
		f.Objections = []Objection{} // in JSON a list, not null
	}
	return f, nil
}

func read(data []byte, c Config) (*File, error) {
	if store.IsPEM(data) {
		return readPEM(data, c)
	}
	if f := readDER(data, c); f != nil {
		return f, nil
	}
	s, err := store.OpenWith(data, store.Config{Password: c.Password, KeyPassword: c.KeyPassword})
	if err != nil {
		return nil, err
	}
	return readStore(s, c), nil
}

// readDER reads the one thing that a DER file may hold, nil if it is none of these.
func readDER(data []byte, c Config) *File {
	f := &File{Format: "DER"}
	if len(data) == 0 || data[0] != 0x30 {
		return nil
	}
	if _, err := x509.ParseCertificate(data); err == nil {
		f.addCertificates([][]byte{data}, c)
	} else if _, err := x509.ParseCertificateRequest(data); err == nil {
		f.addRequest(data)
	} else if _, err := x509.ParseRevocationList(data); err == nil {
		f.addRevocationList(data, c)
	} else {
		return nil
	}
	f.Kind = f.Entries[0].Kind
	return f
}

// readPEM sorts the blocks of a file: certificates and the key belong together,
// everything else stands for itself.
func readPEM(data []byte, c Config) (*File, error) {
	blocks, err := store.Blocks(data)
	if err != nil {
		return nil, err
	}
	f := &File{Format: "PEM"}
	var chain [][]byte
	var keys []*pem.Block
	var unknown []string
	for _, b := range blocks {
		switch {
		case b.Type == "CERTIFICATE":
			chain = append(chain, b.Bytes)
		case strings.HasSuffix(b.Type, "PRIVATE KEY"):
			keys = append(keys, b)
		case strings.HasSuffix(b.Type, "CERTIFICATE REQUEST"):
			f.addRequest(b.Bytes)
		case b.Type == "X509 CRL":
			f.addRevocationList(b.Bytes, c)
		default:
			unknown = append(unknown, b.Type)
		}
	}
	switch {
	case len(keys) == 1 && len(chain) > 0:
		err = f.addKeyAndChain(keys[0], chain, c)
	case len(chain) > 0:
		f.addCertificates(chain, c)
		fallthrough
	default:
		for _, b := range keys {
			err = errors.Join(err, f.addKey(b, c))
		}
	}
	if err != nil {
		return nil, err
	}
	if len(f.Entries) == 0 {
		return nil, fmt.Errorf("read PEM: it holds only %s", strings.Join(unknown, ", "))
	}
	f.Ignored = len(unknown)
	f.Kind = f.Entries[0].Kind
	if len(f.Entries) > 1 {
		f.Kind = KindMixed
	}
	return f, nil
}

// readStore turns the entries of a store into ours.
func readStore(s *store.Store, c Config) *File {
	f := &File{Format: map[store.Format]string{store.PKCS12: "PKCS#12", store.JKS: "JKS"}[s.Format], Ignored: s.Ignored}
	keys, trusted := 0, 0
	for _, e := range s.Entries {
		entry := Entry{Alias: e.Alias, Kind: KindCertificate, Certificates: describeAll(e.Chain)}
		switch e.Kind() {
		case store.PrivateKey:
			keys++
			entry.Kind, entry.Key = KindPrivateKey, describeKey(e.Key)
		case store.TrustedCertificate:
			trusted++
			entry.Kind = KindTrusted
		}
		f.Entries = append(f.Entries, entry)
		j := judge{Config: c, alias: e.Alias}
		j.entry(e)
		f.Objections = append(f.Objections, j.objections...)
	}
	switch {
	case keys > 0 && trusted > 0:
		f.Kind = KindStore
	case keys > 0:
		f.Kind = KindKeyStore
	default:
		f.Kind = KindTrustStore
	}
	return f
}
