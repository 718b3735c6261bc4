package cases

// commonName has the rows about the common name of the device and the client id
// that it connects with.
func commonName() []Case {
	return append(colons(), matching()...)
}

func colons() []Case {
	return []Case{
		{
			ID: "cn-colon", Expectation: RefuseShould, Clauses: []string{"DC-ID-05"}, Basis: cnNoColon,
			How: "the common name is 'dev:1' with a unique end", Fault: "leaf.subject, clientID: a colon in the common name",
			Control: "valid-direct", Reason: "cn-colon",
			Build: direct(named("dev:", "1", "")),
		},
	}
}

func matching() []Case {
	return []Case{
		{
			ID: "cn-missing", Expectation: Refuse, Clauses: []string{"DC-ID-06"}, Basis: cnSupplied,
			How: "the subject has an organization and no common name", Fault: "leaf.subject: no common name",
			Control: "valid-direct", Reason: "cn-missing",
			Build: direct(leaf(subject(sequence(organization())))),
		},
		{
			ID: "cn-mismatch", Expectation: Refuse, Clauses: []string{"DC-ID-03"}, Basis: cnClientID,
			How: "the client id is another device's name", Fault: "clientID: another name",
			Control: "valid-direct", Reason: "clientid-mismatch",
			Build: direct(func(p *plan) { asking(func(string) string { return p.CommonName("another") })(p) }),
		},
		{
			ID: "cn-mismatch-prefix", Expectation: Refuse, Clauses: []string{"DC-ID-03"}, Basis: cnClientID,
			How: "the client id is the common name and one character more", Fault: "clientID: one character more",
			Control: "valid-direct", Reason: "clientid-mismatch",
			Build: direct(asking(func(cn string) string { return cn + "1" })),
		},
		{
			ID: "cn-clientid-d", Expectation: Accept, Clauses: []string{"DC-ID-04"}, Basis: dPrefix,
			How:   "the client id is 'd:' and the common name",
			Build: direct(asking(func(cn string) string { return "d:" + cn })),
		},
		{
			ID: "cn-clientid-d-template", Expectation: AcceptShould, Clauses: []string{"DC-ID-04"},
			Basis: "the page on MQTT client ids that the specification points to: connectionType:deviceIdentifier:defaultTemplateIdentifier",
			How:   "the client id is 'd:', the common name and a template",
			Build: direct(asking(func(cn string) string { return "d:" + cn + ":tmpl" })),
		},
	}
}

// named sets the common name: a prefix, the stem made unique, a suffix.
func named(prefix, stem, suffix string) step {
	return func(p *plan) { p.commonName = prefix + p.CommonName(stem) + suffix }
}
