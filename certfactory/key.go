package certfactory

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"io"
)

// An Alg is a kind of key.
type Alg int

// The kinds of key that a [Factory] makes. The zero value is P256.
const (
	P256 Alg = iota
	P224
	P384
	P521
	Ed25519
	RSA512 // signs through an own implementation: crypto/rsa refuses fewer than 1024 bits
	RSA1024
	RSA2047
	RSA2048
	RSA3072
	RSA4096
	RSA8192
)

var algNames = [...]string{
	P256: "p256", P224: "p224", P384: "p384", P521: "p521", Ed25519: "ed25519", RSA512: "rsa512", RSA1024: "rsa1024",
	RSA2047: "rsa2047", RSA2048: "rsa2048", RSA3072: "rsa3072", RSA4096: "rsa4096", RSA8192: "rsa8192",
}

// String returns the name in lower case: "p256", "ed25519", "rsa2048".
func (a Alg) String() string {
	if a < 0 || int(a) >= len(algNames) {
		return fmt.Sprintf("Alg(%d)", int(a))
	}
	return algNames[a]
}

// ParseAlg reads the form that String prints.
func ParseAlg(s string) (Alg, error) {
	for a, name := range algNames {
		if name == s {
			return Alg(a), nil
		}
	}
	return 0, fmt.Errorf("parse key algorithm: no %q", s)
}

// rsaBits returns the length of the modulus, 0 for what is not RSA.
func (a Alg) rsaBits() int {
	return map[Alg]int{
		RSA512: 512, RSA1024: 1024, RSA2047: 2047, RSA2048: 2048, RSA3072: 3072, RSA4096: 4096, RSA8192: 8192,
	}[a]
}

func (a Alg) curve() elliptic.Curve {
	switch a {
	case P224:
		return elliptic.P224()
	case P256:
		return elliptic.P256()
	case P384:
		return elliptic.P384()
	case P521:
		return elliptic.P521()
	}
	return nil
}

// deriveECDSA takes the first scalar of the stream that lies within the order of
// the curve (FIPS 186-5, A.2.2). [ecdsa.GenerateKey] would ignore the stream.
func deriveECDSA(curve elliptic.Curve, r io.Reader) *ecdsa.PrivateKey {
	bits := curve.Params().N.BitLen()
	scalar := make([]byte, (bits+7)/8)
	for {
		fill(r, scalar)
		if bits%8 != 0 {
			scalar[0] &= 1<<(bits%8) - 1
		}
		if key, err := ecdsa.ParseRawPrivateKey(curve, scalar); err == nil {
			return key
		}
	}
}

func deriveEd25519(r io.Reader) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	fill(r, seed)
	return ed25519.NewKeyFromSeed(seed)
}

// An OddKey is a key that the standard library cannot put into a certificate,
// or that should not fit what the certificate says.
type OddKey struct {
	// Signer signs. What its Public method returns decides which signature
	// schemes crypto/tls uses, and need not fit Info.
	crypto.Signer
	// Info is the whole SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
	Info []byte
}

// publicKeyInfo returns the SubjectPublicKeyInfo of a key.
func publicKeyInfo(key crypto.Signer) ([]byte, error) {
	if odd, ok := key.(OddKey); ok {
		return odd.Info, nil
	}
	info, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return info, nil
}
