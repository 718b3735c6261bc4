package store

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
)

// A Format is how a store is laid out in a file. The zero value leaves the choice:
// [Open] goes by the bytes, [Encode] takes PKCS12.
type Format int

// The formats that are read and written.
const (
	PEM    Format = iota + 1 // text (RFC 7468)
	PKCS12                   // RFC 7292
	JKS                      // Java's own, up to Java 8 its default
)

// String returns the name in lower case, "auto" for the zero value.
func (f Format) String() string {
	switch f {
	case PEM:
		return "pem"
	case PKCS12:
		return "pkcs12"
	case JKS:
		return "jks"
	}
	return "auto"
}

// ParseFormat reads the form that String prints.
func ParseFormat(s string) (Format, error) {
	for _, f := range []Format{0, PEM, PKCS12, JKS} {
		if f.String() == s {
			return f, nil
		}
	}
	return 0, fmt.Errorf("store format %q is none of auto, pem, pkcs12, jks", s)
}

// What files turn out to be, in the words of a message.
const (
	formPEM    = "PEM"
	formPKCS12 = "PKCS#12"
	formJKS    = "JKS"
)

// Magic numbers of Java's stores.
const (
	magicJKS   = 0xfeedfeed
	magicJCEKS = 0xcececece
)

// form returns the format in the words of a message.
func (f Format) form() string {
	switch f {
	case PEM:
		return formPEM
	case JKS:
		return formJKS
	default:
		return formPKCS12
	}
}

var errEmpty = errors.New("file is empty")

func checkSize(data []byte) error {
	switch {
	case len(data) == 0:
		return errEmpty
	case len(data) > maxSize:
		return fmt.Errorf("file of %d bytes: %w", len(data), ErrLimit)
	}
	return nil
}

// recognise says what a file is, going by its bytes and never by its name.
func recognise(data []byte) string {
	if len(data) >= 4 {
		switch binary.BigEndian.Uint32(data) {
		case magicJKS:
			return formJKS
		case magicJCEKS:
			return "JCEKS"
		}
	}
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return "text in UTF-16"
	case bytes.HasPrefix(data, []byte{0x30}):
		return recogniseDER(data)
	case bytes.HasPrefix(bytes.TrimPrefix(data, utf8Mark), pemBegin), bytes.Contains(data, append([]byte("\n"), pemBegin...)):
		return formPEM
	}
	return "of no known format"
}

// recogniseDER tells apart what begins with a SEQUENCE.
func recogniseDER(data []byte) string {
	var sequence asn1.RawValue
	if _, err := asn1.Unmarshal(data, &sequence); err != nil {
		// It may be cut short, or BER: a PKCS #12 file begins with its version.
		if i := bytes.Index(data[:min(len(data), 16)], []byte{0x02, 0x01, 0x03, 0x30}); i > 0 {
			return formPKCS12
		}
		return "DER that is cut short, or no DER"
	}
	if bytes.HasPrefix(sequence.Bytes, []byte{0x02, 0x01, 0x03, 0x30}) {
		return formPKCS12
	}
	if _, err := x509.ParseCertificate(data); err == nil {
		return "a certificate in DER"
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		return "a signing request in DER"
	}
	for _, label := range []string{labelKey, labelECKey, labelRSAKey} {
		if _, err := keyOfLabel(label, data); err == nil {
			return "a private key in DER"
		}
	}
	var enc encryptedKey
	if unmarshal(data, &enc) == nil {
		return "an encrypted private key in DER"
	}
	return "DER of no known kind"
}
