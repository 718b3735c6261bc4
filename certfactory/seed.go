package certfactory

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	mathrand "math/rand/v2"
)

// encoding is RFC 4648 base32 in lower case without padding: it survives shells,
// file names and common names.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// A Seed of 128 bits is the root of every key and serial number. Who knows it
// can sign under every CA made from it.
type Seed [16]byte

// NewSeed returns a seed that nobody can guess.
func NewSeed() Seed {
	var s Seed
	rand.Read(s[:]) // never returns an error
	return s
}

// ParseSeed reads the form that String prints: 26 characters of a-z and 2-7.
func ParseSeed(s string) (Seed, error) {
	b, err := encoding.DecodeString(s)
	if err != nil {
		return Seed{}, fmt.Errorf("parse seed: %w", err)
	}
	seed := Seed(append(b, make([]byte, len(Seed{}))...)[:len(Seed{})])
	// The last character carries two spare bits: one seed has one spelling.
	if seed.String() != s {
		return Seed{}, fmt.Errorf("parse seed: want the 26 characters that were printed, have %d", len(s))
	}
	return seed, nil
}

// String returns the seed as 26 characters of a-z and 2-7.
func (s Seed) String() string { return encoding.EncodeToString(s[:]) }

// stream returns the endless bytes that belong to a label: the key of the
// generator is one block of HKDF-Expand (RFC 5869) with the seed as its
// pseudorandom key, so that no label tells anything about another.
func (s Seed) stream(purpose, name string) io.Reader {
	mac := hmac.New(sha256.New, s[:])
	io.WriteString(mac, purpose+"\x00"+name+"\x01")
	return mathrand.NewChaCha8([32]byte(mac.Sum(nil)))
}

// fill reads from a stream of a seed, which neither ends nor fails.
func fill(r io.Reader, b []byte) { _, _ = io.ReadFull(r, b) }
