package store

import (
	"crypto"
	"crypto/hmac"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
)

var (
	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidPBMAC1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}
)

type pbmac1Params struct {
	Derivation, Scheme pkix.AlgorithmIdentifier
}

// newMAC returns the integrity check of a file: HMAC-SHA-256 under a key derived
// in the manner of PKCS #12 (RFC 7292 §4). PBMAC1 (RFC 9579) would be the
// stronger derivation, but neither OpenSSL 3.0 nor Java 17 knows it.
func newMAC(content []byte, c Config) (macData, error) {
	salt := make([]byte, 16)
	if _, err := io.ReadFull(c.Rand, salt); err != nil {
		return macData{}, fmt.Errorf("read salt: %w", err)
	}
	key, err := newSecret(c.Password).derive(crypto.SHA256, purposeMAC, salt, c.Iterations, 32, &work{c.Iterations})
	if err != nil {
		return macData{}, fmt.Errorf("derive key: %w", err)
	}
	return macData{
		MAC: digestInfo{
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue},
			Digest:    hmacOf(crypto.SHA256, key, content),
		},
		Salt: salt, Iterations: c.Iterations,
	}, nil
}

func hmacOf(h crypto.Hash, key, content []byte) []byte {
	m := hmac.New(h.New, key)
	m.Write(content)
	return m.Sum(nil)
}

// check says whether the password fits the file. It returns the secret that does:
// for an empty password that may be no bytes at all instead of a lone zero, since
// writers differ. The error is ErrPassword if none fits.
func (m macData) check(content []byte, p Password, w *work) (secret, error) {
	candidates := []secret{newSecret(p)}
	if p == "" {
		candidates = append(candidates, secret{})
	}
	for _, s := range candidates {
		digest, err := m.digest(content, s, w)
		if err != nil {
			return s, err
		}
		if hmac.Equal(digest, m.MAC.Digest) {
			return s, nil
		}
	}
	return secret{}, ErrPassword
}

// digest returns what the integrity check should be.
func (m macData) digest(content []byte, s secret, w *work) ([]byte, error) {
	alg := m.MAC.Algorithm
	if alg.Algorithm.Equal(oidPBMAC1) {
		return pbmac1(alg, content, s, w)
	}
	h, err := digestHash(alg.Algorithm)
	if err != nil {
		return nil, err
	}
	key, err := s.derive(h, purposeMAC, m.Salt, m.Iterations, h.Size(), w)
	if err != nil {
		return nil, err
	}
	return hmacOf(h, key, content), nil
}

// pbmac1 is the integrity check of OpenSSL 3.4 and Java 26 (RFC 9579 §5).
func pbmac1(alg pkix.AlgorithmIdentifier, content []byte, s secret, w *work) ([]byte, error) {
	var p pbmac1Params
	if err := unmarshal(alg.Parameters.FullBytes, &p); err != nil {
		return nil, fmt.Errorf("read PBMAC1 parameters: %w", err)
	}
	h, err := hmacHash(p.Scheme.Algorithm)
	if err != nil {
		return nil, err
	}
	var d pbkdf2Params
	if err := unmarshal(p.Derivation.Parameters.FullBytes, &d); err != nil {
		return nil, fmt.Errorf("read PBKDF2 parameters: %w", err)
	}
	// RFC 9579 §7 asks for a key of at least 20 bytes, so that nobody shortens
	// it to one that any password gives.
	if d.KeyLength < 20 || d.KeyLength > 64 {
		return nil, fmt.Errorf("PBMAC1 key has %d bytes, want 20 to 64", d.KeyLength)
	}
	key, err := s.pbkdf2(p.Derivation, d.KeyLength, w)
	if err != nil {
		return nil, err
	}
	return hmacOf(h, key, content), nil
}

// digestHash returns the hash of a digest algorithm.
func digestHash(id asn1.ObjectIdentifier) (crypto.Hash, error) {
	switch id.String() {
	case "1.3.14.3.2.26":
		return crypto.SHA1, nil
	case "2.16.840.1.101.3.4.2.4":
		return crypto.SHA224, nil
	case oidSHA256.String():
		return crypto.SHA256, nil
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, nil
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("digest algorithm %s of the integrity check is not known", id)
}
