package store

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
)

// Identifiers of RFC 8018 appendix A and B, and of RFC 7292 appendix C.
var (
	oidPBES2        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidAES256CBC    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oidHMACSHA256   = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidPBETripleDES = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}
	oidPBERC2       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 5}
	oidPBERC2Weak   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 6}
)

type pbes2Params struct {
	Derivation, Encryption pkix.AlgorithmIdentifier
}

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

type pbes1Params struct {
	Salt       []byte
	Iterations int
}

var errCutBlocks = errors.New("encrypted data is not made of whole blocks")

// encrypt enciphers with AES-256 in CBC mode under a key derived by PBKDF2 with
// HMAC-SHA-256 (PBES2, RFC 8018 §6.2): what OpenSSL 3 and Java 17 write, and
// the strongest that both read.
func encrypt(plain []byte, c Config) (alg pkix.AlgorithmIdentifier, data []byte, err error) {
	var random [16 + aes.BlockSize]byte
	if _, err := io.ReadFull(c.Rand, random[:]); err != nil {
		return alg, nil, fmt.Errorf("read salt: %w", err)
	}
	salt, iv := random[:16], random[16:]
	key, err := pbkdf2.Key(crypto.SHA256.New, string(c.Password), salt, c.Iterations, 32)
	if err != nil {
		return alg, nil, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return alg, nil, fmt.Errorf("derive key: %w", err)
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	data = append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)

	derivation, err := algorithm(oidPBKDF2, pbkdf2Params{
		Salt: salt, Iterations: c.Iterations,
		PRF: pkix.AlgorithmIdentifier{Algorithm: oidHMACSHA256, Parameters: asn1.NullRawValue},
	})
	if err != nil {
		return alg, nil, err
	}
	encryption, err := algorithm(oidAES256CBC, iv)
	if err != nil {
		return alg, nil, err
	}
	alg, err = algorithm(oidPBES2, pbes2Params{derivation, encryption})
	return alg, data, err
}

// algorithm returns the AlgorithmIdentifier with these parameters.
func algorithm(id asn1.ObjectIdentifier, params any) (pkix.AlgorithmIdentifier, error) {
	der, err := asn1.Marshal(params)
	if err != nil {
		return pkix.AlgorithmIdentifier{}, fmt.Errorf("encode parameters of %s: %w", id, err)
	}
	return pkix.AlgorithmIdentifier{Algorithm: id, Parameters: asn1.RawValue{FullBytes: der}}, nil
}

// decrypt deciphers what any of the algorithms that OpenSSL and Java have written
// by default enciphered. The error is ErrPassword if the padding is wrong.
func decrypt(alg pkix.AlgorithmIdentifier, data []byte, s secret, w *work) ([]byte, error) {
	block, iv, err := blockCipher(alg, s, w)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(data) == 0 || len(data)%size != 0 {
		return nil, errCutBlocks
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > size ||
		!bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, ErrPassword
	}
	return plain[:len(plain)-pad], nil
}

// blockCipher returns the cipher that an algorithm names, under the key that the
// password gives, and the initialization vector.
func blockCipher(alg pkix.AlgorithmIdentifier, s secret, w *work) (cipher.Block, []byte, error) {
	if alg.Algorithm.Equal(oidPBES2) {
		return pbes2Cipher(alg, s, w)
	}
	var size int
	switch {
	case alg.Algorithm.Equal(oidPBETripleDES):
		size = 24
	case alg.Algorithm.Equal(oidPBERC2):
		size = 16
	case alg.Algorithm.Equal(oidPBERC2Weak):
		size = 5
	default:
		return nil, nil, fmt.Errorf("encryption algorithm %s is not known", alg.Algorithm)
	}
	var p pbes1Params
	if err := unmarshal(alg.Parameters.FullBytes, &p); err != nil {
		return nil, nil, fmt.Errorf("read parameters of %s: %w", alg.Algorithm, err)
	}
	key, err := s.derive(crypto.SHA1, purposeKey, p.Salt, p.Iterations, size, w)
	if err != nil {
		return nil, nil, err
	}
	iv, err := s.derive(crypto.SHA1, purposeIV, p.Salt, p.Iterations, 8, w)
	if err != nil {
		return nil, nil, err
	}
	if size < 24 {
		return newRC2(key), iv, nil
	}
	block, err := des.NewTripleDESCipher(key)
	return block, iv, err
}

// pbes2Cipher is [blockCipher] for PBES2 (RFC 8018 §6.2).
func pbes2Cipher(alg pkix.AlgorithmIdentifier, s secret, w *work) (cipher.Block, []byte, error) {
	var p pbes2Params
	if err := unmarshal(alg.Parameters.FullBytes, &p); err != nil {
		return nil, nil, fmt.Errorf("read PBES2 parameters: %w", err)
	}
	var iv []byte
	if err := unmarshal(p.Encryption.Parameters.FullBytes, &iv); err != nil {
		return nil, nil, fmt.Errorf("read initialization vector: %w", err)
	}
	size, create := pbes2Scheme(p.Encryption.Algorithm)
	if create == nil {
		return nil, nil, fmt.Errorf("encryption scheme %s is not known", p.Encryption.Algorithm)
	}
	key, err := s.pbkdf2(p.Derivation, size, w)
	if err != nil {
		return nil, nil, err
	}
	block, err := create(key)
	if err != nil {
		return nil, nil, err
	}
	if len(iv) != block.BlockSize() {
		return nil, nil, fmt.Errorf("initialization vector has %d bytes, want %d", len(iv), block.BlockSize())
	}
	return block, iv, nil
}

// pbes2Scheme returns the size of the key and the cipher of an encryption scheme
// (RFC 8018 appendix B.2), nil if it is not known.
func pbes2Scheme(id asn1.ObjectIdentifier) (keySize int, create func([]byte) (cipher.Block, error)) {
	switch id.String() {
	case "2.16.840.1.101.3.4.1.2":
		return 16, aes.NewCipher
	case "2.16.840.1.101.3.4.1.22":
		return 24, aes.NewCipher
	case oidAES256CBC.String():
		return 32, aes.NewCipher
	case "1.2.840.113549.3.7":
		return 24, des.NewTripleDESCipher
	}
	return 0, nil
}
