package cases

import (
	"github.com/chainmail-iot/chainmail/certfactory"
)

// keys has the rows about the kind and the strength of keys.
func keys() []Case {
	return []Case{
		{
			ID: "leaf-rsa1024", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-13"}, Basis: rsa2048,
			How: "the device has an RSA key of 1024 bits", Fault: "leaf.publicKey: 1024 bits",
			Control: "leaf-rsa2048", Reason: "weak-key", RFCAlert: []string{"bad_certificate"},
			Build: direct(leafKey(certfactory.RSA1024)),
		},
		{
			ID: "leaf-rsa2048", Expectation: Accept, Clauses: []string{"DC-CHAIN-13", "DC-CHAIN-02"}, Basis: rsa2048,
			How:   "the device has an RSA key of 2048 bits",
			Build: direct(leafKey(certfactory.RSA2048)),
		},
	}
}

// leafKey gives the device a key of that kind. RSA keys that take long to find
// belong to the run: every device of a run that asks for one has the same.
func leafKey(alg certfactory.Alg) step {
	if alg < certfactory.RSA3072 {
		return leaf(certfactory.WithKey(alg))
	}
	return func(p *plan) {
		leaf(certfactory.WithSigner(p.factory.Key(alg, "device of the run")))(p)
	}
}

// rsaRoot puts the path under a root of the run with an RSA key.
func rsaRoot(stem string, alg certfactory.Alg, opts ...option) step {
	return root("root "+stem, append(opts, certfactory.WithKey(alg))...)
}
