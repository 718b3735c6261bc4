package cadir

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Subject is the distinguished name that a signing request asks for. All
// fields but the common name are optional.
//
// The certificate holds those fields only that the signing policy of the
// authority names, in the order of the policy: the specification's policy knows
// no locality, for one.
type Subject struct {
	Country            string // two letters (ISO 3166)
	StateOrProvince    string // at most 128 characters
	Locality           string // at most 128 characters
	Organization       string // at most 64 characters
	OrganizationalUnit string // at most 64 characters
	CommonName         string // required, at most 64 characters; the Client Identifier of a device
	EmailAddress       string // ASCII, at most 255 characters
}

// An attribute is one field of a name, with its value as it was encoded.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// An attributeSET is a RelativeDistinguishedName; asn1 knows by the ending of
// its name that it is a SET.
type attributeSET []attribute

// der encodes the subject in the order in which "openssl req" asks for the
// fields, with the strings that "string_mask = utf8only" allows.
func (s Subject) der() ([]byte, error) {
	if s.CommonName == "" {
		return nil, errors.New("encode subject: no common name")
	}
	var name []attributeSET
	for _, f := range []struct {
		oid   asn1.ObjectIdentifier
		value string
		tag   int
		max   int // characters, RFC 5280 appendix A.1
	}{
		{asn1.ObjectIdentifier{2, 5, 4, 6}, s.Country, asn1.TagPrintableString, 2},
		{asn1.ObjectIdentifier{2, 5, 4, 8}, s.StateOrProvince, asn1.TagUTF8String, 128},
		{asn1.ObjectIdentifier{2, 5, 4, 7}, s.Locality, asn1.TagUTF8String, 128},
		{asn1.ObjectIdentifier{2, 5, 4, 10}, s.Organization, asn1.TagUTF8String, 64},
		{asn1.ObjectIdentifier{2, 5, 4, 11}, s.OrganizationalUnit, asn1.TagUTF8String, 64},
		{asn1.ObjectIdentifier{2, 5, 4, 3}, s.CommonName, asn1.TagUTF8String, 64},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, s.EmailAddress, asn1.TagIA5String, 255},
	} {
		if f.value == "" {
			continue
		}
		if err := checkField(f.value, f.tag, f.max); err != nil {
			return nil, fmt.Errorf("encode subject: %s %q: %w", shortName(f.oid), f.value, err)
		}
		value := asn1.RawValue{Tag: f.tag, Bytes: []byte(f.value)}
		name = append(name, attributeSET{{f.oid, value}})
	}
	return asn1.Marshal(name)
}

func checkField(value string, tag, most int) error {
	n := utf8.RuneCountInString(value)
	switch {
	case !utf8.ValidString(value):
		return errors.New("not UTF-8")
	case n > most:
		return fmt.Errorf("%d characters, at most %d are allowed", n, most)
	case tag == asn1.TagPrintableString && (n != 2 || strings.Trim(strings.ToUpper(value), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != ""):
		return errors.New("want two letters")
	case tag == asn1.TagIA5String && len(value) != strings.IndexFunc(value+"\u0080", func(r rune) bool { return r > 0x7f }):
		return errors.New("want ASCII")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("holds a control character")
	}
	return nil
}

func parseName(der []byte) ([]attributeSET, error) {
	var name []attributeSET
	if rest, err := asn1.Unmarshal(der, &name); err != nil {
		return nil, fmt.Errorf("read name: %w", err)
	} else if len(rest) > 0 {
		return nil, fmt.Errorf("read name: %d bytes behind it", len(rest))
	}
	return name, nil
}

// oneLine prints a name as it stands in the database. It has to be OpenSSL's
// form to the byte: "openssl ca -revoke" compares the line's name with that of
// the certificate.
func oneLine(der []byte) (string, error) {
	name, err := parseName(der)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, set := range name {
		for i, a := range set {
			// Fields of one RelativeDistinguishedName are joined by a plus sign.
			b.WriteByte("/+"[min(i, 1)])
			b.WriteString(shortName(a.Type))
			b.WriteByte('=')
			for _, c := range a.Value.Bytes {
				switch {
				case c == '/' || c == '+':
					b.Write([]byte{'\\', c})
				case c < ' ' || c > '~':
					fmt.Fprintf(&b, "\\x%02X", c)
				default:
					b.WriteByte(c)
				}
			}
		}
	}
	return b.String(), nil
}

// A policyField says what is asked of one field of a subject.
type policyField struct {
	oid  string // dotted
	name string // as written in the configuration
	rule string // "optional", "supplied" or "match"
}

// applyPolicy returns the subject that a certificate gets: the fields of the
// policy in its order, each in a set of its own, everything else left out. Bytes
// of the values stay as they were requested.
func applyPolicy(policy []policyField, requested, issuer []byte) ([]byte, error) {
	asked, err := parseName(requested)
	if err != nil {
		return nil, err
	}
	own, err := parseName(issuer)
	if err != nil {
		return nil, err
	}
	var subject []attributeSET
	for _, p := range policy {
		values := valuesOf(asked, p.oid)
		if len(values) == 0 && p.rule != "optional" {
			return nil, fmt.Errorf("request has no %s, and the signing policy wants it (%s)", p.name, p.rule)
		}
		for _, v := range values {
			if p.rule == "match" && !contains(valuesOf(own, p.oid), v) {
				return nil, fmt.Errorf("request has the %s %q, and the signing policy wants that of the CA certificate", p.name, v.Value.Bytes)
			}
			subject = append(subject, attributeSET{v})
		}
	}
	return asn1.Marshal(subject)
}

func valuesOf(name []attributeSET, oid string) []attribute {
	var list []attribute
	for _, set := range name {
		for _, a := range set {
			if a.Type.String() == oid {
				list = append(list, a)
			}
		}
	}
	return list
}

func contains(list []attribute, a attribute) bool {
	for _, b := range list {
		if bytes.Equal(a.Value.FullBytes, b.Value.FullBytes) {
			return true
		}
	}
	return false
}
