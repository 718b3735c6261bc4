package trust_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"testing"
	"time"

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

// BenchmarkWalk compares a walk with crypto/x509's Verify on the same chain. The walk should
// cost no more than a fifth over Verify. The two take turns and their medians are compared, so
// that the ratio holds on a machine that has other things to do.
func BenchmarkWalk(b *testing.B) {
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.RSA2048} {
		for _, length := range []int{2, 3, 5} {
			presented := presentation(b, alg, length)
			b.Run(fmt.Sprintf("key=%v/length=%d", alg, length), func(b *testing.B) {
				walk, verify := walker(b, presented), verifier(b, presented)
				var walks, verifications []time.Duration
				for b.Loop() {
					walks, verifications = append(walks, timed(walk)), append(verifications, timed(verify))
				}
				b.ReportMetric(median(walks)/median(verifications), "walk/verify")
				b.ReportMetric(median(walks), "walk-ns")
				b.ReportMetric(median(verifications), "verify-ns")
			})
		}
	}
}

func walker(b *testing.B, presented []*x509.Certificate) func() {
	last := presented[len(presented)-1]
	rules := trust.Rules{Anchors: store{{Tenant: "t1", Enabled: true, Certificate: last}}, MaxLength: len(presented), Now: now}
	return func() {
		if _, refusal := rules.Walk(presented); refusal != nil {
			b.Fatal(refusal)
		}
	}
}

func verifier(b *testing.B, presented []*x509.Certificate) func() {
	last := len(presented) - 1
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(presented[last])
	for _, c := range presented[1:last] {
		intermediates.AddCert(c)
	}
	options := x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	return func() {
		if _, err := presented[0].Verify(options); err != nil {
			b.Fatal(err)
		}
	}
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

// median returns nanoseconds.
func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2])
}
