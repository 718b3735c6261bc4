package certfactory

import (
	"bytes"
	"encoding/asn1"
	"fmt"
)

// Tags of the DER elements that certificates are made of (X.690 §8).
const (
	TagBoolean         = 0x01
	TagInteger         = 0x02
	TagBitString       = 0x03
	TagOctetString     = 0x04
	TagNull            = 0x05
	TagUTF8String      = 0x0c
	TagNumericString   = 0x12
	TagPrintableString = 0x13
	TagTeletexString   = 0x14
	TagIA5String       = 0x16
	TagUTCTime         = 0x17
	TagGeneralizedTime = 0x18
	TagBMPString       = 0x1e
	TagSequence        = 0x30
	TagSet             = 0x31
)

// Element returns one DER element: tag, length, and the contents one after the
// other. The contents are taken as they are, well-formed or not.
func Element(tag byte, contents ...[]byte) []byte {
	n := 0
	for _, c := range contents {
		n += len(c)
	}
	b := make([]byte, 0, n+6)
	b = append(b, tag)
	switch {
	case n < 1<<7:
		b = append(b, byte(n))
	case n < 1<<8:
		b = append(b, 0x81, byte(n))
	case n < 1<<16:
		b = append(b, 0x82, byte(n>>8), byte(n))
	case n < 1<<24:
		b = append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
	default:
		b = append(b, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	for _, c := range contents {
		b = append(b, c...)
	}
	return b
}

// OID returns an OBJECT IDENTIFIER element. Its first two arcs must be such as
// X.690 §8.19.4 allows.
func OID(arcs ...int) []byte {
	var b []byte
	for i, arc := range arcs {
		switch i {
		case 0:
			continue
		case 1:
			arc += 40 * arcs[0]
		}
		b = append(b, base128(arc)...)
	}
	return Element(0x06, b)
}

func base128(n int) []byte {
	b := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		b = append([]byte{byte(n&0x7f) | 0x80}, b...)
	}
	return b
}

// elements takes the content of a constructed element apart into whole elements.
func elements(content []byte) ([][]byte, error) {
	var list [][]byte
	for len(content) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(content, &v)
		if err != nil {
			return nil, fmt.Errorf("read element %d: %w", len(list), err)
		}
		list = append(list, v.FullBytes)
		content = rest
	}
	return list, nil
}

// inside returns the elements within an element of that tag.
func inside(der []byte, tag byte) ([][]byte, error) {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(der, &v)
	if err != nil {
		return nil, fmt.Errorf("read element: %w", err)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("read element: %d bytes behind it", len(rest))
	}
	if der[0] != tag {
		return nil, fmt.Errorf("read element: tag %#x, want %#x", der[0], tag)
	}
	return elements(v.Bytes)
}

// hasTag reports whether a list begins with an element of that tag.
func hasTag(list [][]byte, tag byte) bool {
	return len(list) > 0 && bytes.HasPrefix(list[0], []byte{tag})
}
