package cases

import (
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// commonName has the rows about the common name of the device and the client id
// that it connects with. Common names are unique even where the fault is in them.
func commonName() []Case {
	return append(append(colons(), missing()...), append(matching(), append(several(), append(stringTypes(), texts()...)...)...)...)
}

// named sets the common name: a prefix, the stem made unique, a suffix. The
// client id is the same.
func named(prefix, stem, suffix string) step {
	return func(p *plan) { p.commonName = prefix + p.CommonName(stem) + suffix }
}

// called sets common name and client id apart: both are made from a unique name.
func called(commonName, clientID func(unique string) string) step {
	return func(p *plan) {
		unique := p.CommonName("device")
		p.commonName = commonName(unique)
		asking(func(string) string { return clientID(unique) })(p)
	}
}

func itself(unique string) string { return unique }

const bothNames = "leaf.subject, clientID: "

func colons() []Case {
	row := func(id, how string, name step) Case {
		return Case{
			ID: id, Expectation: RefuseShould, Clauses: []string{"DC-ID-05"}, Basis: cnNoColon, How: how,
			Fault: bothNames + "a colon in the common name", Control: "valid-direct", Reason: "cn-colon", Build: direct(name),
		}
	}
	return []Case{
		row("cn-colon", "the common name is 'dev:1' with a unique end", named("dev:", "1", "")),
		row("cn-colon-mac-address", "the common name is '00:11:22:33:44:55' with a unique end", named("00:11:22:33:44:55", "", "")),
		row("cn-colon-leading", "the common name begins with a colon", named(":", "dev1", "")),
		row("cn-colon-trailing", "the common name ends with a colon", named("", "dev1", ":")),
		row("cn-d-prefix", "common name and client id are both 'd:' and a name", named("d:", "dev1", "")),
		row("cn-colon-template", "common name and client id are both 'd:', a name and a template", named("d:", "dev1", ":tmpl")),
		row("cn-colon-clientid-bare", "the common name is a name, a colon and 'x', the client id the same behind 'd:': it reads as the name with a template",
			called(func(u string) string { return u + ":x" }, func(u string) string { return "d:" + u + ":x" })),
		{
			ID: "cn-fullwidth-colon", Expectation: Either, Clauses: []string{"DC-ID-05"}, Basis: cnNoColon + " and does not speak of U+FF1A",
			How:   "the common name has a fullwidth colon (U+FF1A)",
			Build: direct(named("dev\uff1a", "1", "")),
		},
	}
}

func missing() []Case {
	row := func(id, how, fault string, name func(cn string) []byte) Case {
		return Case{
			ID: id, Expectation: Refuse, Clauses: []string{"DC-ID-06"}, Basis: cnSupplied, How: how, Fault: "leaf.subject" + fault,
			Control: "valid-direct", Reason: "cn-missing", Build: direct(subjectOf(name)),
		}
	}
	empty := func(string) []byte { return sequence() }
	onlyInSAN := row("cn-only-in-san", "the subject is empty, the client id is a dNSName in subjectAltName", ", leaf.subjectAltName: no common name", empty)
	onlyInSAN.Build = direct(subjectOf(empty), func(p *plan) {
		leaf(extension(subjectAltName, critical, sequence(certfactory.Element(0x82, []byte(p.commonName)))))(p)
	})
	return []Case{
		row("cn-missing", "the subject has an organization and no common name", ": no common name",
			func(string) []byte { return sequence(organization()) }),
		row("cn-empty", "the common name has no characters", ": a common name without characters",
			func(string) []byte { return sequence(organization(), rdn(atv(oidCN, certfactory.TagUTF8String, nil))) }),
		row("cn-subject-empty", "the subject is empty", ": empty", empty),
		onlyInSAN,
		row("cn-uppercase-oid-surname", "the name stands under surname (2.5.4.4) and there is no common name", ": a surname in place of the common name",
			func(cn string) []byte {
				return sequence(organization(), rdn(atv(oidSurname, certfactory.TagPrintableString, []byte(cn))))
			}),
	}
}

// subjectOf sets the subject of the device as it is encoded.
func subjectOf(name func(commonName string) []byte) step {
	return func(p *plan) { leaf(subject(name(p.commonName)))(p) }
}

func matching() []Case {
	mismatch := func(id string, e Expectation, how, fault string, clientID func(p *plan) string) Case {
		return Case{
			ID: id, Expectation: e, Clauses: []string{"DC-ID-03"}, Basis: cnClientID, How: how, Fault: "clientID: " + fault,
			Control: "valid-direct", Reason: "clientid-mismatch",
			Build: direct(func(p *plan) { asking(func(string) string { return clientID(p) })(p) }),
		}
	}
	return []Case{
		mismatch("cn-mismatch", Refuse, "the client id is another device's name", "another name",
			func(p *plan) string { return p.CommonName("another") }),
		mismatch("cn-mismatch-prefix", Refuse, "the client id is the common name and one character more", "one character more",
			func(p *plan) string { return p.commonName + "1" }),
		// Names compare without regard to case (RFC 5280 §7.1), client ids do not.
		mismatch("cn-mismatch-case", RefuseShould, "the client id is the common name in upper case", "upper case",
			func(p *plan) string { return strings.ToUpper(p.commonName) }),
		{
			ID: "cn-clientid-d", Expectation: Accept, Clauses: []string{"DC-ID-04", "DC-ID-03"}, Basis: dPrefix,
			How:   "the client id is 'd:' and the common name",
			Build: direct(asking(func(cn string) string { return "d:" + cn })),
		},
		{
			ID: "cn-clientid-d-mismatch", Expectation: Refuse, Clauses: []string{"DC-ID-03", "DC-ID-04"}, Basis: cnClientID,
			How: "the client id is 'd:' and another device's name", Fault: "clientID: another name", Control: "cn-clientid-d", Reason: "clientid-mismatch",
			Build: direct(func(p *plan) { asking(func(string) string { return "d:" + p.CommonName("another") })(p) }),
		},
		{
			ID: "cn-clientid-d-template", Expectation: AcceptShould, Clauses: []string{"DC-ID-04"},
			Basis: "the page on MQTT client ids that the specification points to: connectionType:deviceIdentifier:defaultTemplateIdentifier",
			How:   "the client id is 'd:', the common name and a template",
			Build: direct(asking(func(cn string) string { return "d:" + cn + ":tmpl" })),
		},
		{
			ID: "cn-clientid-d-twice", Expectation: RefuseShould, Clauses: []string{"DC-ID-04", "DC-ID-03"},
			Basis: dPrefix + "; behind it stands the device identifier, which is 'd' here", How: "the client id is 'd:d:' and the common name",
			Fault: "clientID: the prefix twice", Control: "cn-clientid-d", Reason: "clientid-mismatch",
			Build: direct(asking(func(cn string) string { return "d:d:" + cn })),
		},
		mismatch("cn-clientid-other-prefix", RefuseShould, "the client id is 'x:' and the common name", "another prefix",
			func(p *plan) string { return "x:" + p.commonName }),
		mismatch("cn-clientid-empty", RefuseShould, "the client id is empty (MQTT-3.1.3-8)", "empty",
			func(*plan) string { return "" }),
		{
			ID: "cn-dn-injection", Expectation: Refuse, Clauses: []string{"DC-ID-03"}, Basis: cnClientID,
			How:   "the organization is 'x,CN=' and another device's name, which is the client id: a reader of unescaped DN strings (RFC 4514) takes it for the common name",
			Fault: bothNames + "a common name within the organization", Control: "valid-direct", Reason: "clientid-mismatch",
			Build: direct(func(p *plan) {
				other := p.CommonName("admin")
				leaf(subject(sequence(
					rdn(atv(oidO, certfactory.TagUTF8String, []byte("x,CN="+other))),
					rdn(atv(oidCN, certfactory.TagUTF8String, []byte(p.commonName))))))(p)
				asking(func(string) string { return other })(p)
			}),
		},
		{
			ID: "cn-duplicate-device", Expectation: Either, Clauses: []string{"DC-ID-02"}, Basis: cnSupplied,
			How: "every device of the run that presents this row has the same common name and a certificate of its own",
			Build: direct(func(p *plan) {
				p.commonName = "duplicate-" + p.factory.Tag("run")
				leaf(certfactory.Label("duplicate " + p.tag))(p)
			}),
		},
	}
}

// several has the rows whose subject has more than one common name, or one that
// stands in an unusual place.
func several() []Case {
	twice := func(id, how, fault string, name func(p *plan) []byte) Case {
		return Case{
			ID: id, Expectation: RefuseShould, Clauses: []string{"DC-ID-03", "DC-ID-02"}, Basis: cnClientID + `: "the" common name is one`,
			How: how, Fault: "leaf.subject: " + fault, Control: "valid-direct", Reason: "cn-multiple",
			Build: direct(func(p *plan) { leaf(subject(name(p)))(p) }),
		}
	}
	cn := func(name string) []byte { return atv(oidCN, certfactory.TagUTF8String, []byte(name)) }
	unit := atv(oidOU, certfactory.TagUTF8String, []byte("x"))
	return []Case{
		twice("cn-two-first-matches", "two common names in two RDNs, the first is the client id", "two common names",
			func(p *plan) []byte {
				return sequence(organization(), rdn(cn(p.commonName)), rdn(cn(p.CommonName("admin"))))
			}),
		twice("cn-two-last-matches", "two common names in two RDNs, the last is the client id", "two common names",
			func(p *plan) []byte {
				return sequence(organization(), rdn(cn(p.CommonName("admin"))), rdn(cn(p.commonName)))
			}),
		twice("cn-two-in-one-rdn", "two common names in one RDN, one of them is the client id", "two common names",
			func(p *plan) []byte {
				return sequence(organization(), rdn(cn(p.commonName), cn(p.CommonName("admin"))))
			}),
		{
			ID: "cn-multivalued-rdn", Expectation: AcceptShould, Clauses: []string{"DC-ID-02"}, Basis: "RFC 5280 §4.1.2.4: an RDN is a SET",
			How:   "one RDN holds the common name and an organizational unit",
			Build: direct(subjectOf(func(name string) []byte { return sequence(organization(), rdn(cn(name), unit)) })),
		},
		{
			ID: "cn-before-other-rdns", Expectation: Accept, Clauses: []string{"DC-ID-02"}, Basis: noCredentials + "; RFC 5280 §4.1.2.4 sets no order",
			How:   "the common name comes first, organization and organizational unit follow",
			Build: direct(subjectOf(func(name string) []byte { return sequence(rdn(cn(name)), organization(), rdn(unit)) })),
		},
	}
}
