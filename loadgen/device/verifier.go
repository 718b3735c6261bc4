package device

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"
)

// A Verifier judges server certificates as crypto/tls does, and remembers the chains that it found good: of thousands of
// devices that meet one server only the first pays for the signatures in its chain. A chain that differs in any bit, another
// name or other trust anchors are judged anew, and the dates are looked at each time. The server's proof that it has the key is
// never skipped; that is crypto/tls's own part of every handshake. The zero value is ready, and safe for concurrent use.
type Verifier struct {
	mu sync.RWMutex // guards all below
	// good has, for a chain that was verified, when that ceases to hold.
	good map[verified]validity
	// configs are of connections that have nothing of their own in them. Each would take half a KiB of every connection.
	configs []*tls.Config
}

type verified struct {
	chain [sha256.Size]byte
	name  string
	roots *x509.CertPool
}

type validity struct{ from, to time.Time }

// maxVerified bounds the memory that a server can take by showing ever new certificates.
const maxVerified = 256

// judge returns the function that crypto/tls calls at the end of a handshake. clock may be nil.
func (v *Verifier) judge(name string, roots *x509.CertPool, clock func() time.Time) func(tls.ConnectionState) error {
	if clock == nil {
		clock = time.Now
	}
	return func(state tls.ConnectionState) error {
		return v.verify(state.PeerCertificates, name, roots, clock())
	}
}

// maxConfigs is how many configurations are kept; devices of one fleet need one.
const maxConfigs = 16

// common returns a configuration that says the same and is there already, or else config itself.
func (v *Verifier) common(config *tls.Config) *tls.Config {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, there := range v.configs {
		if there.ServerName == config.ServerName && there.RootCAs == config.RootCAs && there.MinVersion == config.MinVersion &&
			there.MaxVersion == config.MaxVersion && slices.Equal(there.CurvePreferences, config.CurvePreferences) {
			return there
		}
	}
	if len(v.configs) < maxConfigs {
		v.configs = append(v.configs, config)
	}
	return config
}

func (v *Verifier) verify(chain []*x509.Certificate, name string, roots *x509.CertPool, now time.Time) error {
	if len(chain) == 0 {
		return errors.New("the server has sent no certificate")
	}
	key := verified{digest(chain), name, roots}
	v.mu.RLock()
	known, ok := v.good[key]
	v.mu.RUnlock()
	if ok && !now.Before(known.from) && !now.After(known.to) {
		return nil
	}
	good, err := verifyChain(chain, name, roots, now)
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.good == nil || len(v.good) >= maxVerified {
		v.good = make(map[verified]validity)
	}
	v.good[key] = good
	return nil
}

// verifyChain does what crypto/tls does, and returns how long its verdict holds.
func verifyChain(chain []*x509.Certificate, name string, roots *x509.CertPool, now time.Time) (validity, error) {
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	// The key usage is serverAuth unless the options name another.
	paths, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: name, CurrentTime: now})
	if err != nil {
		return validity{}, err
	}
	good := validity{chain[0].NotBefore, chain[0].NotAfter}
	for _, cert := range paths[0] {
		if cert.NotBefore.After(good.from) {
			good.from = cert.NotBefore
		}
		if cert.NotAfter.Before(good.to) {
			good.to = cert.NotAfter
		}
	}
	return good, nil
}

// digest tells chains apart: every certificate goes in behind its length.
func digest(chain []*x509.Certificate) (sum [sha256.Size]byte) {
	all := sha256.New()
	var length [4]byte
	for _, cert := range chain {
		binary.BigEndian.PutUint32(length[:], uint32(len(cert.Raw)))
		all.Write(length[:])
		all.Write(cert.Raw)
	}
	all.Sum(sum[:0])
	return sum
}
