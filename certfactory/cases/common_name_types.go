package cases

import (
	"unicode/utf16"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// typed writes the common name under another string type, in bytes made from the
// unique name; the client id is made from it too.
func typed(tag byte, value func(unique string) []byte, clientID func(unique string) string) step {
	return func(p *plan) {
		unique := p.commonName
		leaf(subject(sequence(organization(), rdn(atv(oidCN, tag, value(unique))))))(p)
		asking(func(string) string { return clientID(unique) })(p)
	}
}

func ascii(unique string) []byte { return []byte(unique) }

// bmp is UTF-16 with the high octet first, as a BMPString has it.
func bmp(unique string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(unique)) {
		b = append(b, byte(unit>>8), byte(unit))
	}
	return b
}

// stringTypes has the rows about the ASN.1 type of the common name.
func stringTypes() []Case {
	return append(knownTypes(), oddTypes()...)
}

func knownTypes() []Case {
	row := func(id string, e Expectation, basis, how string, name step) Case {
		c := Case{ID: id, Expectation: e, Clauses: []string{"DC-ID-02"}, Basis: basis, How: how, Build: direct(name)}
		if e == Either {
			c.Reason = "cn-type"
		}
		return c
	}
	const old = "RFC 5280 §4.1.2.4: TeletexString, BMPString and UniversalString are for names that already had them"
	const none = "X.520: not a DirectoryString"
	return []Case{
		row("cn-utf8string", Accept, profileUTF8, "the common name is a UTF8String", typed(certfactory.TagUTF8String, ascii, itself)),
		row("cn-printablestring", Accept, "RFC 5280 §4.1.2.4: PrintableString or UTF8String", "the common name is a PrintableString",
			typed(certfactory.TagPrintableString, ascii, itself)),
		row("cn-teletexstring", Either, old, "the common name is a TeletexString", typed(certfactory.TagTeletexString, ascii, itself)),
		row("cn-teletex-latin1", Either, old, "the common name is a TeletexString with the octet E9, the client id has U+00E9 in its place",
			typed(certfactory.TagTeletexString, func(u string) []byte { return append([]byte("d\xe9v-"), u...) }, func(u string) string { return "dév-" + u })),
		row("cn-bmpstring", Either, old, "the common name is a BMPString", typed(certfactory.TagBMPString, bmp, itself)),
		row("cn-ia5string", Either, none, "the common name is an IA5String", typed(certfactory.TagIA5String, ascii, itself)),
		row("cn-numericstring", Either, none, "the common name is a NumericString",
			func(p *plan) {
				p.commonName = digits(p.CommonName("device"))
				typed(certfactory.TagNumericString, ascii, itself)(p)
			}),
	}
}

// digits spells a name in decimal: a NumericString holds nothing else.
func digits(name string) string {
	var b []byte
	for _, c := range []byte(name[len(name)-10:]) {
		b = append(b, '0'+c/100, '0'+c/10%10, '0'+c%10)
	}
	return string(b)
}

func oddTypes() []Case {
	row := func(id, basis, how, fault string, name step) Case {
		return Case{
			ID: id, Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20", "DC-ID-02"}, Basis: basis, How: how, Fault: fault,
			Control: "cn-utf8string", Reason: "tls", RFCAlert: []string{"decode_error"}, Build: direct(name),
		}
	}
	// What a lenient reader makes of two octets that are no UTF-8.
	const replaced = "\ufffd\ufffd"
	return []Case{
		row("cn-bmpstring-odd", "X.690 §8.23: two octets a character", "the common name is a BMPString of an odd number of octets", "leaf.subject: half a character",
			typed(certfactory.TagBMPString, func(u string) []byte { return append(bmp(u), 0) }, itself)),
		row("cn-octetstring", "RFC 5280 §4.1.2.4: a DirectoryString", "the common name is an OCTET STRING", "leaf.subject: OCTET STRING",
			typed(certfactory.TagOctetString, ascii, itself)),
		row("cn-printable-illegal-char", "X.680 §41.4: no '_' and no '@' in a PrintableString", "the common name is a PrintableString with '_' and '@'", bothNames+"characters of another type",
			typed(certfactory.TagPrintableString, func(u string) []byte { return []byte("dev_1@" + u) }, func(u string) string { return "dev_1@" + u })),
		{
			ID: "cn-printable-asterisk", Expectation: Either, Clauses: []string{"DC-CHAIN-20", "DC-ID-02"}, Basis: "X.680 §41.4: no '*' in a PrintableString; many readers bear it",
			How:   "the common name is a PrintableString with '*'",
			Build: direct(typed(certfactory.TagPrintableString, func(u string) []byte { return []byte("dev*" + u) }, func(u string) string { return "dev*" + u })),
		},
		row("cn-utf8-invalid", "RFC 3629 §3: FF and FE never appear", "the common name is a UTF8String with the octets FF FE; the client id has what a lenient reader makes of them",
			bothNames+"octets that are no UTF-8",
			typed(certfactory.TagUTF8String, func(u string) []byte { return append([]byte(u), 0xff, 0xfe) }, func(u string) string { return u + replaced })),
	}
}
