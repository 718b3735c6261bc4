package certfactory

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
)

// PlainRSA returns a signer for a key that crypto/rsa refuses to sign with: a
// modulus below 1024 bits, an exponent of 1, more primes than two. It needs N, E
// and D alone, signs PKCS #1 v1.5 and PSS (RFC 8017 §8) with SHA-256 and takes no
// care of timing.
func PlainRSA(key *rsa.PrivateKey) OddKey {
	// The encoder of x509 looks at neither the length nor the exponent.
	info, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return OddKey{Signer: plainRSA{key}, Info: info}
}

type plainRSA struct{ key *rsa.PrivateKey }

func (s plainRSA) Public() crypto.PublicKey { return &s.key.PublicKey }

// sha256Prefix is the DER before the digest in a DigestInfo (RFC 8017 §9.2).
var sha256Prefix = []byte{
	0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
}

func (s plainRSA) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 {
		return nil, errors.New("sign with plain RSA: only SHA-256 is known")
	}
	bits := s.key.N.BitLen()
	encode := encodePKCS1
	if _, pss := opts.(*rsa.PSSOptions); pss {
		encode = encodePSS
	}
	message, err := encode(digest, bits)
	if err != nil {
		return nil, err
	}
	c := new(big.Int).Exp(new(big.Int).SetBytes(message), s.key.D, s.key.N)
	return c.FillBytes(make([]byte, (bits+7)/8)), nil
}

var errKeyTooShort = errors.New("sign with plain RSA: key too short for the digest")

// encodePKCS1 is EMSA-PKCS1-v1_5 (RFC 8017 §9.2).
func encodePKCS1(digest []byte, bits int) ([]byte, error) {
	size := (bits + 7) / 8
	padding := size - 3 - len(sha256Prefix) - len(digest)
	if padding < 8 {
		return nil, errKeyTooShort
	}
	m := make([]byte, 0, size)
	m = append(m, 0, 1)
	for range padding {
		m = append(m, 0xff)
	}
	m = append(m, 0)
	m = append(m, sha256Prefix...)
	return append(m, digest...), nil
}

// encodePSS is EMSA-PSS (RFC 8017 §9.1.1) with a salt of zeros: a salt need not
// be random to be verified.
func encodePSS(digest []byte, bits int) ([]byte, error) {
	salt := make([]byte, sha256.Size)
	size := (bits - 1 + 7) / 8
	if size < 2*sha256.Size+2 {
		return nil, errKeyTooShort
	}
	h := sha256.New()
	h.Write(make([]byte, 8))
	h.Write(digest)
	h.Write(salt)
	sum := h.Sum(nil)
	db := make([]byte, size-sha256.Size-1)
	db[len(db)-len(salt)-1] = 1
	for i := range db {
		block := sha256.Sum256(append(sum[:sha256.Size:sha256.Size], 0, 0, 0, byte(i/sha256.Size)))
		db[i] ^= block[i%sha256.Size]
	}
	db[0] &= 0xff >> (8*size - (bits - 1))
	return append(append(db, sum...), 0xbc), nil
}
