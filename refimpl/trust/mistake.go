package trust

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// What follows is what a rule is applied to: with no deviation, exactly what was given.

// arranged is the list in which the path is looked for.
func (r Rules) arranged(presented []*x509.Certificate) []*x509.Certificate {
	switch {
	case r.Deviations.Has(deviation.SortsChain): // DC-CHAIN-09
		return sorted(presented)
	case r.Deviations.Has(deviation.LastDeviceCounts): // DC-TLS-06
		i := len(presented) - 1
		for i > 0 && presented[i].IsCA {
			i--
		}
		return presented[i:]
	}
	return presented
}

// sorted follows the signatures from the first certificate up to a self-issued one. If
// they do not lead there the list stays as it is.
func sorted(presented []*x509.Certificate) []*x509.Certificate {
	path := presented[:1:1]
	for last := path[0]; !selfIssued(last); last = path[len(path)-1] {
		i := slices.IndexFunc(presented, func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, last.RawIssuer) && signed(last, c) == nil && !slices.Contains(path, c)
		})
		if i < 0 {
			return presented
		}
		path = append(path, presented[i])
	}
	return path
}

// counted is how many certificates count towards the maximum length.
func (r Rules) counted(presented []*x509.Certificate) int {
	switch {
	case r.Deviations.Has(deviation.LengthWithoutLeaf): // DC-CHAIN-10
		return len(presented) - 1
	case r.Deviations.Has(deviation.LengthMustBeBelowMax): // DC-CHAIN-02
		return len(presented) + 1
	}
	return len(presented)
}

// chosen are the common names to choose from.
func (r Rules) chosen(c *x509.Certificate, names []attributeValue) []attributeValue {
	switch d := r.Deviations; {
	case len(names) > 1 && d.Has(deviation.TakesFirstName): // DC-ID-03
		return names[:1]
	case len(names) > 1 && d.Has(deviation.TakesLastName): // DC-ID-03
		return names[len(names)-1:]
	case len(names) == 0 && len(c.DNSNames) > 0 && d.Has(deviation.SANStandsIn): // DC-ID-06
		return []attributeValue{{asn1.UTF8String, []byte(c.DNSNames[0])}}
	case len(names) > 0 && d.Has(deviation.NameFromText): // DC-ID-03
		text := c.Subject.String()
		text = text[strings.LastIndex(text, "CN=")+len("CN="):]
		return []attributeValue{{asn1.UTF8String, []byte(text[:strings.IndexAny(text+",", ",+")])}}
	}
	return names
}

const tagBMPString = asn1.Tag(30)

// reread is a common name as it is encoded.
func (r Rules) reread(v attributeValue) attributeValue {
	if !r.Deviations.Has(deviation.NameIsACString) { // DC-ID-03
		return v
	}
	text := v.bytes
	if v.tag == tagBMPString {
		text = nil
		for i := 1; i < len(v.bytes); i += 2 {
			text = append(text, v.bytes[i])
		}
	}
	text, _, _ = bytes.Cut(text, []byte{0})
	return attributeValue{asn1.UTF8String, text}
}

// rewritten is a common name as it is compared.
func (r Rules) rewritten(name string) string {
	switch d := r.Deviations; {
	case d.Has(deviation.TrimsName): // DC-ID-03
		return strings.TrimSpace(name)
	case d.Has(deviation.NameEndsAtColon): // DC-ID-05
		name, _, _ = strings.Cut(name, ":")
	case d.Has(deviation.StripsDFromName): // DC-ID-05
		return strings.TrimPrefix(name, "d:")
	case d.Has(deviation.LowersName): // DC-ID-03
		return strings.ToLower(name)
	}
	return name
}

// typed is a Client Identifier as it is taken apart.
func (r Rules) typed(clientID string) string {
	connectionType, rest, ok := strings.Cut(clientID, ":")
	switch d := r.Deviations; {
	case !ok:
	case d.Has(deviation.AnyTypeNamesADevice): // DC-ID-03
		return "d:" + rest
	case d.Has(deviation.StripsEveryD): // DC-ID-04
		for strings.HasPrefix(rest, "d:") {
			rest = rest[len("d:"):]
		}
		return connectionType + ":" + rest
	case d.Has(deviation.RefusesDPrefix), // DC-ID-04
		strings.Contains(rest, ":") && d.Has(deviation.RefusesTemplate): // DC-ID-04
		return ""
	}
	return clientID
}

func first(anchors []registry.Anchor) []registry.Anchor { return anchors[:min(1, len(anchors))] }

func whichever(*x509.Certificate) bool { return true }

func named(rawSubject []byte) func(*x509.Certificate) bool {
	return func(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, rawSubject) }
}

func withKey(rawKey []byte) func(*x509.Certificate) bool {
	return func(c *x509.Certificate) bool { return bytes.Equal(c.RawSubjectPublicKeyInfo, rawKey) }
}
