package store

import (
	"crypto/x509/pkix"
	"encoding/asn1"
)

// Identifiers of RFC 7292 and RFC 2985, and Java's own.
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}

	oidKeyBag         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidShroudedKeyBag = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidCertBag        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}

	oidX509Certificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidFriendlyName    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 20}
	oidLocalKeyID      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 21}

	// oidTrustedKeyUsage marks a certificate that Java trusts. Without it
	// keytool shows nothing of a certificate that has no key.
	oidTrustedKeyUsage = asn1.ObjectIdentifier{2, 16, 840, 1, 113894, 746875, 1, 1}
	oidAnyUsage        = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
)

// The structures of RFC 7292 §4 and RFC 2315. What is tagged [0] is kept raw, as
// encoding/asn1 does not write the tag of a RawValue; so is a list, as it would
// allocate a gigabyte for one of some million empty elements.

type pfx struct {
	Version  int
	AuthSafe contentInfo
	MAC      macData `asn1:"optional"`
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue // [0] EXPLICIT
}

type encryptedData struct {
	Version int
	Info    encryptedContentInfo
}

type encryptedContentInfo struct {
	Type      asn1.ObjectIdentifier
	Algorithm pkix.AlgorithmIdentifier
	Content   []byte `asn1:"tag:0,optional"`
}

// encryptedKey is EncryptedPrivateKeyInfo (RFC 5958 §3).
type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type safeBag struct {
	ID         asn1.ObjectIdentifier
	Value      asn1.RawValue // [0] EXPLICIT
	Attributes asn1.RawValue `asn1:"optional"` // SET OF attribute
}

type attribute struct {
	ID     asn1.ObjectIdentifier
	Values asn1.RawValue // SET
}

type certBag struct {
	ID   asn1.ObjectIdentifier
	Data asn1.RawValue // [0] EXPLICIT
}

type macData struct {
	MAC        digestInfo
	Salt       []byte
	Iterations int `asn1:"optional,default:1"`
}

type digestInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

// explicit returns an element in the tag [0].
func explicit(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der}
}

// within returns what is in an element tagged [0].
func within(v asn1.RawValue) ([]byte, error) {
	if v.Class != asn1.ClassContextSpecific || v.Tag != 0 || !v.IsCompound {
		return nil, errDER
	}
	return v.Bytes, nil
}

// octetsWithin returns the content of the OCTET STRING in an element tagged [0].
func octetsWithin(v asn1.RawValue) ([]byte, error) {
	der, err := within(v)
	if err != nil {
		return nil, err
	}
	if len(der) > 0 && der[0] == 0x24 {
		return nil, errBER
	}
	var octets []byte
	if err := unmarshal(der, &octets); err != nil {
		return nil, err
	}
	return octets, nil
}
