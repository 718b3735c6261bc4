package store

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
)

var errKeyForm = errors.New("neither PKCS#8, SEC 1 nor PKCS#1, or of an unknown kind")

// ParseKey returns the one private key of a PEM file: PKCS #8, SEC 1 or PKCS #1,
// in the clear or encrypted, be it as OpenSSL 3 does it (PKCS #8, RFC 5958 §3) or
// as OpenSSL 1 did (Proc-Type and DEK-Info, RFC 1421 §4.6). Certificates beside it
// are passed over. The password is needed only for an encrypted key; if it does
// not fit the error is [ErrPassword].
func ParseKey(data []byte, password Password) (crypto.Signer, error) {
	key, err := parseKey(data, password, &work{maxIterations})
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	return key, nil
}

func parseKey(data []byte, p Password, w *work) (crypto.Signer, error) {
	blocks, err := pemBlocks(data)
	if err != nil {
		return nil, err
	}
	keys, _, err := split(blocks)
	if err != nil {
		return nil, err
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("the file has %d, want 1", len(keys))
	}
	return keys[0].key(p, w)
}

// MarshalKey returns a private key as PEM: under the password of c, with AES-256
// as `openssl genrsa -aes256` of OpenSSL 3 (DC-CERT-05), or in the clear as PKCS #8
// if that is empty. Of c the fields Password, Iterations and Rand are used.
func MarshalKey(key crypto.Signer, c Config) ([]byte, error) {
	c = c.withDefaults()
	if err := c.checkIterations(1); err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	if c.Password == "" {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("encode private key: %w", err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: labelKey, Bytes: der}), nil
	}
	der, err := encryptKey(key, c)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: labelEncryptedKey, Bytes: der}), nil
}

// asSigner returns a private key as one that can sign, which is what a device
// does with it.
func asSigner(key any) (crypto.Signer, error) {
	s, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("private key of type %T cannot sign", key)
	}
	return s, nil
}

// key reads the private key of a PEM block.
func (b pemBlock) key(p Password, w *work) (crypto.Signer, error) {
	key, err := b.readKey(p, w)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", b.line, err)
	}
	return key, nil
}

func (b pemBlock) readKey(p Password, w *work) (crypto.Signer, error) {
	if b.Type == labelEncryptedKey {
		return decryptKey(b.Bytes, newSecret(p), w)
	}
	der := b.Bytes
	//lint:ignore SA1019 keys that OpenSSL 1 encrypted are still about
	encrypted := x509.IsEncryptedPEMBlock(b.Block)
	if encrypted {
		var err error
		//lint:ignore SA1019 as above; nothing is written this way
		if der, err = x509.DecryptPEMBlock(b.Block, []byte(p)); errors.Is(err, x509.IncorrectPasswordError) {
			return nil, fmt.Errorf("decrypt private key: %w", ErrPassword)
		} else if err != nil {
			return nil, fmt.Errorf("decrypt private key: %w", err)
		}
	}
	if err := wholeSequence(der); err != nil && encrypted {
		return nil, fmt.Errorf("decrypt private key: %w", ErrPassword)
	} else if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	return keyOfLabel(b.Type, der)
}

// keyOfLabel reads a private key in the clear, by what the PEM label says it is.
func keyOfLabel(label string, der []byte) (crypto.Signer, error) {
	if len(der) > maxKey {
		return nil, fmt.Errorf("private key of %d bytes: %w", len(der), ErrLimit)
	}
	var key any
	var err error
	switch label {
	case labelECKey:
		key, err = x509.ParseECPrivateKey(der)
	case labelRSAKey:
		key, err = x509.ParsePKCS1PrivateKey(der)
	default:
		return parsePKCS8(der)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", label, errKeyForm)
	}
	return asSigner(key)
}

// encryptKey returns an EncryptedPrivateKeyInfo (RFC 5958 §3).
func encryptKey(key any, c Config) ([]byte, error) {
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	alg, data, err := encrypt(plain, c)
	if err != nil {
		return nil, fmt.Errorf("encrypt private key: %w", err)
	}
	return asn1.Marshal(encryptedKey{Algorithm: alg, Data: data})
}

// parsePKCS8 reads a PrivateKeyInfo (RFC 5958 §2) of a key that can sign.
func parsePKCS8(der []byte) (crypto.Signer, error) {
	if len(der) > maxKey {
		return nil, fmt.Errorf("private key of %d bytes: %w", len(der), ErrLimit)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", errKeyForm)
	}
	return asSigner(key)
}

// decryptKey reads an EncryptedPrivateKeyInfo (RFC 5958 §3).
func decryptKey(der []byte, s secret, w *work) (crypto.Signer, error) {
	var enc encryptedKey
	if err := unmarshal(der, &enc); err != nil {
		return nil, fmt.Errorf("encrypted private key: %w", err)
	}
	plain, err := decrypt(enc.Algorithm, enc.Data, s, w)
	if err != nil {
		return nil, fmt.Errorf("decrypt private key: %w", err)
	}
	// One wrong password in 256 leaves a padding that looks right.
	if wholeSequence(plain) != nil {
		return nil, fmt.Errorf("decrypt private key: %w", ErrPassword)
	}
	return parsePKCS8(plain)
}
