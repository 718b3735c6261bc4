package trust_test

import (
	"crypto/x509"
	"slices"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// stricterThanVerify are the reasons on which crypto/x509's Verify may have no objection,
// and why a walk has.
func stricterThanVerify() map[trust.Reason]string {
	const (
		presented = "Verify looks for any path among the certificates, the walk takes the list as the path"
		identity  = "who the device is is no question of path validation"
		strict    = "Verify does not look"
	)
	return map[trust.Reason]string{
		trust.ChainTooLong: "the maximum length is the platform's own", trust.AnchorNotPresented: presented,
		trust.LeafIsAnchor: presented, trust.IssuerMismatch: presented, trust.IssuerNotCA: presented,
		trust.AnchorDisabled: "status is the platform's own", trust.TenantAmbiguous: "tenants are the platform's own",
		trust.CANotV3: strict, trust.IssuerKU: "Verify takes a keyUsage without bits for none", trust.LeafKU: strict,
		trust.CANoName: strict, trust.NotDER: strict, trust.BadSerial: strict, trust.WeakKey: strict,
		trust.CNMissing: identity, trust.CNMultiple: identity, trust.CNType: identity, trust.CNLong: identity,
		trust.CNSpace: identity, trust.CNControl: identity, trust.CNColon: identity, trust.CNMQTT: identity,
		trust.ClientIDMismatch: identity,
	}
}

// laxerOrOther are single rows on which the two differ, and why.
func laxerOrOther() map[string]string {
	const selfIssued = "Verify counts self-issued certificates, RFC 5280 section 6.1.4 (l) does not (golang/go#79745)"
	return map[string]string{
		"pathlen-0-self-issued-intermediate": selfIssued,
		"pathlen-1-two-self-issued":          selfIssued,
		"eku-intermediate-serverauth-only":   "Verify nests extKeyUsage, RFC 5280 does not",
		"sig-sha1-root-self":                 "Verify does not look at the anchor's own signature algorithm",
	}
}

// compareWithVerify asks crypto/x509 about a chain that a walk has judged, and reports whether
// the two agree. It is a second opinion by other people; where it differs there is a reason.
func compareWithVerify(t *testing.T, id string, p certfactory.Presentation, got trust.Reason) (agree bool) {
	t.Helper()
	err := verify(t, p)
	_, single := laxerOrOther()[id]
	_, stricter := stricterThanVerify()[got]
	agree = (err == nil) == (got == "")
	switch {
	case agree && single:
		t.Error("no difference from Verify is left to explain")
	case !agree && !single && !stricter:
		t.Errorf("reason %q, Verify says %v", got, err)
	}
	return agree
}

// verify builds a path to one of the enabled anchors.
func verify(t *testing.T, p certfactory.Presentation) error {
	t.Helper()
	presented := parseAll(t, p.Chain...)
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, a := range slices.DeleteFunc(p.Anchors, func(a certfactory.Anchor) bool { return a.Disabled }) {
		roots.AddCert(parseAll(t, a.DER)[0])
	}
	for _, c := range presented[1:] {
		intermediates.AddCert(c)
	}
	_, err := presented[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}
