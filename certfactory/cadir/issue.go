package cadir

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// A Device describes what [Authority.Issue] makes.
type Device struct {
	// Subject is the name asked for; the common name has to match the Client
	// Identifier of the device.
	Subject Subject
	// Alg is the kind of key. Default: ECDSA on P-256.
	Alg certfactory.Alg
	// Key is used instead of a new one. Optional.
	Key crypto.Signer
	// Days is how long the certificate holds. Default 365.
	Days int
	// Files is how the names of the device's own files begin: with "device" they
	// are deviceKey.pem, deviceCsr.pem, deviceCert.pem and deviceCertChain.pem,
	// in the directory of new certificates. Default: none are written.
	Files string
	// Password encrypts the key in its file; at least 4 characters (DC-CERT-05).
	Password store.Password
	// PlainKey writes the key in the clear instead. Default: a password is required.
	PlainKey bool
	// Force replaces files that are there. Default: it is an error that wraps
	// [fs.ErrExist].
	Force bool
}

// Issued is a device's identity.
type Issued struct {
	Key         crypto.Signer
	Request     *x509.CertificateRequest
	Certificate *x509.Certificate
	// Chain begins with the certificate and ends with the anchor (DC-CERT-09).
	Chain []*x509.Certificate
}

// Issue makes the key of a device, a request for it and the certificate: the
// steps of the specification's "Creating a device certificate signed by CA or
// intermediate" and "Creating the chain of certificates". The files are there
// either all or not at all.
func (a *Authority) Issue(d Device) (*Issued, error) {
	name := d.Subject.CommonName
	issuers, err := a.Issuers()
	if err != nil {
		return nil, fmt.Errorf("issue %q: %w", name, err)
	}
	i := &Issued{}
	if i.Key, err = keyFor(d.Key, d.Alg, a.env.Rand); err != nil {
		return nil, fmt.Errorf("issue %q: %w", name, err)
	}
	if i.Request, err = request(i.Key, d.Subject); err != nil {
		return nil, fmt.Errorf("issue %q: %w", name, err)
	}
	keyFile, err := d.keyFile(i.Key, a.env)
	if err != nil {
		return nil, fmt.Errorf("issue %q: %w", name, err)
	}
	o := SignOptions{Days: d.Days, Force: d.Force}
	i.Certificate, err = a.sign(i.Request, o, func(cert *x509.Certificate) ([]newFile, error) {
		i.Chain = append([]*x509.Certificate{cert}, issuers...)
		return d.list(a.settings.newCerts, keyFile, i), nil
	})
	if err != nil {
		return nil, fmt.Errorf("issue %q: %w", name, err)
	}
	return i, nil
}

// request makes a request and reads it as it would be read from its file.
func request(key crypto.Signer, subject Subject) (*x509.CertificateRequest, error) {
	der, err := NewRequest(key, subject)
	if err != nil {
		return nil, err
	}
	return ParseRequest(der)
}

// keyFile returns the text of the key's file, none if there is to be no file.
func (d Device) keyFile(key crypto.Signer, env Config) ([]byte, error) {
	switch {
	case d.Files == "":
		return nil, nil
	case filepath.Base(d.Files) != d.Files || d.Files[0] == '.':
		return nil, fmt.Errorf("name files %q: want the beginning of a file name", d.Files)
	case d.PlainKey && d.Password != "":
		return nil, errors.New("a password and a key in the clear exclude each other")
	case d.PlainKey:
		return store.MarshalKey(key, store.Config{})
	}
	return marshalKey(key, d.Password, env.Rand)
}

func (d Device) list(dir string, keyFile []byte, i *Issued) []newFile {
	if d.Files == "" {
		return nil
	}
	chain := make([][]byte, 0, len(i.Chain))
	for _, cert := range i.Chain {
		chain = append(chain, cert.Raw)
	}
	path := filepath.Join(dir, d.Files)
	return []newFile{
		{path + "Key.pem", keyFile, 0o600},
		{path + "Csr.pem", MarshalRequest(i.Request.Raw), 0o644},
		{path + "Cert.pem", certfactory.PEM(chain[0]), 0o644},
		{path + "CertChain.pem", certfactory.PEM(chain...), 0o644},
	}
}
