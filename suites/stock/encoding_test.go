package stock_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"time"
)

// outer is Certificate of RFC 5280 §4.1.
type outer struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// inner is TBSCertificate.
type inner struct {
	Version    int `asn1:"optional,explicit,default:0,tag:0"`
	Serial     asn1.RawValue
	Algorithm  asn1.RawValue
	Issuer     asn1.RawValue
	Validity   struct{ From, To asn1.RawValue }
	Subject    asn1.RawValue
	PublicKey  asn1.RawValue
	IssuerID   asn1.BitString   `asn1:"optional,tag:1"`
	SubjectID  asn1.BitString   `asn1:"optional,tag:2"`
	Extensions []pkix.Extension `asn1:"optional,explicit,tag:3"`
}

// reencodes reports an error unless the certificate is the one encoding that DER
// has of what it says (RFC 5280 §4.1): what is decoded and encoded again must be
// the same bytes.
func reencodes(c *x509.Certificate) error {
	var o outer
	if !same(c.Raw, &o) {
		return errors.New("the certificate is not in DER")
	}
	var i inner
	if !same(c.RawTBSCertificate, &i) {
		return errors.New("the signed part of the certificate is not in DER")
	}
	if i.Version != 2 && len(i.Extensions) > 0 { // RFC 5280 §4.1.2.1; crypto/x509 overlooks them
		return errors.New("extensions need version 3")
	}
	if i.Version == 0 && (i.IssuerID.BitLength > 0 || i.SubjectID.BitLength > 0) {
		return errors.New("unique identifiers need version 2")
	}
	if !written(i.Validity.From, c.NotBefore) || !written(i.Validity.To, c.NotAfter) {
		return errors.New("the dates are not in DER")
	}
	return nil
}

func same[T any](der []byte, value *T) bool {
	rest, err := asn1.Unmarshal(der, value)
	if err != nil || len(rest) > 0 {
		return false
	}
	again, err := asn1.Marshal(*value)
	return err == nil && bytes.Equal(again, der)
}

// written reports whether a time stands there as RFC 5280 §4.1.2.5 has it:
// with seconds, and in UTC.
func written(raw asn1.RawValue, t time.Time) bool {
	layout := map[int]string{asn1.TagUTCTime: "060102150405Z", asn1.TagGeneralizedTime: "20060102150405Z"}[raw.Tag]
	return t.UTC().Format(layout) == string(raw.Bytes)
}
