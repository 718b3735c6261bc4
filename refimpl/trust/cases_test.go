package trust_test

import (
	"crypto/x509"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// TestCatalogue holds the walk, and the identity rules after it, against every row
// of the catalogue of presented chains: admitted or refused as the row expects, and
// for the reason that it names. Rows that the TLS library refuses by itself never
// come to a walk. Every walk is compared with crypto/x509's opinion.
func TestCatalogue(t *testing.T) {
	f := newFactory()
	agreed := 0
	for _, c := range cases.All() {
		if c.Tagged(cases.TagCostly) {
			continue // RSA 8192: either way is right
		}
		t.Run(c.ID, func(t *testing.T) {
			p, err := c.Build(cases.NewBench(f, c.ID))
			if err != nil {
				t.Fatal(err)
			}
			got, judged := judge(t, p)
			if !judged && c.Reason != "tls" {
				t.Fatalf("crypto/x509 cannot read it, the row names reason %q", c.Reason)
			}
			if !judged {
				return
			}
			if compareWithVerify(t, c.ID, p, got) {
				agreed++
			}
			if c.Reason != "tls" {
				asExpected(t, c, got)
			}
		})
	}
	if agreed < 50 {
		t.Errorf("walk and Verify agree on %d rows only: they cannot have been asked", agreed)
	}
}

func asExpected(t *testing.T, c cases.Case, got trust.Reason) {
	t.Helper()
	if string(got) != c.Reason {
		t.Errorf("reason %q, the row names %q", got, c.Reason)
	}
	if c.Expectation.Accept() && got != "" || c.Expectation.Refuse() && got == "" {
		t.Errorf("the row expects %s, reason is %q", c.Expectation, got)
	}
}

// judge walks a presentation as the broker does up to the Client Identifier. It is not
// judged where crypto/tls would have refused it at sight.
func judge(t *testing.T, p certfactory.Presentation) (got trust.Reason, judged bool) {
	t.Helper()
	var presented []*x509.Certificate
	for _, der := range p.Chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return "", false
		}
		presented = append(presented, c)
	}
	rules := trust.Rules{Anchors: anchors(p), MaxLength: p.MaxLength, Now: now}
	path, refusal := rules.Walk(presented)
	if refusal != nil {
		return refusal.Reason, true
	}
	name, refusal := rules.CommonName(path.Leaf)
	if refusal == nil {
		refusal = rules.MatchClientID(p.ClientID, name)
	}
	return reason(refusal), true
}

// anchors returns what stands on the platform before. An anchor that cannot be read
// could not have been uploaded.
func anchors(p certfactory.Presentation) store {
	var s store
	for _, a := range p.Anchors {
		c, err := x509.ParseCertificate(a.DER)
		if err != nil {
			continue
		}
		s = append(s, registry.Anchor{
			Tenant: []string{"t1", "t2"}[a.Tenant], Enabled: !a.Disabled, AutoRegistration: a.AutoRegistration, Certificate: c,
		})
	}
	return s
}
