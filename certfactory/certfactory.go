// Package certfactory makes X.509 certificates, good ones and bad ones, for
// tests of platforms that know their devices by client certificates.
//
// A [Factory] derives every key and every serial number from one [Seed], so
// that the same seed and moment give the same bytes. It hands out
// [Certificate] values: descriptions that are turned into DER when they are
// asked for. Good and bad certificates take one path: the standard library
// makes a good one from a template; if there are mutations it is taken apart
// into [Parts], each [Mutation] edits one thing, and the parts are joined and
// signed again. A bad certificate so differs from a good one by its mutations
// and by nothing else.
//
// What a device then shows on a connection is a [Presentation]. The catalogue
// of presentations worth trying is in the package cases below this one. Nothing
// here judges a certificate: that is left to the platform under test.
package certfactory

import (
	"crypto"
	"crypto/rsa"
	"io"
	"sync"
	"time"
)

// A Factory makes the same bytes for the same seed and moment. It is safe for
// concurrent use.
type Factory struct {
	seed       Seed
	now        time.Time
	remembered string // folder of what searches found; "" for none

	mu sync.Mutex
	// rsaKeys, guarded by mu, holds a key of each name that was asked for: a
	// search of their primes takes from a tenth of a second to many seconds.
	rsaKeys map[string]func() *rsa.PrivateKey
}

// New returns the factory of a seed. All validity periods are reckoned from
// now, truncated to the minute so that a run can be repeated from what a report
// prints.
func New(seed Seed, now time.Time) *Factory {
	return &Factory{
		seed:    seed,
		now:     now.UTC().Truncate(time.Minute),
		rsaKeys: make(map[string]func() *rsa.PrivateKey),
	}
}

// Now returns the moment from which validity periods are reckoned.
func (f *Factory) Now() time.Time { return f.now }

// Seed returns the seed of the factory. It is as secret as the keys made from it.
func (f *Factory) Seed() Seed { return f.seed }

// Stream returns an endless source of bytes that depends on the seed and the
// name alone.
func (f *Factory) Stream(name string) io.Reader { return f.seed.stream("stream", name) }

// Tag returns ten characters of a-z and 2-7 that tell apart names, and the same
// name under two seeds. The seed cannot be found from it.
func (f *Factory) Tag(name string) string {
	var b [8]byte
	fill(f.seed.stream("tag", name), b[:])
	return encoding.EncodeToString(b[:])[:10]
}

// Key returns the private key of that name, always the same one. It is nil for
// an Alg that is none of the constants.
//
// RSA keys are searched for when they are first asked for, and then kept; all
// others are derived anew each time, which takes microseconds.
func (f *Factory) Key(alg Alg, name string) crypto.Signer {
	if bits := alg.rsaBits(); bits > 0 {
		return f.rsaKey(alg, name)
	}
	if curve := alg.curve(); curve != nil {
		return deriveECDSA(curve, f.seed.stream("key "+alg.String(), name))
	}
	if alg == Ed25519 {
		return deriveEd25519(f.seed.stream("key "+alg.String(), name))
	}
	return nil
}

// rsaKey waits only for the key that is asked for, not for others in the making.
func (f *Factory) rsaKey(alg Alg, name string) crypto.Signer {
	label := alg.String() + "/" + name
	f.mu.Lock()
	search, ok := f.rsaKeys[label]
	if !ok {
		search = sync.OnceValue(func() *rsa.PrivateKey { return f.searchRSA(alg, name) })
		f.rsaKeys[label] = search
	}
	f.mu.Unlock()
	key := search()
	if alg.rsaBits() < 1024 {
		return PlainRSA(key)
	}
	return key
}
