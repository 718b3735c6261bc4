package cases

import (
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// texts has the rows about the characters and the length of the common name.
func texts() []Case {
	return append(controls(), append(spaces(), append(lengths(), append(scripts(), specials()...)...)...)...)
}

// textRow is a row about a common name that is also the client id.
func textRow(id string, e Expectation, clause, basis, how, reason string, name step) Case {
	c := Case{ID: id, Expectation: e, Clauses: []string{clause, "DC-ID-02"}, Basis: basis, How: how, Reason: reason, Build: direct(name)}
	if e.Refuse() {
		c.Fault, c.Control = bothNames+"what the row is about", "valid-direct"
	}
	return c
}

// faulty declares another fault than that common name and client id differ.
func (c Case) faulty(fault string) Case {
	c.Fault = fault
	return c
}

func controls() []Case {
	const control = `MQTT-1.5.3-2: no U+0000; §1.5.3: control characters SHOULD NOT be there; SmartREST is of lines`
	return []Case{
		textRow("cn-nul-byte", Refuse, "DC-ID-03", cnClientID, "the common name goes on behind a NUL, the client id ends before it", "cn-control",
			called(func(u string) string { return u + "\x00.evil" }, itself)).faulty("leaf.subject: a NUL"),
		textRow("cn-nul-byte-bmp", Refuse, "DC-ID-03", cnClientID, "the common name is a BMPString that goes on behind a NUL, the client id ends before it", "cn-type",
			typed(certfactory.TagBMPString, func(u string) []byte { return bmp(u + "\x00x") }, itself)).faulty("leaf.subject: a NUL"),
		textRow("cn-newline", RefuseShould, "DC-ID-03", control, "the common name ends with a line feed", "cn-space", named("", "dev1", "\n")).faulty(bothNames + "a line feed"),
		textRow("cn-control-char", RefuseShould, "DC-ID-03", control, "the common name has U+0001 in it", "cn-control", named("dev\x01", "1", "")).faulty(bothNames + "U+0001"),
		textRow("cn-bidi-override", RefuseShould, "DC-ID-02", "Unicode TR 36: the name reads otherwise than it is", "the common name has U+202E in it", "cn-control",
			named("dev\u202e", "1", "")).faulty(bothNames + "U+202E"),
		textRow("cn-zero-width", RefuseShould, "DC-ID-02", "Unicode TR 36: two names look the same", "the common name has U+200B in it", "cn-control",
			named("dev\u200b", "1", "")).faulty(bothNames + "U+200B"),
		textRow("cn-bom", Either, "DC-ID-02", "MQTT-1.5.3-3: U+FEFF is kept", "the common name begins with U+FEFF", "cn-control", named("\ufeff", "dev1", "")),
	}
}

func spaces() []Case {
	const insignificant = "RFC 5280 §7.1: leading and trailing spaces do not count in names; the specification does not speak of them"
	return []Case{
		textRow("cn-leading-space", Either, "DC-ID-03", insignificant, "common name and client id begin with a space", "cn-space", named(" ", "dev1", "")),
		textRow("cn-trailing-space", Either, "DC-ID-03", insignificant, "common name and client id end with a space", "cn-space", named("", "dev1", " ")),
		textRow("cn-trimmed-match", RefuseShould, "DC-ID-03", cnClientID, "the common name has spaces around it, the client id has not", "cn-space",
			called(func(u string) string { return " " + u + " " }, itself)).faulty("leaf.subject: spaces around the name"),
		textRow("cn-inner-space", Either, "DC-ID-03", insignificant, "common name and client id have spaces in them", "", named("my device ", "1", "")),
		{
			ID: "cn-only-spaces", Expectation: RefuseShould, Clauses: []string{"DC-ID-06", "DC-ID-03"}, Basis: cnSupplied + "; spaces name no device",
			How: "the common name is made of spaces, as many as make it unique", Fault: bothNames + "nothing but spaces", Control: "valid-direct", Reason: "cn-space",
			Build: direct(func(p *plan) { p.commonName = blank(p.CommonName("")) }),
		},
	}
}

// blank is a number of spaces that hangs on a name. Two names may share it: there
// are not more than 61 common names of nothing but spaces.
func blank(name string) string {
	n := 0
	for _, c := range []byte(name) {
		n = (n*31 + int(c)) % 61
	}
	return strings.Repeat(" ", 3+n)
}

func lengths() []Case {
	const upper = "X.520: ub-common-name 64"
	long := func(characters int, filler string) step {
		return func(p *plan) {
			tail := p.CommonName("")
			p.commonName = strings.Repeat(filler, characters-len(tail)) + tail
		}
	}
	cut := textRow("cn-65536", Refuse, "DC-ID-03", cnClientID+": no client id is so long (MQTT 3.1.1 §1.5.3)", "the common name has 65536 characters, the client id all but the last", "cn-long",
		func(p *plan) {
			long(65536, "a")(p)
			asking(func(cn string) string { return cn[:65535] })(p)
		}).faulty(bothNames + "65536 characters")
	cut.Tags = []string{TagRobustness}
	longest := textRow("cn-65535", RefuseShould, "DC-ID-03", upper, "common name and client id have 65535 characters, the most that a client id can have", "cn-long",
		long(65535, "a")).faulty(bothNames + "65535 characters")
	longest.Tags = []string{TagRobustness}
	return []Case{
		textRow("cn-64", Accept, "DC-ID-03", cnClientID, "the common name has 64 characters", "", long(64, "a")),
		textRow("cn-65", Either, "DC-ID-03", upper, "the common name has 65 characters", "cn-long", long(65, "a")),
		textRow("cn-64-multibyte", AcceptShould, "DC-ID-03", upper+", which counts characters", "the common name has 64 characters, most of them of two octets", "",
			long(64, "é")),
		textRow("cn-256", Either, "DC-ID-03", upper, "the common name has 256 characters", "cn-long", long(256, "a")),
		longest, cut,
	}
}

func scripts() []Case {
	const unicode = profileUTF8
	return []Case{
		textRow("cn-mixed-case", Accept, "DC-ID-03", cnClientID, "common name and client id have letters in upper and in lower case", "", named("", "DeviceNo1", "")),
		textRow("cn-unicode", AcceptShould, "DC-ID-03", unicode, "the common name has German and Chinese letters", "", named("Gerät-号-", "1", "")),
		textRow("cn-nfc-nfd", Either, "DC-ID-03", "RFC 5280 §7.1 prepares strings, the specification does not speak of it",
			"the common name is in NFD, the client id in NFC", "clientid-mismatch",
			called(func(u string) string { return "Gera\u0308t-" + u }, func(u string) string { return "Ger\u00e4t-" + u })),
		textRow("cn-emoji", Either, "DC-ID-03", unicode, "the common name has a character of four octets", "", named("dev\U0001f6f0", "1", "")),
		textRow("cn-homoglyph", Refuse, "DC-ID-03", cnClientID, "the common name has a Cyrillic letter where the client id has the Latin one that looks the same", "clientid-mismatch",
			called(func(u string) string { return strings.Replace(u, "e", "\u0435", 1) }, itself)).faulty("leaf.subject: U+0435 for e"),
	}
}

func specials() []Case {
	const topic = "MQTT 3.1.1 §4.7.1: a name with a wildcard or a separator cannot be a level of a topic"
	return []Case{
		textRow("cn-mqtt-plus", RefuseShould, "DC-ID-02", topic, "the common name has a '+'", "cn-mqtt", named("dev+", "1", "")).faulty(bothNames + "a wildcard"),
		textRow("cn-mqtt-hash", RefuseShould, "DC-ID-02", topic, "the common name has a '#'", "cn-mqtt", named("dev#", "1", "")).faulty(bothNames + "a wildcard"),
		textRow("cn-mqtt-slash", RefuseShould, "DC-ID-02", topic, "the common name has a '/'", "cn-mqtt", named("dev/", "1", "")).faulty(bothNames + "a separator"),
		textRow("cn-tenant-slash-user", RefuseShould, "DC-ID-02", noCredentials+" A user name has the form tenant/user.", "the common name is 't2/device_' and a name", "cn-mqtt",
			named("t2/device_", "admin", "")).faulty(bothNames + "another tenant's user name"),
		textRow("cn-mqtt-dollar", Either, "DC-ID-02", "MQTT-4.7.2-1 speaks of topics, not of names", "the common name begins with '$SYS'", "", named("$SYS", "", "")),
		textRow("cn-quote-csv", AcceptShould, "DC-ID-03", cnClientID, "the common name has a quotation mark and a semicolon", "", named("dev\"1;x", "", "")),
		textRow("cn-percent-path", Either, "DC-ID-02", "the specification does not say which characters a name may have", "the common name has dots, a slash and percent escapes of them", "cn-mqtt",
			named("../%2e%2e", "", "")),
		textRow("cn-sql-json", Either, "DC-ID-02", "the specification does not say which characters a name may have", "the common name has quotation marks, braces and a colon", "cn-colon",
			named(`{"x":"' or ''='"}`, "", "")),
	}
}
