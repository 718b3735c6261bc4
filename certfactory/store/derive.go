package store

import (
	"bytes"
	"crypto"
	"crypto/pbkdf2"
	_ "crypto/sha1"   // registers the hash of older files
	_ "crypto/sha256" // registers the hash of today's
	_ "crypto/sha512" // registers the hash of some
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"unicode/utf16"
)

// A secret is a password in the two forms that keys are derived from.
type secret struct {
	utf8 string // for PBKDF2
	// bmp is for the derivation of PKCS #12: big-endian UTF-16 with a zero at
	// the end (RFC 7292 appendix B.1).
	bmp []byte
}

func newSecret(p Password) secret {
	return secret{utf8: string(p), bmp: append(bmpString(string(p)), 0, 0)}
}

// bmpString returns the big-endian UTF-16 form of a text.
func bmpString(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units)+2)
	for _, u := range units {
		b = append(b, byte(u>>8), byte(u))
	}
	return b
}

// textOfBMP is the inverse of [bmpString].
func textOfBMP(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(units))
}

// What derived bytes are for (RFC 7292 appendix B.3).
const (
	purposeKey = 1
	purposeIV  = 2
	purposeMAC = 3
)

var errIterations = errors.New("iteration count is below 1")

// derive returns bytes made of the password as in RFC 7292 appendix B.2.
func (s secret) derive(h crypto.Hash, purpose byte, salt []byte, iterations, size int, w *work) ([]byte, error) {
	if iterations < 1 {
		return nil, errIterations
	}
	rounds := (size + h.Size() - 1) / h.Size()
	if err := w.spend(min(iterations, maxIterations+1) * rounds); err != nil {
		return nil, err
	}
	v := h.New().BlockSize()
	diversifier := bytes.Repeat([]byte{purpose}, v)
	input := append(fill(salt, v), fill(s.bmp, v)...)
	var out []byte
	for range rounds {
		d := h.New()
		d.Write(diversifier)
		d.Write(input)
		a := d.Sum(nil)
		for range iterations - 1 {
			d.Reset()
			d.Write(a)
			a = d.Sum(a[:0])
		}
		out = append(out, a...)
		b := fill(a, v)[:v]
		for i := 0; i < len(input); i += v {
			addOne(input[i:i+v], b)
		}
	}
	return out[:size], nil
}

// fill repeats b up to a multiple of v bytes. Nothing remains nothing.
func fill(b []byte, v int) []byte {
	if len(b) == 0 {
		return nil
	}
	n := (len(b) + v - 1) / v * v
	return bytes.Repeat(b, n/len(b)+1)[:n]
}

// addOne adds b and 1 to a, both big-endian numbers of one size.
func addOne(a, b []byte) {
	carry := 1
	for i := len(a) - 1; i >= 0; i-- {
		carry += int(a[i]) + int(b[i])
		a[i] = byte(carry)
		carry >>= 8
	}
}

// pbkdf2 returns a key of that size, derived as the algorithm says, which has to
// be PBKDF2 (RFC 8018 §5.2).
func (s secret) pbkdf2(alg pkix.AlgorithmIdentifier, size int, w *work) ([]byte, error) {
	if !alg.Algorithm.Equal(oidPBKDF2) {
		return nil, fmt.Errorf("key derivation %s is not known", alg.Algorithm)
	}
	var p pbkdf2Params
	if err := unmarshal(alg.Parameters.FullBytes, &p); err != nil {
		return nil, fmt.Errorf("read PBKDF2 parameters: %w", err)
	}
	prf, err := hmacHash(p.PRF.Algorithm)
	if err != nil {
		return nil, err
	}
	if p.Iterations < 1 {
		return nil, errIterations
	}
	if p.KeyLength != 0 && p.KeyLength != size {
		return nil, fmt.Errorf("derived key has %d bytes, the cipher takes %d", p.KeyLength, size)
	}
	rounds := (size + prf.Size() - 1) / prf.Size()
	if err := w.spend(min(p.Iterations, maxIterations+1) * rounds); err != nil {
		return nil, err
	}
	return pbkdf2.Key(prf.New, s.utf8, p.Salt, p.Iterations, size)
}

// hmacHash returns the hash of an HMAC (RFC 8018 appendix B.1.2); without an
// identifier it is SHA-1.
func hmacHash(id asn1.ObjectIdentifier) (crypto.Hash, error) {
	switch id.String() {
	case "", "1.2.840.113549.2.7":
		return crypto.SHA1, nil
	case "1.2.840.113549.2.8":
		return crypto.SHA224, nil
	case oidHMACSHA256.String():
		return crypto.SHA256, nil
	case "1.2.840.113549.2.10":
		return crypto.SHA384, nil
	case "1.2.840.113549.2.11":
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("pseudorandom function %s is not known", id)
}
