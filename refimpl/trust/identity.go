package trust

import (
	"crypto/x509"
	encoding "encoding/asn1"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

var oidCommonName = encoding.ObjectIdentifier{2, 5, 4, 3}

const (
	maxCommonName = 64        // upper bound of X.520, in characters
	maxClientID   = 1<<16 - 1 // in octets, MQTT 3.1.1 section 1.5.3
)

// CommonName returns the one common name of a device certificate, which is the device's
// identity (DC-ID-02, 06). It reads the encoded subject: pkix.Name keeps only the last
// of several common names and forgets how it was encoded.
func (r Rules) CommonName(c *x509.Certificate) (string, *Refusal) {
	values := r.chosen(c, commonNames(c.RawSubject))
	if len(values) == 0 {
		return "", refuse(CNMissing, 0, "the subject has no common name")
	}
	if len(values) > 1 {
		return "", refuse(CNMultiple, 0, "the subject has %d common names", len(values))
	}
	v := r.reread(values[0])
	if v.tag != asn1.UTF8String && v.tag != asn1.PrintableString || !utf8.Valid(v.bytes) {
		return "", refuse(CNType, 0, "the common name has string type %d", v.tag)
	}
	name := r.rewritten(string(v.bytes))
	if len(name) > maxClientID && r.Deviations.Has(deviation.CutsLongNames) { // DC-ID-03
		return name[:maxClientID], nil
	}
	if refusal := r.deviceName(name); refusal != nil && !r.Deviations.Has(deviation.TakesAnyName) {
		return "", refusal
	}
	return name, r.dislikeName(c, v, name)
}

// deviceName holds a common name against what can be a device's identity: part of a
// Client Identifier, a user name and a topic.
func (r Rules) deviceName(name string) *Refusal {
	switch {
	case name == "": // DC-ID-06
		return refuse(CNMissing, 0, "the common name is empty")
	case utf8.RuneCountInString(name) > maxCommonName && !r.Deviations.Has(deviation.AllowsLongNames):
		return refuse(CNLong, 0, "the common name has more than %d characters", maxCommonName)
	case strings.TrimSpace(name) != name && !r.Deviations.Has(deviation.AllowsSpaces):
		return refuse(CNSpace, 0, "the common name begins or ends with a space")
	case strings.ContainsFunc(name, invisible) && !r.Deviations.Has(deviation.AllowsControlCharacters):
		return refuse(CNControl, 0, "the common name has a control or format character")
	case strings.Contains(name, ":") && !r.Deviations.Has(deviation.AllowsColon): // DC-ID-05: separates the parts of a Client Identifier
		return refuse(CNColon, 0, "the common name has a colon")
	case strings.ContainsAny(name, "+#/") && !r.Deviations.Has(deviation.AllowsTopicCharacters): // MQTT-4.7.1: part of topics
		return refuse(CNMQTT, 0, "the common name has a topic separator or wildcard")
	}
	return nil
}

func invisible(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

type attributeValue struct {
	tag   asn1.Tag
	bytes []byte
}

// commonNames returns every common name of an encoded subject, in order.
func commonNames(rawSubject []byte) []attributeValue {
	input := cryptobyte.String(rawSubject)
	var names, rdn, attribute, value cryptobyte.String
	var out []attributeValue
	if !input.ReadASN1(&names, asn1.SEQUENCE) {
		return nil
	}
	for !names.Empty() {
		if !names.ReadASN1(&rdn, asn1.SET) {
			return nil
		}
		for !rdn.Empty() {
			var oid encoding.ObjectIdentifier
			var tag asn1.Tag
			if !rdn.ReadASN1(&attribute, asn1.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&oid) ||
				!attribute.ReadAnyASN1(&value, &tag) {
				return nil
			}
			if oid.Equal(oidCommonName) {
				out = append(out, attributeValue{tag, value})
			}
		}
	}
	return out
}

// DeviceIdentifier returns the device that a Client Identifier names: "dev", "d:dev" and
// "d:dev:template" all name dev. Other connection types than d name no device.
func DeviceIdentifier(clientID string) (string, bool) {
	parts := strings.Split(clientID, ":")
	switch {
	case len(parts) == 1:
		return parts[0], parts[0] != ""
	case len(parts) <= 3 && parts[0] == "d":
		return parts[1], parts[1] != ""
	default:
		return "", false
	}
}

// MatchClientID checks that a Client Identifier is that of the device with the given
// common name, byte by byte (DC-ID-03, 04).
func (r Rules) MatchClientID(clientID, commonName string) *Refusal {
	device, ok := DeviceIdentifier(r.typed(clientID))
	if ok && device == commonName || r.overlooksClientID(clientID, device, commonName) {
		return nil
	}
	return refuse(ClientIDMismatch, 0, "the Client Identifier is not that of the common name")
}
