package cadir

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// minPassword is what OpenSSL asks of a password when it encrypts a key.
const minPassword = 4

// NewKey makes a private key of one of the kinds that are safe to use; another
// kind is an error. Random is as in [Config]: nil is the system's, and from another
// source the key is derived.
//
// The standard library takes randomness from the system only, so that it is the
// certificate factory that derives.
func NewKey(alg certfactory.Alg, random io.Reader) (crypto.Signer, error) {
	generate, ok := map[certfactory.Alg]func() (crypto.Signer, error){
		certfactory.P256:    func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
		certfactory.P384:    func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) },
		certfactory.P521:    func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P521(), rand.Reader) },
		certfactory.RSA2048: func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) },
		certfactory.RSA3072: func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 3072) },
		certfactory.RSA4096: func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 4096) },
		certfactory.RSA8192: func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 8192) },
		certfactory.Ed25519: func() (crypto.Signer, error) {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			return key, err
		},
	}[alg]
	if !ok {
		return nil, fmt.Errorf("make key: %v is too weak, want RSA of %d bits or ECDSA on P-256 at least", alg, minRSABits)
	}
	if random == nil {
		key, err := generate()
		if err != nil {
			return nil, fmt.Errorf("make key: %w", err)
		}
		return key, nil
	}
	var seed certfactory.Seed
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return certfactory.New(seed, time.Time{}).Key(alg, "authority"), nil
}

// keyFor returns the key that was given, or makes one.
func keyFor(given crypto.Signer, alg certfactory.Alg, random io.Reader) (crypto.Signer, error) {
	if given == nil {
		return NewKey(alg, random)
	}
	if err := checkKey(given.Public()); err != nil {
		return nil, fmt.Errorf("use key: %w", err)
	}
	return given, nil
}

// marshalKey encrypts a key with AES-256 under a password (DC-CERT-05).
func marshalKey(key crypto.Signer, password store.Password, random io.Reader) ([]byte, error) {
	if len(password) < minPassword {
		return nil, fmt.Errorf("encrypt key: password is shorter than the %d characters that OpenSSL asks for", minPassword)
	}
	return store.MarshalKey(key, store.Config{Password: password, Rand: random})
}
