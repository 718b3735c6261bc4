package cadir

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"
)

// maxChain bounds a chain, should issuers sign each other in a circle.
const maxChain = 100

// Chain returns a certificate that this CA has signed, every issuer in order,
// and the self-signed anchor last (DC-CERT-09).
func (a *Authority) Chain(cert *x509.Certificate) ([]*x509.Certificate, error) {
	if !signs(a.certificate, cert) {
		return nil, fmt.Errorf("build chain: %s did not sign the certificate of %q", a.settings.certificate, cert.Subject.CommonName)
	}
	issuers, err := a.Issuers()
	if err != nil {
		return nil, err
	}
	return append([]*x509.Certificate{cert}, issuers...), nil
}

// Issuers returns the CA certificate and its issuers up to the self-signed one:
// what follows every certificate of this CA in its chain. They are in the
// directories above, since an intermediate CA is made below its issuer, or among
// those that the [Config] names.
func (a *Authority) Issuers() ([]*x509.Certificate, error) {
	chain := []*x509.Certificate{a.certificate}
	known, dir := slices.Clone(a.env.Issuers), a.settings.dir
	for len(chain) <= maxChain {
		last := chain[len(chain)-1]
		if signs(last, last) {
			return chain, nil
		}
		issuer := find(known, last)
		for above := filepath.Dir(dir); issuer == nil && above != dir; dir, above = above, filepath.Dir(above) {
			known = append(known, authorityIn(above)...)
			issuer = find(known, last)
		}
		if issuer == nil {
			return nil, fmt.Errorf("build chain: no issuer of %q in the directories above %s", last.Subject.CommonName, a.settings.dir)
		}
		chain = append(chain, issuer)
	}
	return nil, fmt.Errorf("build chain: more than %d issuers above %s", maxChain, a.settings.dir)
}

// authorityIn returns the CA certificate of a directory, none if it is no CA's.
func authorityIn(dir string) []*x509.Certificate {
	path, err := findConfig(dir)
	if err != nil {
		return nil
	}
	s, err := readSettings(path)
	if err != nil {
		return nil
	}
	cert, err := readCertificate(s.certificate)
	if err != nil {
		return nil
	}
	return []*x509.Certificate{cert}
}

func find(known []*x509.Certificate, cert *x509.Certificate) *x509.Certificate {
	for _, issuer := range known {
		if signs(issuer, cert) {
			return issuer
		}
	}
	return nil
}

// signs reports whether a certificate is the issuer of another, or of itself.
func signs(issuer, cert *x509.Certificate) bool {
	return bytes.Equal(issuer.RawSubject, cert.RawIssuer) && cert.CheckSignatureFrom(issuer) == nil
}
