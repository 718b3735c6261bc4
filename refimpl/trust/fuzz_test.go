package trust_test

import (
	"crypto/x509"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// FuzzWalk presents any certificate that crypto/x509 can read before a trusted root: the walk
// must come to a verdict, and only what the root signed may be admitted.
func FuzzWalk(f *testing.F) {
	factory := newFactory()
	root := factory.Root("root")
	for _, c := range []*certfactory.Certificate{
		factory.Device(root, "one"), root, factory.Intermediate(root, "ica"),
		factory.Device(root, "two", certfactory.WithKey(certfactory.Ed25519)),
	} {
		f.Add(mustDER(f, c))
	}
	trusted := anchor(f, "t1", root)
	rules := trust.Rules{Anchors: store{trusted}, Now: now}
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		_, _ = rules.CommonName(c)
		_ = rules.CheckAnchor(c)
		_, refusal := rules.Walk([]*x509.Certificate{c, trusted.Certificate})
		if refusal == nil && c.CheckSignatureFrom(trusted.Certificate) != nil {
			t.Fatal("admitted, though the root did not sign it")
		}
	})
}
