package certfactory

import (
	"crypto"
	"crypto/sha1"
	"encoding/hex"
	"encoding/pem"
)

// A Presentation is what one device does on one connection, and what must stand
// on the platform before.
type Presentation struct {
	// Chain is what is sent, in that order; an entry may hold any bytes.
	Chain [][]byte
	// Key signs the handshake. It need not fit the device's certificate.
	Key crypto.Signer
	// Anchors are to be uploaded first. None: the tenant must trust nothing that
	// is in the chain.
	Anchors []Anchor
	// ClientID is the Client Identifier of the CONNECT packet (MQTT-3.1.3-3).
	ClientID string
	// MaxLength is the maximum chain length to which the platform must be set.
	// Always filled in; at least 2.
	MaxLength int
}

// An Anchor is a certificate to be uploaded as trusted.
type Anchor struct {
	Name   string // unique within a tenant
	DER    []byte
	Tenant int // 0 is the first tenant, 1 the second

	Disabled         bool // uploaded with status DISABLED
	AutoRegistration bool // the flag autoRegistrationEnabled
}

// Fingerprint is how the platform's API names a certificate: the SHA-1 of the DER
// in lower-case hex.
func Fingerprint(der []byte) string {
	sum := sha1.Sum(der)
	return hex.EncodeToString(sum[:])
}

// Chain returns a certificate and all its issuers in order, the self-signed one
// last.
func Chain(leaf *Certificate) ([][]byte, error) {
	var chain [][]byte
	for c := leaf; c != nil; c = c.issuer {
		der, err := c.DER()
		if err != nil {
			return nil, err
		}
		chain = append(chain, der)
	}
	return chain, nil
}

// PEM returns certificates as PEM text (RFC 7468 §5), one after the other.
func PEM(der ...[]byte) []byte {
	var text []byte
	for _, d := range der {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d})...)
	}
	return text
}
