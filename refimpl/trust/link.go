package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

var (
	oidKeyUsage            = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectAltName      = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidBasicConstraints    = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidNameConstraints     = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidPolicyConstraints   = asn1.ObjectIdentifier{2, 5, 29, 36}
	oidExtKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidInhibitAnyPolicy    = asn1.ObjectIdentifier{2, 5, 29, 54}
	oidAuthorityInfoAccess = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
)

// links checks that every certificate is signed by the one that follows it (DC-CHAIN-09)
// and that this one may sign.
func (r Rules) links(chain []*x509.Certificate) *Refusal {
	below := 0                                         // CA certificates under the issuer, self-issued ones not counted
	if r.Deviations.Has(deviation.PathLenCountsLeaf) { // DC-CHAIN-06
		below = 1
	}
	for i := 1; i < len(chain); i++ {
		child, issuer := chain[i-1], chain[i]
		if refusal := r.mayIssue(issuer, i); refusal != nil {
			return refusal
		}
		if limit, ok := pathLen(issuer); ok && below > limit && !r.overlooksPathLen(chain, i, below-limit) { // DC-CHAIN-05
			return refuse(PathLen, i, "pathLenConstraint %d with %d CA certificates below", limit, below)
		}
		if !bytes.Equal(child.RawIssuer, issuer.RawSubject) && !r.overlooksName(child, issuer) { // DC-CHAIN-08
			return refuse(IssuerMismatch, i-1, "the issuer is not the subject of the next certificate")
		}
		if err := signed(child, issuer); err != nil && !r.overlooksSignature(chain, i-1) { // DC-CHAIN-07
			return refuse(BadSignature, i-1, "%v", err)
		}
		if !selfIssued(issuer) { // RFC 5280 section 6.1.4 (l)
			below++
		}
	}
	return nil
}

// mayIssue applies what holds for a certificate that signs another.
func (r Rules) mayIssue(c *x509.Certificate, i int) *Refusal {
	old := c.Version != 3
	switch {
	case old && !r.Deviations.Has(deviation.AcceptsOldVersionCAs): // DC-CHAIN-04: only version 3 can say CA:TRUE
		return refuse(CANotV3, i, "version %d", c.Version)
	case !old && !c.IsCA && !r.overlooksNoCA(c): // DC-CHAIN-04
		return refuse(IssuerNotCA, i, "basicConstraints do not say CA:TRUE")
	case !r.mayUse(c, x509.KeyUsageCertSign) && !r.overlooksKeyUsage(c): // DC-CHAIN-17
		return refuse(IssuerKU, i, "keyUsage lacks keyCertSign")
	case emptyName(c.RawSubject) && !r.Deviations.Has(deviation.AcceptsNamelessCAs): // DC-CHAIN-08, RFC 5280 section 4.1.2.6
		return refuse(CANoName, i, "the subject is empty")
	}
	return nil
}

// constraints asks crypto/x509 for a second opinion on the name and policy constraints
// of the CA certificates (DC-CHAIN-19), and only where there are such: for all else
// it is both laxer and stricter than this platform. Whether a critical extension is
// known has been asked before.
func (r Rules) constraints(chain []*x509.Certificate) *Refusal {
	at := slices.IndexFunc(chain[1:], r.constrains) + 1
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
		Roots: roots, Intermediates: intermediates, CurrentTime: r.Now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if _, unknown := errors.AsType[x509.UnhandledCriticalExtension](err); err != nil && !unknown {
		return refuse(Constraints, at, "%v", err)
	}
	return nil
}

func (r Rules) constrains(c *x509.Certificate) bool {
	return hasExtension(c, oidNameConstraints) && !r.Deviations.Has(deviation.IgnoresNameConstraints) ||
		(hasExtension(c, oidPolicyConstraints) || hasExtension(c, oidInhibitAnyPolicy)) && !r.Deviations.Has(deviation.IgnoresPolicyConstraints)
}

// CheckAnchor says what speaks against a certificate as a trust anchor, or nothing:
// whatever would make a walk refuse every chain that it is in, so that a tenant learns
// it at the upload (DC-TRUST-04, 05). A certificate whose time is still to come is
// none of that.
func (r Rules) CheckAnchor(c *x509.Certificate) *Refusal {
	if r.Now.Before(c.NotBefore) && c.NotBefore.Before(c.NotAfter) {
		r.Now = c.NotBefore
	}
	const place = 1 // of a CA; 0 is the device's
	if refusal := r.certificate(c, place); refusal != nil {
		return refusal
	}
	if refusal := r.mayIssue(c, place); refusal != nil {
		return refusal
	}
	if selfIssued(c) && (!namesAnotherKey(c) || r.Deviations.Has(deviation.SelfIssuedIsSigned)) { // DC-TRUST-06
		if err := signed(c, c); err != nil {
			return refuse(BadSignature, place, "self-signed: %v", err)
		}
	}
	return nil
}

// namesAnotherKey tells a self-issued certificate that rolls a key over from a
// self-signed one.
func namesAnotherKey(c *x509.Certificate) bool {
	return len(c.AuthorityKeyId) > 0 && len(c.SubjectKeyId) > 0 && !bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId)
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
