package store

import (
	"encoding/asn1"
	"errors"
	"fmt"
)

// What is said of bytes that are no DER. The reader of the standard library
// speaks of Go structs, which helps nobody who looks for a fault in a file.
var (
	errCut      = errors.New("DER is cut short")
	errTrailing = errors.New("there are bytes behind the end of the DER")
	errDER      = errors.New("DER is not as the format asks")
	errBER      = errors.New("BER of indefinite length is not read: rewrite the file with openssl pkcs12")
)

// unmarshal reads one DER element and refuses anything behind it.
func unmarshal(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err != nil {
		return derError(der)
	}
	if len(rest) > 0 {
		return errTrailing
	}
	return nil
}

// listOf returns the elements of a SEQUENCE OF or, with that tag, a SET OF. It is
// an error if there are more than any file needs.
func listOf[T any](der []byte, tag int) ([]T, error) {
	var outer asn1.RawValue
	if err := unmarshal(der, &outer); err != nil {
		return nil, err
	}
	if outer.Class != asn1.ClassUniversal || outer.Tag != tag || !outer.IsCompound {
		return nil, errDER
	}
	var list []T
	for rest := outer.Bytes; len(rest) > 0; {
		if len(list) > maxCertificates {
			return nil, fmt.Errorf("list of more than %d: %w", maxCertificates, ErrLimit)
		}
		var v T
		behind, err := asn1.Unmarshal(rest, &v)
		if err != nil {
			return nil, errDER
		}
		list, rest = append(list, v), behind
	}
	return list, nil
}

// derError says why bytes cannot be read as one DER element.
func derError(der []byte) error {
	switch size := elementSize(der); {
	case size == 0:
		return errDER
	case size == indefinite:
		return errBER
	case size > len(der):
		return errCut
	case size < len(der):
		return errTrailing
	}
	return errDER
}

const indefinite = -1

// elementSize returns how many bytes the element takes that begins there, its
// tag and length included: 0 if that cannot be told, [indefinite] if only BER
// allows its length.
func elementSize(der []byte) int {
	switch {
	case len(der) == 0:
		return 0
	case len(der) == 1:
		return 2
	case der[0]&0x1f == 0x1f:
		return 0
	case der[1] < 0x80:
		return 2 + int(der[1])
	case der[1] == 0x80:
		return indefinite
	}
	n := int(der[1] & 0x7f)
	if n > 4 {
		return 0
	}
	if len(der) < 2+n {
		return 2 + n + 1
	}
	size := 0
	for _, b := range der[2 : 2+n] {
		size = size<<8 | int(b)
	}
	return min(size, 1<<30) + 2 + n
}

// wholeSequence says whether the bytes are exactly one SEQUENCE by tag and
// length, whatever is within. A certificate that is bad on purpose still is one.
func wholeSequence(der []byte) error {
	if len(der) == 0 || der[0] != 0x30 {
		return errDER
	}
	if elementSize(der) == len(der) {
		return nil
	}
	return derError(der)
}
