package cases

import (
	"bytes"
	"crypto/x509"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// names has the rows about what links one certificate to the next: names and key
// identifiers.
func names() []Case {
	return append(unlinked(), append(differentlyWritten(), identifiers()...)...)
}

func unlinked() []Case {
	return []Case{
		{
			ID: "issuer-name-mismatch", Expectation: Refuse, Clauses: []string{"DC-CHAIN-08"}, Basis: issuerField + "; RFC 5280 §6.1.3(a)(4)",
			How: "the device certificate names another issuer than the root, whose signature it carries", Fault: "leaf.issuer: another name",
			Control: "valid-direct", Reason: "issuer-mismatch", RFCAlert: []string{"unknown_ca", "bad_certificate"},
			Build: direct(leaf(issuerName(foreignName()))),
		},
		{
			ID: "issuer-name-mismatch-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-08"}, Basis: issuerField + "; RFC 5280 §6.1.3(a)(4)",
			How: "the intermediate names another issuer than the root, whose signature it carries", Fault: "ca0.issuer: another name",
			Control: "valid-one-intermediate", Reason: "issuer-mismatch", RFCAlert: []string{"unknown_ca", "bad_certificate"},
			Build: below(1, ca(0, issuerName(foreignName()))),
		},
		{
			ID: "issuer-rdn-order-differs", Expectation: Refuse, Clauses: []string{"DC-CHAIN-08"}, Basis: issuerField + "; RFC 5280 §7.1: RDNs match in order",
			How: "the issuer of the device certificate has the root's RDNs in another order", Fault: "leaf.issuer: RDNs swapped",
			Control: "valid-direct", Reason: "issuer-mismatch", RFCAlert: []string{"unknown_ca"},
			Build: direct(leaf(editIssuer(func(name []byte) []byte {
				rdns := rdnsOf(name)
				return sequence(rdns[1], rdns[0])
			}))),
		},
		{
			ID: "ca-subject-empty", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-08", "DC-CHAIN-20"}, Basis: "RFC 5280 §4.1.2.6: a CA MUST have a subject",
			How: "the intermediate has an empty subject, the device certificate an empty issuer", Fault: "ca0.subject: empty",
			Control: "valid-one-intermediate", Reason: "ca-no-name", RFCAlert: []string{"bad_certificate"},
			Build: below(1, ca(0, subject(sequence()))),
		},
	}
}

func differentlyWritten() []Case {
	const sameName = "RFC 5280 §7.1: names compare without regard to case, string type and runs of spaces; many readers compare bytes"
	row := func(id, how string, old, written []byte) Case {
		return Case{
			ID: id, Expectation: Either, Clauses: []string{"DC-CHAIN-08"}, Basis: sameName, Reason: "issuer-mismatch", How: how,
			Build: direct(leaf(editIssuer(func(name []byte) []byte { return bytes.Replace(name, old, written, 1) }))),
		}
	}
	spaces := row("issuer-name-space-differs", "the issuer of the device certificate has two spaces where the root has one", nil, nil)
	spaces.Build = direct(leaf(editIssuer(func(name []byte) []byte {
		rdns := rdnsOf(name)
		return sequence(rdns[0], rdn(atv(oidCN, certfactory.TagPrintableString, doubleSpace(stringIn(rdns[1])))))
	})))
	types := row("issuer-name-string-type-differs", "the issuer of the device certificate is the root's subject as UTF8String instead of PrintableString", nil, nil)
	types.Build = direct(leaf(editIssuer(func(name []byte) []byte {
		rdns := rdnsOf(name)
		return sequence(rdns[0], rdn(atv(oidCN, certfactory.TagUTF8String, stringIn(rdns[1]))))
	})))
	return []Case{
		types,
		row("issuer-name-case-differs", "the issuer of the device certificate is the root's subject with other letters in upper case", []byte("chainmail"), []byte("CHAINmail")),
		spaces,
	}
}

func identifiers() []Case {
	otherID := bytes.Repeat([]byte{0x5a}, 20)
	return []Case{
		{
			ID: "aki-mismatch", Expectation: Either, Clauses: []string{"DC-CHAIN-08"}, Basis: "RFC 5280 §4.2.1.1: a help to build paths", Reason: "",
			How:   "authorityKeyIdentifier of the device certificate is not the root's subjectKeyIdentifier",
			Build: direct(leaf(extension(certfactory.AuthorityKeyID, !critical, sequence(certfactory.Element(0x80, otherID))))),
		},
		{
			ID: "aki-missing", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-08"}, Basis: "RFC 5280 §4.2.1.1 binds the issuer to include it, not the reader to need it",
			How:   "the device certificate has no authorityKeyIdentifier",
			Build: direct(leaf(without(certfactory.AuthorityKeyID))),
		},
		{
			ID: "aki-critical", Expectation: Either, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §4.2.1.1: MUST be marked non-critical", Reason: "tls",
			How:   "authorityKeyIdentifier of the device certificate is critical",
			Build: direct(leaf(certfactory.Mutate(certfactory.SetCritical(certfactory.AuthorityKeyID, true)))),
		},
		{
			ID: "ski-missing-root", Expectation: AcceptShould, Clauses: []string{"DC-TRUST-03"}, Basis: "RFC 5280 §4.2.1.2 binds the issuer to include it, not the reader to need it",
			How:   "the root has no subjectKeyIdentifier",
			Build: direct(root("root no key id", without(certfactory.SubjectKeyID))),
		},
		{
			ID: "ski-critical", Expectation: Either, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §4.2.1.2: MUST be marked non-critical", Reason: "tls",
			How:   "subjectKeyIdentifier of the intermediate is critical",
			Build: below(1, ca(0, certfactory.Mutate(certfactory.SetCritical(certfactory.SubjectKeyID, true)))),
		},
		{
			ID: "ski-collision", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-02"}, Basis: "RFC 5280 §4.2.1.2: a help to build paths; " + signedByAnchor,
			How: "another uploaded root has the subjectKeyIdentifier of the device's",
			Build: direct(root("root of one key id", keyID(otherID)), then(func(p *plan, pr *presentation) error {
				return p.upload(pr, p.sharedRoot("other root of one key id", keyID(otherID)))
			})),
		},
		{
			ID: "unique-ids-present", Expectation: Either, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §4.1.2.8: MUST NOT be generated, SHOULD be read",
			How:   "the device certificate has issuerUniqueID and subjectUniqueID",
			Build: direct(leaf(uniqueIDs())),
		},
	}
}

func uniqueIDs() option {
	return mutate("unique ids", func(p *certfactory.Parts) {
		p.UniqueIDs = append(certfactory.Element(0x81, []byte{0, 1}), certfactory.Element(0x82, []byte{0, 2})...)
	})
}

func keyID(id []byte) option {
	return certfactory.With(func(t *x509.Certificate) { t.SubjectKeyId = id })
}

func foreignName() []byte {
	return sequence(rdn(atv(oidCN, certfactory.TagUTF8String, []byte("a CA that nobody knows"))))
}

func issuerName(name []byte) option {
	return editIssuer(func([]byte) []byte { return name })
}

func editIssuer(edit func(name []byte) []byte) option {
	return mutate("issuer edited", func(p *certfactory.Parts) { p.Issuer = edit(p.Issuer) })
}

func doubleSpace(text []byte) []byte { return bytes.Replace(text, []byte(" "), []byte("  "), 1) }
