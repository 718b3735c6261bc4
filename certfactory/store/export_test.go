package store

import (
	"crypto"
	"crypto/cipher"
)

// What tests reach into.
const (
	MaxIterations   = maxIterations
	MaxCertificates = maxCertificates
	MaxSize         = maxSize
)

// NewRC2 returns the cipher of that key.
func NewRC2(key []byte) cipher.Block { return newRC2(key) }

// OpenWithin is [OpenWith] with so many iterations to spend, so that fuzzing is not
// kept waiting.
func OpenWithin(data []byte, c Config, iterations int) (*Store, error) {
	return open(data, c, &work{iterations})
}

// ParseKeyWithin is [ParseKey] with so many iterations to spend.
func ParseKeyWithin(data []byte, p Password, iterations int) (crypto.Signer, error) {
	return parseKey(data, p, &work{iterations})
}
