package cases

import (
	"github.com/chainmail-iot/chainmail/certfactory"
)

// basicConstraints has the rows about who is a CA, and about the version that
// says so.
func basicConstraints() []Case {
	return append(notCA(), append(oddConstraints(), versions()...)...)
}

func notCA() []Case {
	return []Case{
		{
			ID: "ca-false-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-04"}, Basis: signerIsCA,
			How: "the intermediate is CA:FALSE", Fault: "ca0.basicConstraints: CA:FALSE", Control: "valid-one-intermediate",
			Reason: "issuer-not-ca", RFCAlert: []string{"bad_certificate", "unknown_ca"},
			Build: below(1, ca(0, certfactory.With(setNotCA))),
		},
		{
			ID: "ca-false-root", Expectation: Refuse, Clauses: []string{"DC-CHAIN-04", "DC-TRUST-05"}, Basis: uploadCATrue,
			How: "the root is CA:FALSE", Fault: "root.basicConstraints: CA:FALSE", Control: "valid-direct", Tags: []string{TagAnchorFault},
			Reason: "issuer-not-ca", RFCAlert: []string{"bad_certificate", "unknown_ca"},
			Build: direct(root("root ca false", certfactory.With(setNotCA))),
		},
		{
			ID: "bc-missing-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-04"}, Basis: signerIsCA,
			How: "the intermediate has no basicConstraints", Fault: "ca0.basicConstraints: missing", Control: "valid-one-intermediate",
			Reason: "issuer-not-ca", RFCAlert: []string{"bad_certificate", "unknown_ca"},
			Build: below(1, ca(0, without(certfactory.BasicConstraints))),
		},
		{
			ID: "bc-missing-root", Expectation: Refuse, Clauses: []string{"DC-TRUST-05", "DC-CHAIN-04"}, Basis: uploadCATrue,
			How: "the root has no basicConstraints", Fault: "root.basicConstraints: missing", Control: "valid-direct", Tags: []string{TagAnchorFault},
			Reason: "issuer-not-ca", RFCAlert: []string{"bad_certificate", "unknown_ca"},
			Build: direct(root("root no constraints", without(certfactory.BasicConstraints))),
		},
		{
			ID: "bc-empty-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-04"}, Basis: signerIsCA,
			How: "basicConstraints of the intermediate is an empty SEQUENCE: cA is FALSE by default", Fault: "ca0.basicConstraints: empty",
			Control: "valid-one-intermediate", Reason: "issuer-not-ca", RFCAlert: []string{"bad_certificate"},
			Build: below(1, ca(0, mutateBasic(critical, sequence()))),
		},
	}
}

func oddConstraints() []Case {
	return []Case{
		{
			ID: "bc-noncritical-intermediate", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-04"},
			Basis: "RFC 5280 §4.2.1.9 binds the issuer to mark it critical, not the reader; " + signerIsCA,
			How:   "basicConstraints of the intermediate is not critical",
			Build: below(1, ca(0, certfactory.Mutate(certfactory.SetCritical(certfactory.BasicConstraints, false)))),
		},
		{
			ID: "bc-noncritical-root", Expectation: Accept, Clauses: []string{"DC-TRUST-05"}, Basis: uploadCATrue,
			How:   "basicConstraints of the root is not critical",
			Build: direct(root("root not critical", certfactory.Mutate(certfactory.SetCritical(certfactory.BasicConstraints, false)))),
		},
		{
			ID: "bc-true-encoded-01", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20"}, Basis: "X.690 §11.1: TRUE is FF",
			How: "cA of the intermediate is the BOOLEAN 01", Fault: "ca0.basicConstraints: TRUE is 01", Control: "valid-one-intermediate",
			Reason: "tls", RFCAlert: []string{"decode_error"},
			Build: below(1, ca(0, mutateBasic(critical, sequence([]byte{certfactory.TagBoolean, 1, 1})))),
		},
		{
			ID: "bc-false-explicit-leaf", Expectation: Either, Clauses: []string{"DC-CHAIN-15", "DC-CHAIN-20"}, Basis: "X.690 §11.5: a default is left out; often seen",
			How:   "cA of the device certificate is written out as FALSE",
			Build: direct(leaf(mutateBasic(critical, sequence(derFalse)))),
		},
		{
			ID: "bc-missing-leaf", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-15"}, Basis: "RFC 5280 §4.2.1.9: optional in an end entity certificate",
			How:   "the device certificate has no basicConstraints",
			Build: direct(leaf(without(certfactory.BasicConstraints))),
		},
		{
			ID: "bc-malformed-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-20", "DC-CHAIN-04"}, Basis: signerIsCA + "; RFC 5280 §4.2.1.9",
			How: "basicConstraints of the intermediate is the INTEGER 5", Fault: "ca0.basicConstraints: an INTEGER", Control: "valid-one-intermediate",
			Reason: "tls", RFCAlert: []string{"decode_error"},
			Build: below(1, ca(0, mutateBasic(critical, integer(5)))),
		},
		{
			ID: "bc-trailing-bytes", Expectation: Either, Clauses: []string{"DC-CHAIN-20"}, Basis: "X.690: nothing follows the value; readers differ",
			How:   "in basicConstraints of the intermediate a NULL follows the SEQUENCE",
			Build: below(1, ca(0, mutateBasic(critical, append(sequence(derTrue), certfactory.TagNull, 0)))),
		},
	}
}

func versions() []Case {
	v1 := certfactory.Mutate(certfactory.Version(0, false), certfactory.DropExtensions())
	const all = "version, ca0.subjectKeyIdentifier, ca0.authorityKeyIdentifier, ca0.keyUsage, ca0.basicConstraints"
	return []Case{
		{
			ID: "v1-root", Expectation: Refuse, Clauses: []string{"DC-TRUST-04", "DC-TRUST-05", "DC-CHAIN-04"}, Basis: uploadVersion3,
			How:   "the root is of version 1, which has no extensions",
			Fault: "root.version, root.subjectKeyIdentifier, root.authorityKeyIdentifier, root.keyUsage, root.basicConstraints: version 1",
			Tags:  []string{TagAnchorFault}, Control: "valid-direct", Reason: "ca-not-v3", RFCAlert: []string{"bad_certificate"},
			Build: direct(root("root v1", v1)),
		},
		{
			ID: "v1-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-04"}, Basis: signerIsCA,
			How: "the intermediate is of version 1, which has no extensions", Fault: "ca0." + all + ": version 1",
			Control: "valid-one-intermediate", Reason: "ca-not-v3", RFCAlert: []string{"bad_certificate", "unknown_ca"},
			Build: below(1, ca(0, v1)),
		},
		{
			ID: "v1-leaf", Expectation: Either, Clauses: []string{"DC-CHAIN-20"}, Basis: "the specification asks version 3 of what is uploaded only",
			How:   "the device certificate is of version 1, which has no extensions",
			Build: direct(leaf(v1)),
		},
		{
			ID: "v1-with-extensions-leaf", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §4.1.2.1: with extensions the version MUST be 3",
			How: "the device certificate says version 1 and has extensions", Fault: "leaf.version: 1", Control: "valid-direct",
			Reason: "not-der", RFCAlert: []string{"decode_error"},
			Build: direct(leaf(certfactory.Mutate(certfactory.Version(0, false)))),
		},
		{
			ID: "v1-with-unique-ids-leaf", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §4.1.2.8: with unique identifiers the version MUST be 2 or 3",
			How:     "the device certificate is of version 1 and has issuerUniqueID and subjectUniqueID",
			Fault:   "leaf.version, leaf.uniqueIDs, leaf.subjectKeyIdentifier, leaf.authorityKeyIdentifier, leaf.keyUsage, leaf.basicConstraints: version 1 with unique identifiers",
			Control: "valid-direct", Reason: "not-der", RFCAlert: []string{"decode_error"},
			Build: direct(leaf(v1, uniqueIDs())),
		},
		{
			ID: "v2-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-04"}, Basis: signerIsCA,
			How: "the intermediate is of version 2, which has no extensions", Fault: "ca0." + all + ": version 2",
			Control: "valid-one-intermediate", Reason: "ca-not-v3", RFCAlert: []string{"bad_certificate"},
			Build: below(1, ca(0, certfactory.Mutate(certfactory.Version(1, false), certfactory.DropExtensions()))),
		},
		{
			ID: "v4-leaf", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §4.1.2.1: v1(0), v2(1), v3(2)",
			How: "the version of the device certificate is the INTEGER 3", Fault: "leaf.version: 4", Control: "valid-direct",
			Reason: "tls", RFCAlert: []string{"decode_error"},
			Build: direct(leaf(certfactory.Mutate(certfactory.Version(3, false)))),
		},
	}
}
