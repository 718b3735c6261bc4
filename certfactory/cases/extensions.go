package cases

import (
	"github.com/chainmail-iot/chainmail/certfactory"
)

// privateExtension is an extension that nobody knows.
var privateExtension = certfactory.OID(1, 3, 6, 1, 4, 1, 99999, 2)

// extensions has the rows about extensions that are not treated elsewhere.
func extensions() []Case {
	return []Case{
		{
			ID: "ext-unknown-critical-leaf", Expectation: Refuse, Clauses: []string{"DC-CHAIN-16"}, Basis: "RFC 5280 §6.1.5(f): every critical extension is recognized",
			How: "the device certificate has a critical extension that nobody knows", Fault: "leaf.1.3.6.1.4.1.99999.2: critical and unknown",
			Control: "ext-unknown-noncritical", Reason: "unknown-critical", RFCAlert: []string{"unsupported_certificate", "bad_certificate"},
			Build: direct(leaf(extension(privateExtension, critical, []byte("x")))),
		},
		{
			ID: "ext-unknown-noncritical", Expectation: Accept, Clauses: []string{"DC-CHAIN-16", "DC-CHAIN-02"}, Basis: "RFC 5280 §4.2: what is not critical MAY be ignored",
			How:   "the device certificate has an extension that nobody knows and that is not critical",
			Build: direct(leaf(extension(privateExtension, !critical, []byte("x")))),
		},
	}
}
