package rest

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"unicode"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemTail  = "-----"
)

// readCertificate reads the one certificate of a certInPemFormat. Programs send it in
// several forms: PEM as it is, PEM with its line ends removed (DC-REST-04) or with lines
// indented, and base64 alone; `openssl x509 -text` puts a description in front.
//
// A value that holds anything besides, another certificate or even a key, is refused
// as a whole: what was not meant to be uploaded must not be taken half.
func readCertificate(value string, d deviation.Set) (*x509.Certificate, error) {
	body, err := pemBody(value, d)
	if err != nil {
		return nil, err
	}
	squeezed := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, body)
	der, err := base64.StdEncoding.Strict().DecodeString(squeezed)
	if err != nil {
		return nil, errors.New("the certificate is not base64")
	}
	if len(der) == 0 {
		return nil, errors.New("the certificate is empty")
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errors.New("not an X.509 certificate")
	}
	return certificate, nil
}

// pemBody returns what stands between the lines of hyphens, or all of a value that has none.
func pemBody(value string, d deviation.Set) (string, error) {
	before, rest, found := strings.Cut(value, pemBegin)
	if !found {
		return value, nil
	}
	if fault := pemQuibble(before, value, d); fault != "" {
		return "", errors.New(fault)
	}
	label, rest, found := strings.Cut(rest, pemTail)
	if !found || label != "CERTIFICATE" && label != "X509 CERTIFICATE" { // RFC 7468 section 5.1
		return "", errors.New("the PEM label is not CERTIFICATE")
	}
	body, rest, found := strings.Cut(rest, pemEnd+label+pemTail)
	if !found && !d.Has(deviation.FooterOptional) {
		return "", errors.New("the PEM footer is missing")
	}
	if strings.Contains(rest, pemBegin) && !d.Has(deviation.TakesFirstPEMBlock) {
		return "", errors.New("more than one PEM block")
	}
	return body, nil
}
