package trust_test

import (
	"crypto/sha256"
	"crypto/x509"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// A store is trust anchors without the rule that a certificate is uploaded but once.
type store []registry.Anchor

func (s store) AnchorsWithDigest(sum [sha256.Size]byte) []registry.Anchor {
	var out []registry.Anchor
	for _, a := range s {
		if sha256.Sum256(a.Certificate.Raw) == sum {
			out = append(out, a)
		}
	}
	return out
}

func (s store) AnchorsWhere(match func(*x509.Certificate) bool) []registry.Anchor {
	var out []registry.Anchor
	for _, a := range s {
		if match(a.Certificate) {
			out = append(out, a)
		}
	}
	return out
}

// anchor returns a certificate as an enabled anchor of a tenant.
func anchor(t testing.TB, tenant string, c *certfactory.Certificate) registry.Anchor {
	t.Helper()
	return registry.Anchor{Tenant: tenant, Enabled: true, Certificate: parseAll(t, mustDER(t, c))[0]}
}

func mustDER(t testing.TB, c *certfactory.Certificate) []byte {
	t.Helper()
	der, err := c.DER()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func chain(t testing.TB, leaf *certfactory.Certificate) []*x509.Certificate {
	t.Helper()
	ders, err := certfactory.Chain(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return parseAll(t, ders...)
}

func parseAll(t testing.TB, ders ...[]byte) []*x509.Certificate {
	t.Helper()
	out := make([]*x509.Certificate, len(ders))
	for i, der := range ders {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = c
	}
	return out
}

// reason is the reason of a refusal, empty for none.
func reason(r *trust.Refusal) trust.Reason {
	if r == nil {
		return ""
	}
	return r.Reason
}

func newFactory() *certfactory.Factory { return certfactory.New(certfactory.Seed{3}, now) }

func TestTenantIsThatOfTheAnchorNearestTheDevice(t *testing.T) {
	f := newFactory()
	root := f.Root("root")
	ica := f.Intermediate(root, "ica")
	presented := chain(t, f.Device(ica, "one"))
	t1, t2 := anchor(t, "t1", ica), anchor(t, "t2", root)
	disabled := t1
	disabled.Enabled = false
	same := t1
	same.Tenant = "t2"
	for _, tt := range []struct {
		name   string
		store  store
		reason trust.Reason
		tenant string
	}{
		{"root", store{t2}, "", "t2"},
		{"nearest of two", store{t2, t1}, "", "t1"},
		{"nearest is disabled", store{t2, disabled}, trust.AnchorDisabled, ""},
		{"two tenants", store{t1, same}, trust.TenantAmbiguous, ""},
		{"two tenants, one disabled", store{disabled, same}, "", "t2"},
		{"nobody", store{}, trust.AnchorNotPresented, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, refusal := trust.Rules{Anchors: tt.store, MaxLength: 3, Now: now}.Walk(presented)
			if reason(refusal) != tt.reason || path.Anchor.Tenant != tt.tenant {
				t.Errorf("tenant %q, refusal %v; want tenant %q, reason %q", path.Anchor.Tenant, refusal, tt.tenant, tt.reason)
			}
		})
	}
}

func TestAnchorOptional(t *testing.T) {
	f := newFactory()
	root := f.Root("root")
	ica := f.Intermediate(root, "ica")
	direct, below := chain(t, f.Device(root, "one")), chain(t, f.Device(ica, "two"))
	lookalike := f.Root("root", certfactory.Label("lookalike"))
	disabled := anchor(t, "t1", root)
	disabled.Enabled = false
	for _, tt := range []struct {
		name      string
		store     store
		presented []*x509.Certificate
		optional  bool
		want      trust.Reason
	}{
		{"leaf alone", store{anchor(t, "t1", root)}, direct[:1], true, ""},
		{"whole chain", store{anchor(t, "t1", root)}, direct, true, ""},
		{"leaf alone by the specification", store{anchor(t, "t1", root)}, direct[:1], false, trust.AnchorNotPresented},
		{"leaf alone, issuer is an intermediate", store{anchor(t, "t1", ica)}, below[:1], true, ""},
		{"leaf alone, only the root is uploaded", store{anchor(t, "t1", root)}, below[:1], true, trust.AnchorNotPresented},
		{"leaf and intermediate, root uploaded", store{anchor(t, "t1", root)}, below[:2], true, trust.AnchorNotPresented},
		{"leaf alone, same name, other key", store{anchor(t, "t1", lookalike)}, direct[:1], true, trust.AnchorNotPresented},
		{"leaf alone, two of that name", store{anchor(t, "t1", lookalike), anchor(t, "t1", root)}, direct[:1], true, ""},
		{"leaf alone, disabled", store{disabled}, direct[:1], true, trust.AnchorDisabled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, refusal := trust.Rules{Anchors: tt.store, MaxLength: 3, AnchorOptional: tt.optional, Now: now}.Walk(tt.presented)
			if reason(refusal) != tt.want {
				t.Errorf("refusal %v, want %q", refusal, tt.want)
			}
		})
	}
}

func TestEmptyChain(t *testing.T) {
	if _, refusal := (trust.Rules{Anchors: store{}, Now: now}).Walk(nil); reason(refusal) != trust.NoCertificate {
		t.Errorf("refusal %v", refusal)
	}
}

func TestValidityIsInclusive(t *testing.T) {
	f := newFactory()
	root := f.Root("root")
	from, to := now.Add(-time.Hour), now.Add(time.Hour)
	presented := chain(t, f.Device(root, "one", certfactory.Valid(from, to)))
	for _, tt := range []struct {
		at   time.Time
		want trust.Reason
	}{
		{from.Add(-time.Second), trust.NotYetValid},
		{from, ""},
		{to, ""},
		{to.Add(time.Second), trust.Expired},
	} {
		_, refusal := trust.Rules{Anchors: store{anchor(t, "t1", root)}, Now: tt.at}.Walk(presented)
		if reason(refusal) != tt.want {
			t.Errorf("at %v: refusal %v, want %q", tt.at, refusal, tt.want)
		}
	}
}

func TestDeviceIdentifier(t *testing.T) {
	for _, tt := range []struct {
		clientID, want string
		ok             bool
	}{
		{"dev", "dev", true},
		{"d:dev", "dev", true},
		{"d:dev:template", "dev", true},
		{"d:dev:", "dev", true},
		{"", "", false},
		{"d:", "", false},
		{":dev", "", false},
		{"x:dev", "", false},
		{"D:dev", "", false},
		{"d:dev:template:more", "", false},
		{"dev:template", "", false},
	} {
		if got, ok := trust.DeviceIdentifier(tt.clientID); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q: got %q, %v; want %q, %v", tt.clientID, got, ok, tt.want, tt.ok)
		}
	}
}

func TestCheckAnchorTakesTheFuture(t *testing.T) {
	f := newFactory()
	rules := trust.Rules{Now: now}
	for _, tt := range []struct {
		name string
		cert *certfactory.Certificate
		want trust.Reason
	}{
		{"good", f.Root("root"), ""},
		{"intermediate", f.Intermediate(f.Root("root"), "ica"), ""},
		{"from tomorrow", f.Root("root", certfactory.Valid(now.Add(24*time.Hour), now.Add(48*time.Hour))), ""},
		{"ended", f.Root("root", certfactory.Valid(now.Add(-48*time.Hour), now.Add(-24*time.Hour))), trust.Expired},
		{"device", f.Device(f.Root("root"), "one"), trust.IssuerNotCA},
		{"weak", f.Root("root", certfactory.WithKey(certfactory.RSA1024)), trust.WeakKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if refusal := rules.CheckAnchor(anchor(t, "t1", tt.cert).Certificate); reason(refusal) != tt.want {
				t.Errorf("refusal %v, want %q", refusal, tt.want)
			}
		})
	}
}
