package inspect

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

// A Certificate is what one wants to know of a certificate.
type Certificate struct {
	Subject            string    `json:"subject,omitempty"`
	Issuer             string    `json:"issuer,omitempty"`
	SelfIssued         bool      `json:"selfIssued,omitempty"`
	SerialNumber       string    `json:"serialNumber,omitempty"` // hexadecimal
	Version            int       `json:"version,omitempty"`
	NotBefore          time.Time `json:"notBefore,omitzero"`
	NotAfter           time.Time `json:"notAfter,omitzero"`
	Key                string    `json:"key,omitempty"`
	SignatureAlgorithm string    `json:"signatureAlgorithm,omitempty"`

	BasicConstraints string   `json:"basicConstraints,omitempty"` // "CA:TRUE, pathlen:0"
	KeyUsage         []string `json:"keyUsage,omitempty"`         // the names of RFC 5280 §4.2.1.3
	ExtKeyUsage      []string `json:"extKeyUsage,omitempty"`
	Names            []string `json:"names,omitempty"` // DNS names and addresses of subjectAltName
	SubjectKeyID     string   `json:"subjectKeyIdentifier,omitempty"`
	AuthorityKeyID   string   `json:"authorityKeyIdentifier,omitempty"`

	SHA256     string `json:"sha256"`
	Unreadable string `json:"unreadable,omitempty"` // why the rest is empty
}

// A Key is what may be said of a private key.
type Key struct {
	Algorithm string `json:"algorithm,omitempty"` // empty: it stayed closed
	// Encrypted and InTheClear are for PEM, where each key decides for itself.
	Encrypted  bool `json:"encrypted,omitempty"`
	InTheClear bool `json:"inTheClear,omitempty"`

	rsaBits int
}

// A Request is what one wants to know of a signing request.
type Request struct {
	Subject            string   `json:"subject,omitempty"`
	Key                string   `json:"key,omitempty"`
	SignatureAlgorithm string   `json:"signatureAlgorithm,omitempty"`
	Names              []string `json:"names,omitempty"`
	Unreadable         string   `json:"unreadable,omitempty"`
}

// A RevocationList is what one wants to know of a CRL.
type RevocationList struct {
	Issuer             string    `json:"issuer,omitempty"`
	Number             string    `json:"number,omitempty"` // hexadecimal; empty: none
	ThisUpdate         time.Time `json:"thisUpdate,omitzero"`
	NextUpdate         time.Time `json:"nextUpdate,omitzero"`
	SignatureAlgorithm string    `json:"signatureAlgorithm,omitempty"`
	AuthorityKeyID     string    `json:"authorityKeyIdentifier,omitempty"`
	Revoked            []Revoked `json:"revoked,omitempty"`
	Unreadable         string    `json:"unreadable,omitempty"`
}

// Revoked is one line of a CRL.
type Revoked struct {
	SerialNumber string    `json:"serialNumber"` // hexadecimal
	At           time.Time `json:"at"`
	Reason       int       `json:"reason,omitempty"` // CRLReason (RFC 5280 §5.3.1)
}

// DescribeCertificate describes a certificate in DER. One that cannot be read has a
// fingerprint and the reason only.
func DescribeCertificate(der []byte) Certificate {
	sum := sha256.Sum256(der)
	c := Certificate{SHA256: colons(sum[:])}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		c.Unreadable = err.Error()
		return c
	}
	c.Subject, c.Issuer = cert.Subject.String(), cert.Issuer.String()
	c.SelfIssued = bytes.Equal(cert.RawSubject, cert.RawIssuer)
	c.SerialNumber = fmt.Sprintf("%X", cert.SerialNumber)
	c.Version = cert.Version
	c.NotBefore, c.NotAfter = cert.NotBefore.UTC(), cert.NotAfter.UTC()
	c.Key, c.SignatureAlgorithm = KeyName(cert.PublicKey), cert.SignatureAlgorithm.String()
	if cert.BasicConstraintsValid {
		c.BasicConstraints = basicConstraints(cert)
	}
	c.KeyUsage, c.ExtKeyUsage = keyUsage(cert.KeyUsage), extKeyUsage(cert)
	c.Names = append(c.Names, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		c.Names = append(c.Names, ip.String())
	}
	c.SubjectKeyID, c.AuthorityKeyID = colons(cert.SubjectKeyId), colons(cert.AuthorityKeyId)
	return c
}

func describeAll(chain [][]byte) []Certificate {
	list := make([]Certificate, 0, len(chain))
	for _, der := range chain {
		list = append(list, DescribeCertificate(der))
	}
	return list
}

func describeKey(key crypto.Signer) *Key {
	return &Key{Algorithm: KeyName(key.Public()), rsaBits: rsaBits(key.Public())}
}

func describeRequest(r *x509.CertificateRequest) *Request {
	described := &Request{
		Subject: r.Subject.String(), Key: KeyName(r.PublicKey), SignatureAlgorithm: r.SignatureAlgorithm.String(), Names: r.DNSNames,
	}
	for _, ip := range r.IPAddresses {
		described.Names = append(described.Names, ip.String())
	}
	return described
}

func describeRevocationList(list *x509.RevocationList) *RevocationList {
	described := &RevocationList{
		Issuer: list.Issuer.String(), ThisUpdate: list.ThisUpdate.UTC(), NextUpdate: list.NextUpdate.UTC(),
		SignatureAlgorithm: list.SignatureAlgorithm.String(), AuthorityKeyID: colons(list.AuthorityKeyId),
	}
	if list.Number != nil {
		described.Number = fmt.Sprintf("%X", list.Number)
	}
	for _, e := range list.RevokedCertificateEntries {
		described.Revoked = append(described.Revoked, Revoked{fmt.Sprintf("%X", e.SerialNumber), e.RevocationTime.UTC(), e.ReasonCode})
	}
	return described
}

// KeyName names the kind and the length of a public key.
func KeyName(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return "of an unknown kind"
}

func basicConstraints(cert *x509.Certificate) string {
	switch {
	case !cert.IsCA:
		return "CA:FALSE"
	case pathLen(cert) >= 0:
		return fmt.Sprintf("CA:TRUE, pathlen:%d", pathLen(cert))
	}
	return "CA:TRUE"
}

// pathLen is the pathLenConstraint, -1 for none.
func pathLen(cert *x509.Certificate) int {
	if cert.MaxPathLen > 0 || cert.MaxPathLen == 0 && cert.MaxPathLenZero {
		return cert.MaxPathLen
	}
	return -1
}

func keyUsage(usage x509.KeyUsage) []string {
	var list []string
	for i, name := range []string{
		"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
		"keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
	} {
		if usage&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	return list
}

func extKeyUsage(cert *x509.Certificate) []string {
	var list []string
	for _, usage := range cert.ExtKeyUsage {
		list = append(list, usage.String())
	}
	for _, oid := range cert.UnknownExtKeyUsage {
		list = append(list, oid.String())
	}
	return list
}

// colons prints bytes as OpenSSL and keytool print fingerprints.
func colons(b []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", b), " ", ":")
}
