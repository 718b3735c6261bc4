package trust_test

import (
	"crypto/x509"
	"fmt"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// presentation makes a good chain of the given length, the root's certificate last.
func presentation(t testing.TB, alg certfactory.Alg, length int) []*x509.Certificate {
	t.Helper()
	f := newFactory()
	issuer := f.Root("root", certfactory.WithKey(alg))
	for i := range length - 2 {
		issuer = f.Intermediate(issuer, fmt.Sprint("ica", i), certfactory.WithKey(alg))
	}
	return chain(t, f.Device(issuer, "one", certfactory.WithKey(alg)))
}

// BenchmarkWalk compares a walk with crypto/x509's Verify on the same chain. The walk
// should cost no more than a fifth over Verify.
func BenchmarkWalk(b *testing.B) {
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.RSA2048} {
		for _, length := range []int{2, 3, 5} {
			presented := presentation(b, alg, length)
			last := presented[length-1]
			name := fmt.Sprintf("key=%v/length=%d", alg, length)
			b.Run(name+"/by=walk", func(b *testing.B) {
				rules := trust.Rules{Anchors: store{{Tenant: "t1", Enabled: true, Certificate: last}}, MaxLength: length, Now: now}
				for b.Loop() {
					if _, refusal := rules.Walk(presented); refusal != nil {
						b.Fatal(refusal)
					}
				}
			})
			b.Run(name+"/by=verify", func(b *testing.B) {
				roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
				roots.AddCert(last)
				for _, c := range presented[1 : length-1] {
					intermediates.AddCert(c)
				}
				options := x509.VerifyOptions{
					Roots: roots, Intermediates: intermediates, CurrentTime: now,
					KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
				}
				for b.Loop() {
					if _, err := presented[0].Verify(options); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
