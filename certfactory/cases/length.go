package cases

import (
	"fmt"
	"math/big"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// length has the rows about the number of certificates sent, device and anchor
// counted.
func length() []Case {
	rows := []Case{
		{
			ID: "chain-longer-than-2", Expectation: Refuse, MaxLength: 2, Clauses: []string{"DC-CHAIN-10"}, Basis: maxLength2,
			How: "device certificate, intermediate, root on a platform with the default maximum of 2", Fault: "chain: one certificate too many",
			Control: "valid-direct", Reason: "chain-too-long", RFCAlert: []string{"bad_certificate"},
			Build: below(1),
		},
		atMax(3), atMax(4), overMax(4), atMax(5), overMax(5), atMax(10), overMax(10),
	}
	return append(rows, veryLong()...)
}

func atMax(n int) Case {
	return Case{
		ID: fmt.Sprintf("chain-at-max-%d", n), Expectation: Accept, MaxLength: n,
		Clauses: []string{"DC-CHAIN-03", "DC-CHAIN-11"}, Basis: maxLengthRaised,
		How:   fmt.Sprintf("%d certificates, device and root counted, where the maximum is %d", n, n),
		Build: below(n - 2),
	}
}

func overMax(n int) Case {
	return Case{
		ID: fmt.Sprintf("chain-over-max-%d", n), Expectation: Refuse, MaxLength: n,
		Clauses: []string{"DC-CHAIN-10", "DC-CHAIN-11"}, Basis: maxLengthRaised,
		How:   fmt.Sprintf("%d certificates, device and root counted, where the maximum is %d", n+1, n),
		Fault: "chain: one certificate too many", Control: fmt.Sprintf("chain-at-max-%d", n),
		Reason: "chain-too-long", RFCAlert: []string{"bad_certificate"},
		Build: below(n - 1),
	}
}

func veryLong() []Case {
	return []Case{
		{
			ID: "chain-100", Expectation: Refuse, MaxLength: 10, Clauses: []string{"DC-CHAIN-10", "DC-CHAIN-11"}, Basis: maxLengthRaised,
			How: "100 certificates, each signing the one before", Fault: "chain: 90 certificates too many",
			Control: "chain-at-max-10", Reason: "chain-too-long", RFCAlert: []string{"bad_certificate"}, Tags: []string{TagRobustness},
			Build: below(98),
		},
		{
			ID: "chain-100-same-subject-same-key", Expectation: Refuse, MaxLength: 10, Clauses: []string{"DC-CHAIN-10", "DC-CHAIN-11"}, Basis: maxLengthRaised,
			How:   "98 intermediates of one subject and one key between device and root: a path builder that tries every way never ends",
			Fault: "chain: 90 certificates too many, all alike", Control: "chain-at-max-10",
			Reason: "chain-too-long", RFCAlert: []string{"unknown_ca", "bad_certificate"}, Tags: []string{TagRobustness},
			Build: manyAlike,
		},
	}
}

// manyAlike tells the intermediates apart by serial number alone.
func manyAlike(b *Bench) (presentation, error) {
	key, name := certfactory.WithSigner(b.key("alike")), b.CommonName("chainmail alike")
	issuer := b.Root()
	for i := range 98 {
		issuer = b.factory.Intermediate(issuer, name, key, serial(big.NewInt(int64(i+1))))
	}
	return direct(deviceIs(func(p *plan) *certificate { return p.factory.Device(issuer, p.commonName) }))(b)
}
