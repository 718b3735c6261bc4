package inspect

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// The levels of an [Objection].
const (
	must   = "must"
	should = "should"
)

// minRSABits is the shortest RSA key that the specification calls safe.
const minRSABits = 2048

// A judge collects objections to one entry.
type judge struct {
	Config
	alias      string
	objections []Objection
}

func (j *judge) object(n int, clause, level, format string, args ...any) {
	j.objections = append(j.objections, Objection{j.alias, n, clause, level, fmt.Sprintf(format, args...)})
}

// entry judges an entry of a store, or a private key with its chain.
func (j *judge) entry(e store.Entry) {
	if e.Trusted || len(e.Chain) == 0 {
		for i, der := range e.Chain {
			j.common(link(i+1, der))
		}
		return
	}
	if e.Key != nil && errors.Is(e.Check(), store.ErrKeyMismatch) {
		j.object(1, "DC-TLS-06", must, "the private key belongs to another certificate")
	}
	j.chain(e.Chain)
	if first := link(1, e.Chain[0]); len(e.Chain) == 1 && first.err == nil && !selfIssued(first.cert) {
		j.object(0, "DC-CHAIN-01", must, "the chain stops before %q: it has to include the certificate that is uploaded as trusted", first.cert.Issuer)
	}
}

// key judges a private key in PEM.
func (j *judge) key(k *Key) {
	if k.InTheClear {
		j.object(0, "DC-CERT-05", should, "the private key is in the clear, not encrypted under a password")
	}
	if k.rsaBits > 0 && k.rsaBits < minRSABits {
		j.object(0, "DC-CERT-05", must, "the private key is %s, want at least %d bits", k.Algorithm, minRSABits)
	}
}

// common judges what holds for every certificate.
func (j *judge) common(p place) bool {
	if p.err != nil {
		j.object(p.n, "DC-CHAIN-20", must, "the certificate cannot be read: %v", p.err)
		return false
	}
	cert := p.cert
	if cert.Version != 3 {
		j.object(p.n, "DC-TRUST-04", must, "the certificate is of version %d, want 3", cert.Version)
	}
	switch {
	case j.Now.Before(cert.NotBefore):
		j.object(p.n, "DC-CHAIN-12", must, "the certificate is not valid before %s", moment(cert.NotBefore))
	case j.Now.After(cert.NotAfter):
		j.object(p.n, "DC-CHAIN-12", must, "the certificate has expired on %s", moment(cert.NotAfter))
	}
	if bits := rsaBits(cert.PublicKey); bits > 0 && bits < minRSABits {
		j.object(p.n, "DC-CHAIN-13", should, "the key is RSA of %d bits, want at least %d", bits, minRSABits)
	}
	if name := weak(cert.SignatureAlgorithm); name != "" {
		j.object(p.n, "DC-CERT-07", must, "the signature uses %s, want SHA-256", name)
	}
	for _, oid := range cert.UnhandledCriticalExtensions {
		j.object(p.n, "DC-CHAIN-16", must, "the critical extension %s is not known", oid)
	}
	return true
}

// alone judges a certificate without a chain, as a CA's or a device's by what it
// says of itself.
func (j *judge) alone(p place) {
	if !j.common(p) {
		return
	}
	switch {
	case p.cert.BasicConstraintsValid && p.cert.IsCA:
		j.signer(p)
	case selfIssued(p.cert):
		j.object(p.n, "DC-TRUST-05", must, "the certificate is self-signed without CA:TRUE: it can neither be uploaded as trusted nor sign another")
	default:
		j.device(p)
	}
}

// device judges the certificate that a device logs in with.
func (j *judge) device(p place) {
	cert := p.cert
	switch name := cert.Subject.CommonName; {
	case name == "":
		j.object(p.n, "DC-ID-06", must, "the subject has no common name, which has to be the Client Identifier of the device")
	case strings.Contains(name, ":"):
		j.object(p.n, "DC-ID-05", should, `the common name %q holds a ":"`, name)
	}
	if cert.BasicConstraintsValid && cert.IsCA {
		j.object(p.n, "DC-CHAIN-15", should, "the device's own certificate is CA:TRUE")
	}
	usages := cert.ExtKeyUsage
	if len(usages)+len(cert.UnknownExtKeyUsage) > 0 &&
		!slices.Contains(usages, x509.ExtKeyUsageClientAuth) && !slices.Contains(usages, x509.ExtKeyUsageAny) {
		j.object(p.n, "DC-CHAIN-18", should, "extKeyUsage leaves clientAuth out")
	}
}

// signer judges a certificate that signs others.
func (j *judge) signer(p place) {
	if !p.cert.BasicConstraintsValid || !p.cert.IsCA {
		j.object(p.n, "DC-CHAIN-04", must, "the certificate signs another and is not CA:TRUE")
	}
	if p.cert.KeyUsage != 0 && p.cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		j.object(p.n, "DC-CHAIN-17", must, "keyUsage lacks keyCertSign, so the certificate may not sign another")
	}
}

// request judges a signing request.
func (j *judge) request(r *x509.CertificateRequest) {
	switch name := r.Subject.CommonName; {
	case name == "":
		j.object(0, "DC-CERT-06", must, "the subject has no common name, which the signing policy asks for")
	case strings.Contains(name, ":"):
		j.object(0, "DC-ID-05", should, `the common name %q holds a ":"`, name)
	}
	if bits := rsaBits(r.PublicKey); bits > 0 && bits < minRSABits {
		j.object(0, "DC-CERT-05", must, "the key is RSA of %d bits, want at least %d", bits, minRSABits)
	}
	if name := weak(r.SignatureAlgorithm); name != "" {
		j.object(0, "DC-CERT-07", must, "the signature uses %s, want SHA-256", name)
	} else if rsaBits(r.PublicKey) <= maxVerifiedBits && r.CheckSignature() != nil {
		j.object(0, "DC-CERT-06", must, "the signature does not verify: whoever asks does not hold the private key")
	}
}

// revocationList judges a CRL.
func (j *judge) revocationList(list *x509.RevocationList) {
	if len(list.AuthorityKeyId) == 0 {
		j.object(0, "DC-CERT-10", must, "the list has no authorityKeyIdentifier")
	}
	if list.Number == nil {
		j.object(0, "DC-CERT-10", must, "the list has no CRL number")
	}
	if !list.NextUpdate.IsZero() && j.Now.After(list.NextUpdate) {
		j.object(0, "DC-CERT-10", should, "the list is out of date since %s", moment(list.NextUpdate))
	}
	if name := weak(list.SignatureAlgorithm); name != "" {
		j.object(0, "DC-CERT-07", must, "the signature uses %s, want SHA-256", name)
	}
}

// weak names the hash of an algorithm that is no longer safe.
func weak(algorithm x509.SignatureAlgorithm) string {
	switch algorithm {
	case x509.MD2WithRSA:
		return "MD2"
	case x509.MD5WithRSA:
		return "MD5"
	case x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return "SHA-1"
	}
	return ""
}

func selfIssued(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawSubject, cert.RawIssuer)
}

func moment(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }
