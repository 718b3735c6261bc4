package certfactory

import (
	"crypto"
	"crypto/x509"
	"time"
)

// An Option changes a [Certificate] before it is made. Options are applied in
// order, the later one wins.
type Option func(*Certificate)

// PathLen sets the pathLenConstraint of a CA certificate (RFC 5280 §4.2.1.9).
func PathLen(n int) Option {
	return With(func(t *x509.Certificate) { t.MaxPathLen, t.MaxPathLenZero = n, n == 0 })
}

// NoPathLen leaves the pathLenConstraint out, which is the default.
func NoPathLen() Option {
	return With(func(t *x509.Certificate) { t.MaxPathLen, t.MaxPathLenZero = -1, false })
}

// Valid sets notBefore and notAfter. The certificate knows whole seconds only.
func Valid(from, to time.Time) Option {
	return With(func(t *x509.Certificate) { t.NotBefore, t.NotAfter = from.UTC(), to.UTC() })
}

// WithKey sets the kind of the certificate's own key; the default is [P256].
func WithKey(alg Alg) Option {
	return func(c *Certificate) {
		c.key = func() crypto.Signer { return c.factory.Key(alg, c.label) }
		c.encipher(alg.rsaBits() > 0)
	}
}

// WithSigner sets the certificate's own key.
func WithSigner(key crypto.Signer) Option {
	return func(c *Certificate) {
		c.key = func() crypto.Signer { return key }
		c.encipher(isRSA(key.Public()))
	}
}

// encipher gives an end entity the key usage that only an RSA key can have.
func (c *Certificate) encipher(can bool) {
	if c.template.IsCA {
		return
	}
	c.template.KeyUsage &^= x509.KeyUsageKeyEncipherment
	if can {
		c.template.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
}

// SignedBy has the certificate signed by that key instead of its issuer's.
func SignedBy(key crypto.Signer) Option {
	return func(c *Certificate) { c.signedBy = key }
}

// Label sets what the certificate's key and serial number are derived from: by
// default the kind and name of the certificate and of all its issuers. Two
// certificates of one name and issuer need two labels.
func Label(label string) Option {
	return func(c *Certificate) { c.label = label }
}

// With edits the template from which the standard library makes the certificate.
// SubjectKeyId, AuthorityKeyId, SerialNumber and RawSubject are empty at this
// point; they are filled in later unless they are set here.
func With(edit func(*x509.Certificate)) Option {
	return func(c *Certificate) { edit(&c.template) }
}

// Mutate adds mutations, which are applied in order.
func Mutate(mutations ...Mutation) Option {
	return func(c *Certificate) { c.mutations = append(c.mutations, mutations...) }
}
