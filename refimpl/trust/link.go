package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

var (
	oidKeyUsage          = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidNameConstraints   = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidPolicyConstraints = asn1.ObjectIdentifier{2, 5, 29, 36}
	oidInhibitAnyPolicy  = asn1.ObjectIdentifier{2, 5, 29, 54}
)

// links checks that every certificate is signed by the one that follows it (DC-CHAIN-09)
// and that this one may sign.
func (r Rules) links(chain []*x509.Certificate) *Refusal {
	below := 0 // CA certificates under the issuer, self-issued ones not counted
	for i := 1; i < len(chain); i++ {
		child, issuer := chain[i-1], chain[i]
		if refusal := mayIssue(issuer, i); refusal != nil {
			return refusal
		}
		if limit, ok := pathLen(issuer); ok && below > limit && !r.Deviations.Has(deviation.IgnoresPathLen) { // DC-CHAIN-05
			return refuse(PathLen, i, "pathLenConstraint %d with %d CA certificates below", limit, below)
		}
		if !bytes.Equal(child.RawIssuer, issuer.RawSubject) { // DC-CHAIN-08
			return refuse(IssuerMismatch, i-1, "the issuer is not the subject of the next certificate")
		}
		if err := signed(child, issuer); err != nil { // DC-CHAIN-07
			return refuse(BadSignature, i-1, "%v", err)
		}
		if !selfIssued(issuer) { // RFC 5280 section 6.1.4 (l)
			below++
		}
	}
	return nil
}

// mayIssue applies what holds for a certificate that signs another.
func mayIssue(c *x509.Certificate, i int) *Refusal {
	switch {
	case c.Version != 3: // DC-CHAIN-04: only version 3 can say CA:TRUE
		return refuse(CANotV3, i, "version %d", c.Version)
	case !c.BasicConstraintsValid || !c.IsCA: // DC-CHAIN-04
		return refuse(IssuerNotCA, i, "basicConstraints do not say CA:TRUE")
	case hasExtension(c, oidKeyUsage) && c.KeyUsage&x509.KeyUsageCertSign == 0: // DC-CHAIN-17
		return refuse(IssuerKU, i, "keyUsage lacks keyCertSign")
	case emptyName(c.RawSubject): // DC-CHAIN-08, RFC 5280 section 4.1.2.6
		return refuse(CANoName, i, "the subject is empty")
	}
	return nil
}

// constraints asks crypto/x509 for a second opinion on the name and policy constraints
// of the CA certificates (DC-CHAIN-19), and only where there are such: for all else
// it is both laxer and stricter than this platform.
func constraints(chain []*x509.Certificate, now time.Time) *Refusal {
	at := slices.IndexFunc(chain[1:], constrains) + 1
	if at == 0 {
		return nil
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	last := len(chain) - 1
	roots.AddCert(chain[last])
	for _, c := range chain[1:last] {
		intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return refuse(Constraints, at, "%v", err)
	}
	return nil
}

func constrains(c *x509.Certificate) bool {
	return hasExtension(c, oidNameConstraints) || hasExtension(c, oidPolicyConstraints) || hasExtension(c, oidInhibitAnyPolicy)
}

// CheckAnchor says what speaks against a certificate as a trust anchor, or nothing:
// whatever would make a walk refuse every chain that it is in, so that a tenant learns
// it at the upload (DC-TRUST-04, 05). A certificate whose time is still to come is
// none of that.
func (r Rules) CheckAnchor(c *x509.Certificate) *Refusal {
	if r.Now.Before(c.NotBefore) && c.NotBefore.Before(c.NotAfter) {
		r.Now = c.NotBefore
	}
	if refusal := r.certificate(c, 0); refusal != nil {
		return refusal
	}
	if refusal := mayIssue(c, 0); refusal != nil {
		return refusal
	}
	if selfIssued(c) && !namesAnotherKey(c) {
		if err := signed(c, c); err != nil {
			return refuse(BadSignature, 0, "self-signed: %v", err)
		}
	}
	return nil
}

// namesAnotherKey tells a self-issued certificate that rolls a key over from a
// self-signed one.
func namesAnotherKey(c *x509.Certificate) bool {
	return len(c.AuthorityKeyId) > 0 && len(c.SubjectKeyId) > 0 && !bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId)
}

// signed verifies one signature and nothing else, unlike CheckSignatureFrom.
func signed(child, issuer *x509.Certificate) error {
	if err := issuer.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature); err != nil {
		return errors.New("the signature is not that of the next certificate's key")
	}
	return nil
}

func selfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

func emptyName(raw []byte) bool { return len(raw) <= 2 }

func pathLen(c *x509.Certificate) (limit int, ok bool) {
	return c.MaxPathLen, c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero
}

func hasExtension(c *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(oid) {
			return true
		}
	}
	return false
}
