package certfactory

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"
)

// Organization is the organizationName in the subject of every certificate,
// unless an option sets another subject.
const Organization = "Chainmail"

// A Certificate describes one certificate before it is made. It is safe for
// concurrent use once it was returned.
type Certificate struct {
	factory   *Factory
	label     string // key and serial number hang on it
	issuer    *Certificate
	template  x509.Certificate
	key       func() crypto.Signer
	signedBy  crypto.Signer // nil: the key of the issuer
	mutations []Mutation
	made      func() (made, error)
}

// made is a certificate together with what its children copy from it.
type made struct{ der, subject, keyID []byte }

// Root describes a self-signed CA certificate with the extensions that the
// specification's configuration lists under v3_ca, without pathLenConstraint,
// valid for ten years. The common name of its subject is the name.
func (f *Factory) Root(name string, opts ...Option) *Certificate {
	return f.certificate("root/"+name, nil, authority(name), opts)
}

// Intermediate describes a CA certificate like that of [Factory.Root], but
// signed by the issuer.
func (f *Factory) Intermediate(issuer *Certificate, name string, opts ...Option) *Certificate {
	return f.certificate(issuer.under("/ca/"+name), issuer, authority(name), opts)
}

// Device describes an end entity certificate with the extensions that the
// specification's configuration lists under v3_signed, valid for a year. The
// key usage keyEncipherment is there for RSA keys only (RFC 8813 §3). Without an
// issuer (nil) the certificate signs itself.
func (f *Factory) Device(issuer *Certificate, commonName string, opts ...Option) *Certificate {
	return f.certificate(issuer.under("/device/"+commonName), issuer, x509.Certificate{
		Subject:               pkix.Name{Organization: []string{Organization}, CommonName: commonName},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		BasicConstraintsValid: true,
	}, opts)
}

// under returns a label below that of an issuer, if there is one.
func (c *Certificate) under(label string) string {
	if c == nil {
		return label
	}
	return c.label + label
}

func authority(name string) x509.Certificate {
	return x509.Certificate{
		Subject:               pkix.Name{Organization: []string{Organization}, CommonName: name},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCRLSign | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            -1,
	}
}

func (f *Factory) certificate(label string, issuer *Certificate, t x509.Certificate, opts []Option) *Certificate {
	t.NotBefore = f.now.Add(-time.Hour)
	t.NotAfter = f.now.AddDate(1, 0, 0)
	if t.IsCA {
		t.NotAfter = f.now.AddDate(10, 0, 0)
	}
	c := &Certificate{factory: f, label: label, issuer: issuer, template: t}
	c.key = func() crypto.Signer { return f.Key(P256, c.label) }
	for _, opt := range opts {
		opt(c)
	}
	c.key = sync.OnceValue(c.key)
	c.made = sync.OnceValues(c.make)
	return c
}

// Issuer returns the certificate that signs this one, nil if it signs itself.
func (c *Certificate) Issuer() *Certificate { return c.issuer }

// Name returns the common name that the certificate was described with.
func (c *Certificate) Name() string { return c.template.Subject.CommonName }

// Signer returns the certificate's own private key, nil if it is not known (see
// [Factory.Adopt]).
func (c *Certificate) Signer() crypto.Signer { return c.key() }

// DER returns the certificate. It is made once, when first asked for.
func (c *Certificate) DER() ([]byte, error) {
	m, err := c.made()
	return m.der, err
}

func (c *Certificate) make() (made, error) {
	m, err := c.issue()
	if err != nil {
		return made{}, fmt.Errorf("make certificate %q: %w", c.template.Subject.CommonName, err)
	}
	return m, nil
}

// issue fills in what depends on keys and issuer, has the standard library make
// the certificate and mutates it if need be.
func (c *Certificate) issue() (made, error) {
	info, err := publicKeyInfo(c.Signer())
	if err != nil {
		return made{}, err
	}
	t := c.template
	if t.SubjectKeyId == nil {
		if t.SubjectKeyId, err = keyID(info); err != nil {
			return made{}, err
		}
	}
	if t.SerialNumber == nil {
		t.SerialNumber = c.serial()
	}
	if t.RawSubject == nil {
		if t.RawSubject, err = asn1.Marshal(t.Subject.ToRDNSequence()); err != nil {
			return made{}, fmt.Errorf("encode subject: %w", err)
		}
	}
	parent, signer := made{subject: t.RawSubject, keyID: t.SubjectKeyId}, c.Signer()
	if c.issuer != nil {
		if parent, err = c.issuer.made(); err != nil {
			return made{}, err
		}
		signer = c.issuer.Signer()
	}
	if c.signedBy != nil {
		signer = c.signedBy
	}
	if signer == nil {
		return made{}, ErrNoSigner
	}
	// The standard library leaves it out where issuer and subject are the same.
	if t.AuthorityKeyId == nil {
		t.AuthorityKeyId = parent.keyID
	}
	return c.create(&t, parent, signer, info)
}

// create makes the certificate. A key that the standard library cannot handle is
// stood in for until the certificate is taken apart.
func (c *Certificate) create(t *x509.Certificate, parent made, signer crypto.Signer, info []byte) (made, error) {
	key, oddKey := c.standIn(c.Signer())
	by, oddSigner := c.standIn(signer)
	// No public key in the parent: the signer may be any.
	issuer := &x509.Certificate{RawSubject: parent.subject, SubjectKeyId: parent.keyID}
	der, err := x509.CreateCertificate(c.salt(t.SignatureAlgorithm), t, issuer, key.Public(), by)
	if err != nil {
		return made{}, err
	}
	m := made{der: der, subject: t.RawSubject, keyID: t.SubjectKeyId}
	if !oddKey && !oddSigner && len(c.mutations) == 0 {
		return m, nil
	}
	p, err := TakeApart(der)
	if err != nil {
		return made{}, err
	}
	p.PublicKey = info
	alg := t.SignatureAlgorithm
	if alg == 0 {
		alg = defaultAlgorithm(signer.Public())
	}
	if err := p.signWith(signer, alg); err != nil {
		return made{}, err
	}
	for _, mutation := range c.mutations {
		mutation.Edit(p)
	}
	m.subject = p.Subject
	m.der, err = p.join()
	return m, err
}

// standIn returns another key in place of one that the standard library cannot
// handle, and whether it did.
func (c *Certificate) standIn(key crypto.Signer) (crypto.Signer, bool) {
	if _, odd := key.(OddKey); odd {
		return c.factory.Key(P256, "stand-in"), true
	}
	return key, false
}

// salt is what RSASSA-PSS takes its salt from. The other algorithms are
// deterministic as long as they are given no source at all.
func (c *Certificate) salt(alg x509.SignatureAlgorithm) io.Reader {
	switch alg {
	case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return c.factory.seed.stream("salt", c.label)
	}
	return nil
}

// signWith has the parts signed by that key and names the algorithm in both places.
func (p *Parts) signWith(key crypto.Signer, alg x509.SignatureAlgorithm) error {
	s, err := schemeOf(alg)
	if err != nil {
		return err
	}
	p.Algorithm, p.OuterAlgorithm = s.identifier, s.identifier
	p.Sign = func(tbs []byte) ([]byte, error) { return s.sign(key, tbs) }
	return nil
}

// serial returns 16 octets, positive and of full length (RFC 5280 §4.1.2.2).
func (c *Certificate) serial() *big.Int {
	var b [16]byte
	fill(c.factory.seed.stream("serial", c.label), b[:])
	b[0] = b[0]&0x3f | 0x40
	return new(big.Int).SetBytes(b[:])
}

// keyID is the SHA-1 of the public key, as "subjectKeyIdentifier = hash" has it
// (RFC 5280 §4.2.1.2, method 1).
func keyID(info []byte) ([]byte, error) {
	fields, err := inside(info, TagSequence)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	var bits asn1.BitString
	if _, err := asn1.Unmarshal(fields[len(fields)-1], &bits); err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	sum := sha1.Sum(bits.Bytes)
	return sum[:], nil
}

// isRSA reports whether a key can also decipher, which RFC 8813 denies to others.
func isRSA(pub crypto.PublicKey) bool {
	_, ok := pub.(*rsa.PublicKey)
	return ok
}
