package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	encoding "encoding/asn1"
	"slices"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// dislike refuses a good certificate for what only a deviation minds.
func (r Rules) dislike(c *x509.Certificate, i int) *Refusal {
	fault := r.dislikeKey(c)
	switch {
	case fault != "":
	case i == 0:
		fault = r.dislikeDevice(c)
	default:
		fault = r.dislikeCA(c)
	}
	if fault != "" {
		return refuse(Disliked, i, "%s", fault)
	}
	return nil
}

// dislikeKey looks at what any certificate has.
func (r Rules) dislikeKey(c *x509.Certificate) string {
	curve, bits := elliptic.Curve(nil), 0
	switch k := c.PublicKey.(type) {
	case *ecdsa.PublicKey:
		curve = k.Curve
	case *rsa.PublicKey:
		bits = k.N.BitLen()
	}
	switch d := r.Deviations; {
	case curve == elliptic.P384() && d.Has(deviation.RefusesP384): // DC-CHAIN-13
		return "a key on P-384"
	case curve == elliptic.P521() && d.Has(deviation.RefusesP521): // DC-CHAIN-13
		return "a key on P-521"
	case bits > 3072 && d.Has(deviation.RefusesRSA4096): // DC-CHAIN-13
		return "an RSA key of more than 3072 bits"
	case c.SignatureAlgorithm == x509.SHA256WithRSAPSS && d.Has(deviation.RefusesPSS): // DC-CHAIN-07
		return "a signature by RSASSA-PSS"
	case c.SerialNumber.BitLen()/8+1 > 19 && d.Has(deviation.RefusesLongSerial): // DC-CHAIN-20
		return "a serial number of more than 19 octets"
	case (c.NotBefore.Year() >= 2050 || c.NotAfter.Year() >= 2050) && d.Has(deviation.RefusesGeneralizedTime): // DC-CHAIN-12
		return "a date in GeneralizedTime"
	case d.Has(deviation.RefusesUnknownExtension) && slices.ContainsFunc(c.Extensions, unknown): // DC-CHAIN-16
		return "an unknown extension"
	}
	return ""
}

func (r Rules) dislikeDevice(c *x509.Certificate) string {
	switch d := r.Deviations; {
	case !hasExtension(c, oidExtKeyUsage) && d.Has(deviation.WantsExtKeyUsage): // DC-CHAIN-18
		return "no extKeyUsage"
	case !c.BasicConstraintsValid && d.Has(deviation.WantsLeafConstraints): // DC-CHAIN-15
		return "no basicConstraints"
	case len(c.AuthorityKeyId) == 0 && d.Has(deviation.WantsAuthorityKeyID): // DC-CHAIN-08
		return "no authorityKeyIdentifier"
	case hasExtension(c, oidSubjectAltName) && d.Has(deviation.RefusesSAN): // DC-CHAIN-02
		return "a subjectAltName"
	case c.NotBefore.AddDate(10, 0, 0).Before(c.NotAfter) && d.Has(deviation.RefusesLongValidity): // DC-CHAIN-12
		return "a validity of more than ten years"
	}
	return ""
}

func (r Rules) dislikeCA(c *x509.Certificate) string {
	switch d := r.Deviations; {
	case !hasExtension(c, oidKeyUsage) && d.Has(deviation.WantsKeyUsage): // DC-CHAIN-17
		return "no keyUsage"
	case !critical(c, oidBasicConstraints) && d.Has(deviation.WantsCriticalBasic): // DC-CHAIN-04
		return "basicConstraints that are not critical"
	case c.NotAfter.Year() == 9999 && d.Has(deviation.RefusesEndlessRoot): // DC-CHAIN-12
		return "the year 9999"
	}
	return ""
}

// dislikeName refuses a good common name for what only a deviation minds.
func (r Rules) dislikeName(c *x509.Certificate, v attributeValue, name string) *Refusal {
	switch d := r.Deviations; {
	case utf8.RuneCountInString(name) > 48 && d.Has(deviation.RefusesLongNames), // DC-ID-03
		utf8.RuneCountInString(name) != len(name) && d.Has(deviation.RefusesNonASCII), // DC-ID-03
		d.Has(deviation.NameMustStandAlone) && !standsAlone(c.RawSubject),             // DC-ID-02
		d.Has(deviation.NameMustStandLast) && !standsLast(c.RawSubject),               // DC-ID-02
		v.tag != asn1.PrintableString && d.Has(deviation.NameMustBePrintable):         // DC-ID-02
		return refuse(Disliked, 0, "the common name is good and not liked")
	}
	return nil
}

// standsAlone reports whether the common name shares its RDN with nothing.
func standsAlone(rawSubject []byte) bool {
	for _, rdn := range rdns(rawSubject) {
		if slices.ContainsFunc(rdn, isCommonName) {
			return len(rdn) == 1
		}
	}
	return false
}

// standsLast reports whether the common name is in the last RDN.
func standsLast(rawSubject []byte) bool {
	all := rdns(rawSubject)
	return len(all) > 0 && slices.ContainsFunc(all[len(all)-1], isCommonName)
}

func rdns(rawSubject []byte) (all pkix.RDNSequence) {
	_, _ = encoding.Unmarshal(rawSubject, &all) // crypto/x509 has parsed it before
	return all
}

func isCommonName(a pkix.AttributeTypeAndValue) bool { return a.Type.Equal(oidCommonName) }

// unknown tells a private extension from those of RFC 5280.
func unknown(e pkix.Extension) bool {
	return !e.Id[:1].Equal(encoding.ObjectIdentifier{2}) && !e.Id.Equal(oidAuthorityInfoAccess)
}

func critical(c *x509.Certificate, oid encoding.ObjectIdentifier) bool {
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oid) && e.Critical })
}
