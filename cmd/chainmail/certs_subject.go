package main

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
)

// registerSubject adds a flag for every field of a name.
func registerSubject(flags *pflag.FlagSet, s *cadir.Subject, commonName string) {
	flags.StringVar(&s.CommonName, "name", "", "common name "+commonName)
	flags.StringVar(&s.Country, "country", "", "country of the subject, two letters")
	flags.StringVar(&s.StateOrProvince, "state", "", "state or province of the subject")
	flags.StringVar(&s.Locality, "locality", "", "locality of the subject")
	flags.StringVar(&s.Organization, "organization", "", "organization of the subject")
	flags.StringVar(&s.OrganizationalUnit, "unit", "", "organizational unit of the subject")
	flags.StringVar(&s.EmailAddress, "email", "", "e-mail address of the subject")
}

// A profile is a way of making keys and CA certificates.
type profile struct {
	alg     certfactory.Alg
	pathLen int // of CA certificates; below 0: none
}

// profiles by name. The path length is the one that the specification prints in
// its configuration.
var profiles = map[string]profile{
	"p256": {certfactory.P256, -1},
	"spec": {certfactory.RSA4096, 10},
}

const profileUsage = "p256: ECDSA on P-256; spec: RSA of 4096 bits"

func profileOf(name string) (profile, error) {
	p, ok := profiles[name]
	if !ok {
		return p, usage("", "--profile %s: want p256 or spec", name)
	}
	return p, nil
}

// fingerprint is the SHA-256 of a certificate as OpenSSL and keytool print it.
func fingerprint(der []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(der)), " ", ":")
}

func validity(cert *x509.Certificate) string {
	return cert.NotBefore.UTC().Format(time.DateTime) + " to " + cert.NotAfter.UTC().Format(time.DateTime) + " UTC"
}

// certificateRows tells the least that one wants to know of a new certificate.
func certificateRows(cert *x509.Certificate) []row {
	return []row{
		{"subject", printable(cert.Subject.String())},
		{"issuer", printable(cert.Issuer.String())},
		{"serial number", fmt.Sprintf("%X", cert.SerialNumber)},
		{"valid", validity(cert)},
		{"SHA-256", fingerprint(cert.Raw)},
	}
}

// printable quotes a text of others that would do more to a terminal than show itself.
func printable(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) || r == '\ufffd' {
			return strconv.Quote(s)
		}
	}
	return s
}
