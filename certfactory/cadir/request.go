package cadir

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// minRSABits is the least length of an RSA key (DC-CERT-05).
const minRSABits = 2048

// NewRequest makes a signing request (PKCS #10, RFC 2986) for a key, as DER.
func NewRequest(key crypto.Signer, subject Subject) ([]byte, error) {
	name, err := subject.der()
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if err := checkKey(key.Public()); err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	algorithm, err := algorithmOf(key.Public(), crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	template := &x509.CertificateRequest{RawSubject: name, SignatureAlgorithm: algorithm}
	// Without a source of randomness the signature is deterministic (RFC 6979).
	der, err := x509.CreateCertificateRequest(nil, template, key)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	return der, nil
}

// ParseRequest reads a signing request, PEM or DER, and verifies its signature:
// whoever asks has to hold the private key.
func ParseRequest(data []byte) (*x509.CertificateRequest, error) {
	der := data
	if block, _ := pem.Decode(data); block != nil {
		// "NEW" is what older tools write.
		if block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" {
			return nil, fmt.Errorf("read request: PEM holds a %s", block.Type)
		}
		der = block.Bytes
	} else if bytes.Contains(data, []byte("-----BEGIN ")) {
		return nil, errors.New("read request: PEM block does not end, or cannot be decoded")
	}
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("verify request: %w", err)
	}
	return r, nil
}

// MarshalRequest returns a request as PEM.
func MarshalRequest(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

// checkKey refuses keys that the specification calls no longer safe, and kinds
// that nothing here can verify.
func checkKey(public crypto.PublicKey) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits {
			return fmt.Errorf("RSA key of %d bits, want at least %d", bits, minRSABits)
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P224() {
			return errors.New("ECDSA key on P-224, want at least P-256")
		}
	case ed25519.PublicKey:
	default:
		return fmt.Errorf("key of type %T is not known", public)
	}
	return nil
}

// algorithmOf names the signature algorithm of a key with a hash.
func algorithmOf(public crypto.PublicKey, hash crypto.Hash) (x509.SignatureAlgorithm, error) {
	var list map[crypto.Hash]x509.SignatureAlgorithm
	switch public.(type) {
	case *rsa.PublicKey:
		list = map[crypto.Hash]x509.SignatureAlgorithm{
			crypto.SHA256: x509.SHA256WithRSA, crypto.SHA384: x509.SHA384WithRSA, crypto.SHA512: x509.SHA512WithRSA,
		}
	case *ecdsa.PublicKey:
		list = map[crypto.Hash]x509.SignatureAlgorithm{
			crypto.SHA256: x509.ECDSAWithSHA256, crypto.SHA384: x509.ECDSAWithSHA384, crypto.SHA512: x509.ECDSAWithSHA512,
		}
	case ed25519.PublicKey:
		return x509.PureEd25519, nil // hashes by itself
	}
	if algorithm, ok := list[hash]; ok {
		return algorithm, nil
	}
	return 0, fmt.Errorf("no signature algorithm for a key of type %T with %v", public, hash)
}
