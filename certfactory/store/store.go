// Package store writes and reads the files in which a device keeps its private key
// and the certificates it trusts: PKCS #12, Java's JKS, and PEM with encrypted
// private keys.
//
// A [Store] is a list of entries. An [Entry] is a private key with its chain or a
// trusted certificate, under an alias. [Encode] lays entries out in a [Format],
// such that OpenSSL and Java's keytool both read them; [Open] recognises the format
// by the bytes and reads what either of the two writes. [ParseKey], [MarshalKey],
// [ParseCertificates] and [MarshalCertificates] are for PEM files that hold less
// than a store, [CheckOrder] and [Sort] for chains.
//
// Certificates are kept as DER and need not be good ones. Whether a platform should
// trust them is not decided here. Files from anywhere may be opened: what one file
// can cost is bounded.
package store

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Aliases that the specification gives in "Creating keystore and truststore".
const (
	DeviceAlias = "devicekeyentry"
	ServerAlias = "servercertificate"
)

// A Kind is what an entry is to a program that uses the store.
type Kind int

// The kinds of entry.
const (
	// Certificate neither belongs to a private key of the store nor is marked
	// as trusted. OpenSSL lists it; to Java it does not exist.
	Certificate Kind = iota
	// PrivateKey is Java's PrivateKeyEntry.
	PrivateKey
	// TrustedCertificate is Java's trustedCertEntry.
	TrustedCertificate
)

// String returns the kind in words.
func (k Kind) String() string {
	switch k {
	case PrivateKey:
		return "private key"
	case TrustedCertificate:
		return "trusted certificate"
	}
	return "certificate"
}

// An Entry is what a store keeps under one alias.
type Entry struct {
	// Alias is the name of the entry. Java makes no difference between capital
	// and small letters, and neither does [Store.Entry].
	Alias string
	// Key is the private key. It is nil where there are certificates alone.
	Key crypto.Signer `json:"-"`
	// Chain is DER: with a key the device's certificate, then every issuer in
	// order, the anchor last; without a key one certificate.
	Chain [][]byte
	// Trusted marks a certificate without a key as one to be trusted.
	Trusted bool
	// Created is when the entry was made, to the millisecond. JKS alone keeps
	// it. Optional: the default is the beginning of 1970.
	Created time.Time
}

// Kind says what the entry is.
func (e Entry) Kind() Kind {
	switch {
	case e.Key != nil:
		return PrivateKey
	case e.Trusted:
		return TrustedCertificate
	}
	return Certificate
}

// Certificates returns the chain parsed. The error says which certificate cannot be.
func (e Entry) Certificates() ([]*x509.Certificate, error) {
	list := make([]*x509.Certificate, 0, len(e.Chain))
	for i, der := range e.Chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		list = append(list, cert)
	}
	return list, nil
}

// TLS returns the key and the chain as crypto/tls takes them.
func (e Entry) TLS() tls.Certificate {
	return tls.Certificate{Certificate: e.Chain, PrivateKey: e.Key}
}

// String names the alias, the kind and the number of certificates.
func (e Entry) String() string {
	return fmt.Sprintf("%q, %s, %d certificates", e.Alias, e.Kind(), len(e.Chain))
}

// Format writes what String returns, whatever the verb, so that no private key
// gets into a log.
func (e Entry) Format(f fmt.State, _ rune) {
	// A formatter has nobody to tell that its writer is broken.
	_, _ = io.WriteString(f, e.String())
}

// A Store is what one file holds.
type Store struct {
	// Format is the one the file is in.
	Format Format
	// Entries are in the order of the file, in PKCS #12 those with a private
	// key first.
	Entries []Entry
	// Ignored counts what is neither certificate nor private key: revocation
	// lists, secret keys.
	Ignored int
}

// Entry returns the entry of that alias, in capital or small letters.
func (s *Store) Entry(alias string) (Entry, bool) {
	for _, e := range s.Entries {
		if strings.EqualFold(e.Alias, alias) {
			return e, true
		}
	}
	return Entry{}, false
}

// Device returns the entry with a private key. It is an error if there is not
// exactly one.
func (s *Store) Device() (Entry, error) {
	var found []Entry
	for _, e := range s.Entries {
		if e.Kind() == PrivateKey {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		return Entry{}, fmt.Errorf("store has %d entries with a private key, want 1", len(found))
	}
	return found[0], nil
}

// Pool returns the trusted certificates. It is an error if there is none, or one
// that cannot be read.
func (s *Store) Pool() (*x509.CertPool, error) {
	pool, n := x509.NewCertPool(), 0
	for _, e := range s.Entries {
		if e.Kind() != TrustedCertificate {
			continue
		}
		list, err := e.Certificates()
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", e.Alias, err)
		}
		for _, cert := range list {
			pool.AddCert(cert)
			n++
		}
	}
	if n == 0 {
		return nil, errors.New("store has no trusted certificate")
	}
	return pool, nil
}

// Open reads a store whose format is told by its bytes. For PEM the password is
// that of the private key, and not needed if that is in the clear. The error is
// [ErrPassword] if it does not fit and [ErrLimit] if the file asks for too much.
func Open(data []byte, password Password) (*Store, error) {
	return OpenWith(data, Config{Password: password})
}

// OpenWith is [Open] for a store of which more is known: of c it takes Format,
// Password and KeyPassword.
func OpenWith(data []byte, c Config) (*Store, error) {
	return open(data, c, &work{maxIterations})
}

func open(data []byte, c Config, w *work) (*Store, error) {
	if err := checkSize(data); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	form := recognise(data)
	switch {
	case c.Format != 0 && c.Format.form() != form:
		return nil, fmt.Errorf("open store: file is %s, not %s", form, c.Format.form())
	case form == formPEM:
		return decodePEM(data, c, w)
	case form == formPKCS12:
		return decodePKCS12(data, c, w)
	case form == formJKS:
		return decodeJKS(data, c, w)
	}
	return nil, fmt.Errorf("open store: file is %s, neither PEM, PKCS#12 nor JKS", form)
}
