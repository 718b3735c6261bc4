package trust

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Context-specific tags of TBSCertificate (RFC 5280 section 4.1).
var (
	tagVersion    = asn1.Tag(0).ContextSpecific().Constructed()
	tagIssuerUID  = asn1.Tag(1).ContextSpecific()
	tagSubjectUID = asn1.Tag(2).ContextSpecific()
	tagExtensions = asn1.Tag(3).ContextSpecific().Constructed()
)

// strictDER finds what crypto/x509 lets pass although RFC 5280 section 4.1 and DER
// do not: fields after the last one, extensions and unique identifiers in versions
// that have none, times in other forms than the one allowed. It returns the fault,
// or nothing. The certificate has been parsed by crypto/x509 before.
func strictDER(der []byte) string {
	input := cryptobyte.String(der)
	var certificate, tbs cryptobyte.String
	if !input.ReadASN1(&certificate, asn1.SEQUENCE) || !input.Empty() ||
		!certificate.ReadASN1(&tbs, asn1.SEQUENCE) {
		return "malformed certificate"
	}
	if !certificate.SkipASN1(asn1.SEQUENCE) || !certificate.SkipASN1(asn1.BIT_STRING) || !certificate.Empty() {
		return "data after the signature"
	}
	return strictTBS(tbs)
}

func strictTBS(tbs cryptobyte.String) string {
	version := 0
	var explicit, validity cryptobyte.String
	var versioned bool
	if !tbs.ReadOptionalASN1(&explicit, &versioned, tagVersion) ||
		versioned && (!explicit.ReadASN1Integer(&version) || !explicit.Empty() || version == 0) {
		return "malformed version" // version 1 is the default, which DER leaves out
	}
	if !skip(&tbs, asn1.INTEGER, asn1.SEQUENCE, asn1.SEQUENCE) || // serial number, algorithm, issuer
		!tbs.ReadASN1(&validity, asn1.SEQUENCE) || !strictValidity(validity) {
		return "malformed validity"
	}
	if !skip(&tbs, asn1.SEQUENCE, asn1.SEQUENCE) {
		return "malformed subject or key"
	}
	uniqueIDs := tbs.PeekASN1Tag(tagIssuerUID) || tbs.PeekASN1Tag(tagSubjectUID)
	if uniqueIDs && version < 1 || !tbs.SkipOptionalASN1(tagIssuerUID) || !tbs.SkipOptionalASN1(tagSubjectUID) {
		return "unique identifiers in version 1"
	}
	extensions := tbs.PeekASN1Tag(tagExtensions)
	if extensions && version != 2 || !tbs.SkipOptionalASN1(tagExtensions) {
		return "extensions in a version other than 3"
	}
	if !tbs.Empty() {
		return "data after the extensions"
	}
	return ""
}

func skip(s *cryptobyte.String, tags ...asn1.Tag) bool {
	for _, tag := range tags {
		if !s.SkipASN1(tag) {
			return false
		}
	}
	return true
}

func strictValidity(validity cryptobyte.String) bool {
	notBefore := strictTime(&validity)
	notAfter := strictTime(&validity)
	return notBefore && notAfter && validity.Empty()
}

// strictTime reads a time in one of the two forms that RFC 5280 section 4.1.2.5 allows:
// to the second, in UTC, no fractions.
func strictTime(s *cryptobyte.String) bool {
	const utc, generalized = len("YYMMDDHHMMSSZ"), len("YYYYMMDDHHMMSSZ")
	var value cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&value, &tag) || len(value) == 0 || value[len(value)-1] != 'Z' {
		return false
	}
	return tag == asn1.UTCTime && len(value) == utc || tag == asn1.GeneralizedTime && len(value) == generalized
}
