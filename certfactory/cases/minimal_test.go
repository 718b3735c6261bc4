package cases_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// TestRowsAreMinimal takes each refusing row and its control apart and wants them
// to differ in the declared fields and in nothing else, and in each of these.
// What differs between two devices by nature (names, keys, serial numbers,
// signatures) is described by what it is and not by its bytes.
func TestRowsAreMinimal(t *testing.T) {
	for _, c := range cases.All() {
		if tooLong(c) {
			continue
		}
		if !c.Expectation.Refuse() {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			control, _ := cases.ByID(c.Control)
			bad, good := mustBuild(t, c, shared(), "bad"), mustBuild(t, control, shared(), "good")
			ownAnchor := c.Tagged(cases.TagAnchorFault) || c.Tagged(cases.TagOwnAnchor)
			if !ownAnchor && !slices.EqualFunc(bad.Anchors, good.Anchors, sameAnchor) {
				t.Errorf("anchors differ from those of %s", c.Control)
			}
			if bad.MaxLength != good.MaxLength {
				t.Errorf("maximum length %d, that of %s is %d", bad.MaxLength, c.Control, good.MaxLength)
			}
			compare(t, c.Differs(), describe(t, bad, "bad"), describe(t, good, "good"))
		})
	}
}

func sameAnchor(a, b certfactory.Anchor) bool { return a.Name == b.Name && bytes.Equal(a.DER, b.DER) }

// compare checks the fields in which two presentations differ against those that
// were declared. A declared "chain" stands for the whole list, but every
// certificate in it must still be one of the kinds that the control sends.
func compare(t *testing.T, declared []string, bad, good map[string]string) {
	t.Helper()
	listDiffers := bad["chain"] != good["chain"] || slices.Contains(declared, "chain")
	for _, field := range union(bad, good) {
		role, name, inCertificate := strings.Cut(field, ".")
		if slices.Contains(declared, field) || slices.Contains(declared, role+".bytes") && name != "bytes" {
			continue
		}
		if listDiffers && inCertificate {
			if !slices.Contains(linking, name) && bad[field] != "" && !anyRole(good, name, bad[field]) {
				t.Errorf("%s is %q, which the control never has", field, bad[field])
			}
			continue
		}
		if bad[field] != good[field] {
			t.Errorf("%s is %q, in the control %q, and not declared", field, bad[field], good[field])
		}
	}
	for _, field := range declared {
		if field != "chain" && bad[field] == good[field] {
			t.Errorf("%s is declared to differ, and is %q in both", field, bad[field])
		}
	}
}

// linking are the fields that speak of the neighbour in the list, or of no
// certificate at all.
var linking = []string{"bytes", "issuer", "signature", "authorityKeyIdentifier", "trust", "subject"}

func union(a, b map[string]string) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

func anyRole(fields map[string]string, name, value string) bool {
	for field, v := range fields {
		if _, n, _ := strings.Cut(field, "."); n == name && v == value {
			return true
		}
	}
	return false
}

// describe turns a presentation into fields.
func describe(t *testing.T, p certfactory.Presentation, bench string) map[string]string {
	t.Helper()
	fields := map[string]string{"chain": fmt.Sprint(len(p.Chain), " certificates")}
	parts := make([]*certfactory.Parts, len(p.Chain))
	for i, der := range p.Chain {
		parts[i], _ = certfactory.TakeApart(der)
	}
	tag := strings.TrimPrefix(cases.NewBench(shared(), bench).CommonName(""), "-")
	for i, der := range p.Chain {
		role := roleOf(i, len(p.Chain))
		if parts[i] == nil {
			fields[role+".bytes"] = fmt.Sprintf("%d bytes that are no certificate", len(der))
			continue
		}
		issuer := parts[min(i+1, len(parts)-1)]
		for name, value := range describeCertificate(parts[i], issuer, der, tag) {
			fields[role+"."+name] = value
		}
		fields[role+".trust"] = "not uploaded"
		if slices.ContainsFunc(p.Anchors, func(a certfactory.Anchor) bool { return bytes.Equal(a.DER, der) }) {
			fields[role+".trust"] = "uploaded"
		}
	}
	fields["anchors"] = fmt.Sprint(len(p.Anchors), " anchors")
	fields["clientID"] = strings.ReplaceAll(p.ClientID, tag, "·")
	fields["key"] = describeKey(p)
	return fields
}

func roleOf(i, n int) string {
	switch i {
	case 0:
		return "leaf"
	case n - 1:
		return "root"
	}
	return fmt.Sprintf("ca%d", i-1)
}

var extensionNames = map[string]string{
	string(certfactory.OID(2, 5, 29, 14)): "subjectKeyIdentifier",
	string(certfactory.OID(2, 5, 29, 15)): "keyUsage",
	string(certfactory.OID(2, 5, 29, 17)): "subjectAltName",
	string(certfactory.OID(2, 5, 29, 19)): "basicConstraints",
	string(certfactory.OID(2, 5, 29, 30)): "nameConstraints",
	string(certfactory.OID(2, 5, 29, 32)): "certificatePolicies",
	string(certfactory.OID(2, 5, 29, 35)): "authorityKeyIdentifier",
	string(certfactory.OID(2, 5, 29, 36)): "policyConstraints",
	string(certfactory.OID(2, 5, 29, 37)): "extKeyUsage",
}

func describeCertificate(p, issuer *certfactory.Parts, der []byte, tag string) map[string]string {
	fields := map[string]string{
		"version":        fmt.Sprintf("%x", p.Version),
		"serial":         describeSerial(p.Serial),
		"algorithm":      fmt.Sprintf("%x", p.Algorithm),
		"outerAlgorithm": fmt.Sprintf("%x", p.OuterAlgorithm),
		"issuer":         "another name",
		"validity":       describeValidity(p.Validity),
		"subject":        describeName(p.Subject, tag),
		"publicKey":      describePublicKey(p.PublicKey),
		"uniqueIDs":      fmt.Sprintf("%x", p.UniqueIDs),
		"tail":           fmt.Sprintf("%x", p.Tail),
		"outerTail":      fmt.Sprintf("%x", p.OuterTail),
		"signature":      describeSignature(p, issuer, der),
	}
	if issuer != nil && bytes.Equal(p.Issuer, issuer.Subject) {
		fields["issuer"] = "subject of the next"
	}
	for _, e := range p.Extensions {
		name := extensionNames[string(e.ID)]
		if name == "" {
			var id asn1.ObjectIdentifier
			_, _ = asn1.Unmarshal(e.ID, &id)
			name = id.String()
		}
		fields[name] += describeExtension(e, p, issuer)
	}
	return fields
}

func describeExtension(e certfactory.Extension, p, issuer *certfactory.Parts) string {
	value := e.Value()
	switch {
	case bytes.Equal(value, certfactory.Element(certfactory.TagOctetString, keyHash(p))):
		value = []byte("hash of the key")
	case issuer != nil && bytes.Equal(value, certfactory.Element(certfactory.TagSequence, certfactory.Element(0x80, keyHash(issuer)))):
		value = []byte("hash of the next key")
	}
	return fmt.Sprintf("critical %v: %q of %x;", e.Critical(), value, len(e.DER)-len(e.Value()))
}

func keyHash(p *certfactory.Parts) []byte {
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	_, _ = asn1.Unmarshal(p.PublicKey, &info)
	sum := sha1.Sum(info.Key.Bytes)
	return sum[:]
}

// describeSerial calls those alike that RFC 5280 §4.1.2.2 asks for.
func describeSerial(serial []byte) string {
	n := serial[2:]
	if len(serial) < 128 && len(n) > 0 && len(n) <= 20 && (n[0] > 0 && n[0] < 128 || len(n) > 1 && n[0] == 0 && n[1] > 127) {
		return "positive, at most 20 octets"
	}
	return fmt.Sprintf("%x", serial)
}

func describeValidity(validity []byte) string {
	var period struct{ From, To time.Time }
	if _, err := asn1.Unmarshal(validity, &period); err != nil {
		return fmt.Sprintf("%q", validity)
	}
	return fmt.Sprintf("%v to %v", period.From.Sub(now), period.To.Sub(now))
}

// describeName keeps everything but the suffix that makes names unique.
func describeName(name []byte, tag string) string {
	if i := bytes.Index(name, []byte("chainmail ")); i >= 0 {
		return "a CA"
	}
	return strings.ReplaceAll(fmt.Sprintf("%q", name), tag, "·")
}

func describePublicKey(info []byte) string {
	key, err := x509.ParsePKIXPublicKey(info)
	if err != nil {
		return fmt.Sprintf("%x", info)
	}
	return describeParsedKey(key)
}

func describeSignature(p, issuer *certfactory.Parts, der []byte) string {
	if issuer == nil {
		return "of nobody"
	}
	key, err := x509.ParsePKIXPublicKey(issuer.PublicKey)
	if err != nil {
		return "of a key that cannot be read"
	}
	if verifies(p, key, der) {
		return "good"
	}
	return "bad"
}
