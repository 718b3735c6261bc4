package cases

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// Distinguished names (RFC 5280 §4.1.2.4) as DER.

// Identifiers of attributes.
var (
	oidCN      = certfactory.OID(2, 5, 4, 3)
	oidSurname = certfactory.OID(2, 5, 4, 4)
	oidO       = certfactory.OID(2, 5, 4, 10)
	oidOU      = certfactory.OID(2, 5, 4, 11)
)

// atv is one AttributeTypeAndValue.
func atv(id []byte, tag byte, value []byte) []byte {
	return sequence(id, certfactory.Element(tag, value))
}

// rdn is one RelativeDistinguishedName of so many attributes, sorted as DER wants
// a SET OF.
func rdn(atvs ...[]byte) []byte {
	slices.SortFunc(atvs, bytes.Compare)
	return certfactory.Element(certfactory.TagSet, atvs...)
}

// organization is the RDN that every subject of the factory begins with.
func organization() []byte {
	return rdn(atv(oidO, certfactory.TagPrintableString, []byte(certfactory.Organization)))
}

// subject sets the subject as it is encoded.
func subject(name []byte) option {
	return certfactory.With(func(t *x509.Certificate) { t.RawSubject = name })
}

// rdnsOf takes a name apart. What is no SEQUENCE has no RDNs.
func rdnsOf(name []byte) [][]byte {
	var list []asn1.RawValue
	if _, err := asn1.Unmarshal(name, &list); err != nil {
		return nil
	}
	var rdns [][]byte
	for _, r := range list {
		rdns = append(rdns, r.FullBytes)
	}
	return rdns
}

// stringIn returns the value of the first attribute of an RDN.
func stringIn(rdn []byte) []byte {
	var set struct {
		ATV struct {
			ID    asn1.ObjectIdentifier
			Value asn1.RawValue
		}
	}
	if _, err := asn1.UnmarshalWithParams(rdn, &set, "set"); err != nil {
		return nil
	}
	return set.ATV.Value.Bytes
}
