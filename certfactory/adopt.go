package certfactory

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrNoSigner says that a certificate cannot sign others: its private key was not
// given.
var ErrNoSigner = errors.New("private key of the issuer is not known")

// Adopt takes in a certificate that was made elsewhere, so that others can be
// described below it. The key may be nil if it is not to sign, and so may the
// issuer if the certificate signs itself.
func (f *Factory) Adopt(der []byte, key crypto.Signer, issuer *Certificate) (*Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("adopt certificate: %w", err)
	}
	name := cert.Subject.CommonName
	if key != nil && !samePublicKey(cert.PublicKey, key.Public()) {
		return nil, fmt.Errorf("adopt certificate %q: the private key does not belong to it", name)
	}
	if issuer != nil {
		above, err := issuer.made()
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(above.subject, cert.RawIssuer) {
			return nil, fmt.Errorf("adopt certificate %q: %q did not issue it", name, issuer.Name())
		}
	}
	sum := sha256.Sum256(der)
	return &Certificate{
		factory: f, label: "adopted/" + hex.EncodeToString(sum[:]), issuer: issuer, template: *cert,
		key:  func() crypto.Signer { return key },
		made: func() (made, error) { return made{der, cert.RawSubject, cert.SubjectKeyId}, nil },
	}, nil
}

func samePublicKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
