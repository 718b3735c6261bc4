package broker

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// maxSubjects bounds, in bytes, the list of CA names that the server sends. TLS leaves
// room for 64 KiB and some clients cannot read even that; an empty list asks for
// any certificate.
const maxSubjects = 16 << 10

// tlsConfigs makes the TLS configuration anew whenever the anchors change, since it
// names them to the client.
type tlsConfigs struct {
	mu      sync.Mutex // guards both
	version uint64
	config  *tls.Config
}

// base returns the configuration that all connections share at the moment.
func (t *tlsConfigs) base(c Config) *tls.Config {
	t.mu.Lock()
	defer t.mu.Unlock()
	if version := c.Registry.AnchorVersion(); t.config == nil || t.version != version {
		t.version = version
		t.config = &tls.Config{
			Certificates: []tls.Certificate{c.Certificate},
			// Asked for, not demanded: users with a password share the port.
			ClientAuth: tls.RequestClientCert,
			ClientCAs:  subjects(c.Registry, c.Deviations),
			// A ticket would let a device back in without its chain being judged again.
			SessionTicketsDisabled: true,
		}
		t.config.MinVersion, t.config.MaxVersion = versions(c.Deviations)
		if !c.asks() {
			t.config.ClientAuth = tls.NoClientCert
		}
		if c.Deviations.Has(deviation.ResumptionSkipsDates) { // DC-CHAIN-12
			t.config.SessionTicketsDisabled = false
			t.config.SetSessionTicketKeys([][32]byte{ticketKey()}) // one for all clones of the configuration
		}
	}
	return t.config
}

// versions are the oldest and the newest version of TLS (DC-TLS-04, RFC 8996).
func versions(d deviation.Set) (oldest, newest uint16) {
	switch {
	case d.Has(deviation.AcceptsOldTLS):
		return tls.VersionTLS10, tls.VersionTLS13
	case d.Has(deviation.TLS12Only):
		return tls.VersionTLS12, tls.VersionTLS12
	case d.Has(deviation.TLS13Only):
		return tls.VersionTLS13, tls.VersionTLS13
	}
	return tls.VersionTLS12, tls.VersionTLS13
}

func ticketKey() (key [32]byte) {
	_, _ = rand.Read(key[:]) // never fails
	return key
}

// subjects collects the enabled anchors, for their names: crypto/tls sends the subjects
// of the pool and, with RequestClientCert, uses it for nothing else.
func subjects(r *registry.Registry, d deviation.Set) *x509.CertPool {
	pool, size := x509.NewCertPool(), 0
	for _, tenant := range r.Tenants() {
		for _, a := range r.Anchors(tenant) {
			if !a.Enabled {
				continue
			}
			pool.AddCert(a.Certificate)
			if size += 2 + len(a.Certificate.RawSubject); size > maxSubjects {
				return nil
			}
			if d.Has(deviation.NamesOneAnchor) {
				break
			}
		}
	}
	return pool
}

// tlsConfig is that of one connection: what VerifyConnection finds belongs to the client.
func (c *client) tlsConfig() *tls.Config {
	config := c.broker.tls.base(c.broker.config).Clone()
	config.VerifyConnection = c.verify
	return config
}

// verify walks the chain. The device has not proved yet that it holds the key, so
// nothing may come of this but the verdict.
func (c *client) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return nil // DC-TLS-09 is decided at CONNECT
	}
	c.presented = true
	c.broker.wait(stage.Handshake)
	c.broker.adopt(state.PeerCertificates)
	if c.refusal = c.broker.weigh(state.PeerCertificates); c.refusal == nil {
		c.path, c.refusal = c.broker.rulesFor(state).Walk(state.PeerCertificates)
	}
	c.remember(state.PeerCertificates[0])
	c.registerEarly(state.PeerCertificates[0])
	if c.refusal != nil && !c.broker.config.LateRefusal {
		return c.refusal
	}
	return nil
}

// weigh refuses a chain that is too large to be looked at.
func (b *Broker) weigh(chain []*x509.Certificate) *trust.Refusal {
	size := 0
	for _, certificate := range chain {
		size += len(certificate.Raw)
	}
	if size <= b.config.Limits.Chain {
		return nil
	}
	return refuse(oversize, fmt.Sprintf("the certificates have %d bytes together", size))
}

func (b *Broker) rules() trust.Rules {
	return trust.Rules{
		Anchors: b.anchors, MaxLength: b.config.MaxChainLength(), AnchorOptional: b.config.AnchorOptional,
		Now: b.config.Now(), Deviations: b.config.Deviations,
	}
}
