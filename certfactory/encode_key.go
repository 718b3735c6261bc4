package certfactory

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
)

// ErrNoEncoding says that a key has no PKCS #8 form: it signs without there being
// a private key, or lacks the numbers that the form asks for.
var ErrNoEncoding = errors.New("the key has no PKCS #8 form")

// An encodableKey is a signer of our own that knows its PKCS #8 form.
type encodableKey interface{ MarshalPKCS8() ([]byte, error) }

// MarshalPKCS8 returns a private key as PKCS #8 (RFC 5958), odd ones too where
// that can be. It is the private key that signs, whatever a certificate says. The
// error is [ErrNoEncoding] where there is no such form.
func MarshalPKCS8(key crypto.Signer) ([]byte, error) {
	switch k := key.(type) {
	case OddKey:
		return MarshalPKCS8(k.Signer)
	case encodableKey:
		return k.MarshalPKCS8()
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w: %w", ErrNoEncoding, err)
	}
	return der, nil
}

// MarshalPKCS8 encodes keys that crypto/x509 would not take for their length or
// exponent.
func (s plainRSA) MarshalPKCS8() ([]byte, error) {
	if len(s.key.Primes) != 2 {
		return nil, fmt.Errorf("encode RSA key: %w: it has not two primes", ErrNoEncoding)
	}
	algorithm := Element(TagSequence, OID(1, 2, 840, 113549, 1, 1, 1), Element(TagNull))
	return privateKeyInfo(algorithm, pkcs1(s.key)), nil
}

// pkcs1 is an RSAPrivateKey (RFC 8017 §A.1.2).
func pkcs1(key *rsa.PrivateKey) []byte {
	p, q, one := key.Primes[0], key.Primes[1], big.NewInt(1)
	modulo := func(prime *big.Int) *big.Int { return new(big.Int).Mod(key.D, new(big.Int).Sub(prime, one)) }
	return Element(TagSequence,
		bigInteger(new(big.Int)), bigInteger(key.N), bigInteger(big.NewInt(int64(key.E))), bigInteger(key.D), bigInteger(p), bigInteger(q),
		bigInteger(modulo(p)), bigInteger(modulo(q)), bigInteger(new(big.Int).ModInverse(q, p)))
}

// privateKeyInfo is a PrivateKeyInfo (RFC 5958 §2).
func privateKeyInfo(algorithm, key []byte) []byte {
	return Element(TagSequence, bigInteger(new(big.Int)), algorithm, Element(TagOctetString, key))
}

// bigInteger encodes an INTEGER that is not negative.
func bigInteger(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return Element(TagInteger, b)
}
