package stock_test

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
)

// rules are what the specification asks of a chain beyond what a library does.
type rules struct {
	maxLength int // of the platform, device and trust anchor included
	trusted   func(*x509.Certificate) bool
}

// check judges what a device presented, the device's own certificate first.
func (r rules) check(presented []*x509.Certificate, now time.Time) error {
	if len(presented) > r.maxLength { // DC-CHAIN-10, DC-CHAIN-11
		return fmt.Errorf("%d certificates, the maximum is %d", len(presented), r.maxLength)
	}
	for i, c := range presented {
		if err := sound(c); err != nil {
			return fmt.Errorf("certificate %d: %w", i, err)
		}
		if err := fit(c, i > 0); err != nil {
			return fmt.Errorf("certificate %d: %w", i, err)
		}
	}
	return r.path(presented, now)
}

// path has the library find paths from the device to a trust anchor that was
// presented, and wants one of them to be what was presented, in that order
// (DC-CHAIN-01, DC-CHAIN-09). What comes after the anchor is of no account.
func (r rules) path(presented []*x509.Certificate, now time.Time) error {
	roots, others := x509.NewCertPool(), x509.NewCertPool()
	found := false
	for _, c := range presented {
		if r.trusted(c) {
			roots.AddCert(c)
			found = true
		} else {
			others.AddCert(c)
		}
	}
	if !found {
		return errors.New("the chain includes no trust anchor")
	}
	paths, err := presented[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: others, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return err
	}
	for _, path := range paths {
		if len(path) <= len(presented) && slices.EqualFunc(path, presented[:len(path)], (*x509.Certificate).Equal) {
			return nil
		}
	}
	return errors.New("the chain is not in order")
}

// fit looks at what a certificate may be used for: to sign others, or to be a
// device's.
func fit(c *x509.Certificate, signer bool) error {
	keyUsage := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 15}) })
	switch {
	case !signer && keyUsage && c.KeyUsage&x509.KeyUsageDigitalSignature == 0: // RFC 8446 §4.4.2.2
		return errors.New("the device may not sign its handshake")
	case !signer:
		return nil
	case c.Version != 3 || !c.BasicConstraintsValid || !c.IsCA: // DC-CHAIN-04
		return errors.New("signs another and is not CA:TRUE")
	case keyUsage && c.KeyUsage&x509.KeyUsageCertSign == 0: // DC-CHAIN-17, RFC 5280 §6.1.4 (n)
		return errors.New("its key may not sign certificates")
	case len(c.Subject.Names) == 0: // RFC 5280 §4.1.2.6
		return errors.New("signs another and has no name")
	}
	return nil
}

// sound looks at the key and at the form of a certificate.
func sound(c *x509.Certificate) error {
	if key, ok := c.PublicKey.(*rsa.PublicKey); ok && (key.N.BitLen() < 2048 || key.E < 3) { // DC-CHAIN-13
		return errors.New("its RSA key is not safe")
	}
	if len(c.SerialNumber.Bytes()) > 20 { // RFC 5280 §4.1.2.2
		return errors.New("its serial number has more than 20 octets")
	}
	return reencodes(c)
}
