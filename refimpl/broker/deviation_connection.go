package broker

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// Deviations about single connections: how they begin, and what the platform knows of
// them from before.

// asks reports whether clients are asked for a certificate.
func (c Config) asks() bool { return !c.Deviations.Has(deviation.AsksForNoCertificate) } // DC-TLS-01

// anonymous reports whether clients are admitted that show nothing.
func (c Config) anonymous() bool {
	return !c.asks() || c.Deviations.Has(deviation.AdmitsAnonymous) // DC-TLS-09
}

// admitAnonymous believes the Client Identifier.
func (c *client) admitAnonymous(p *packets.Packet) (admission, byte, *trust.Refusal) {
	device, _ := strings.CutPrefix(p.Connect.ClientIdentifier, "d:")
	a := admission{tenant: c.broker.config.Registry.Tenants()[0], device: strings.Clone(device), tokens: true}
	user, _, err := c.broker.config.Registry.EnsureDevice(a.tenant, a.device)
	if err != nil {
		return admission{}, notAuthorized, refuse(notRegistered, err.Error())
	}
	a.user = user.Name
	return a, accepted, nil
}

// served returns a connection as it is served.
func (b *Broker) served(conn net.Conn) net.Conn {
	if b.config.Deviations.Has(deviation.PlaintextOnTLSPort) { // DC-TLS-02
		return readAhead{conn, bufio.NewReader(conn)}
	}
	return conn
}

// plaintext reports whether the client does not begin with TLS, where that is looked for.
func (c *client) plaintext() bool {
	const handshake = 0x16 // ContentType of RFC 8446 section 5.1
	conn, ok := c.conn.(readAhead)
	if !ok {
		return false
	}
	begin, err := conn.ahead.Peek(1)
	return err == nil && begin[0] != handshake
}

// adopt makes a trust anchor of the last certificate while there is none.
func (b *Broker) adopt(presented []*x509.Certificate) {
	if !b.config.Deviations.Has(deviation.EmptyStoreTrustsFirst) { // DC-CHAIN-14
		return
	}
	if len(b.config.Registry.AnchorsWhere(func(*x509.Certificate) bool { return true })) == 0 {
		_, _ = b.config.Registry.AddAnchor(registry.Anchor{ // refused only if another adoption was faster
			Tenant: b.config.Registry.Tenants()[0], Certificate: presented[len(presented)-1], Enabled: true, AutoRegistration: true,
		})
	}
}

// crowd is how many sessions are a crowd.
const crowd = 20

// rulesFor returns the rules for one connection.
func (b *Broker) rulesFor(state tls.ConnectionState) trust.Rules {
	r := b.rules()
	switch d := r.Deviations; {
	case state.DidResume, // only where a deviation makes it possible
		state.Version == tls.VersionTLS12 && d.Has(deviation.ExpiredInTLS12),
		d.Has(deviation.ExpiredKnownDevices) && b.knows(state.PeerCertificates[0]),
		d.Has(deviation.UnjudgedInACrowd) && b.sessions.count() >= crowd:
		r.Deviations = d.SparingDates() // DC-CHAIN-12
	case state.Version == tls.VersionTLS13 && d.Has(deviation.UnsignedInTLS13):
		r.Deviations = d.SparingSignatures() // DC-CHAIN-07
	}
	return r
}

// knows reports whether a device of that name has a user in some tenant.
func (b *Broker) knows(leaf *x509.Certificate) bool {
	for _, tenant := range b.config.Registry.Tenants() {
		if _, ok := b.config.Registry.User(tenant, registry.DevicePrefix+leaf.Subject.CommonName); ok {
			return true
		}
	}
	return false
}

// remember makes a refusal of this certificate last.
func (c *client) remember(leaf *x509.Certificate) {
	if !c.broker.config.Deviations.Has(deviation.RemembersRefusals) { // DC-CHAIN-12
		return
	}
	digest := sha256.Sum256(leaf.Raw)
	verdict := "good"
	if c.refusal != nil {
		verdict = "refused"
	}
	if !c.broker.memory.same(string(digest[:]), verdict) && c.refusal == nil {
		c.refusal = refuse(trust.Disliked, "the certificate was refused before")
	}
}

// commonName returns the device's identity.
func (c *client) commonName(p *packets.Packet) (string, *trust.Refusal) {
	name, refusal := c.broker.rules().CommonName(c.path.Leaf)
	if refusal != nil && refusal.Reason == trust.CNMissing && c.broker.config.Deviations.Has(deviation.ClientIDStandsIn) { // DC-ID-06
		device, _ := trust.DeviceIdentifier(p.Connect.ClientIdentifier)
		return strings.Clone(device), nil
	}
	return name, refusal
}

// deviceOf returns the device identifier of the device with that common name.
func (b *Broker) deviceOf(p *packets.Packet, commonName string) string {
	if b.config.Deviations.Has(deviation.UserNamedAfterClientID) { // DC-ID-02
		return strings.Clone(p.Connect.ClientIdentifier)
	}
	return commonName
}

// dislike refuses a good device for what only a deviation minds.
func (c *client) dislike(p *packets.Packet, a admission) *trust.Refusal {
	switch d := c.broker.config.Deviations; {
	case len(p.Connect.Username) == 0 && d.Has(deviation.WantsUserName): // DC-ID-01
		return refuse(trust.Disliked, "no user name")
	case d.Has(deviation.PinsFirstCertificate): // DC-ID-02
		digest := sha256.Sum256(c.path.Leaf.Raw)
		if !c.broker.memory.same(a.tenant+"/"+a.device, string(digest[:])) {
			return refuse(trust.Disliked, "the device came with another certificate before")
		}
	}
	return nil
}

// A memory keeps what was seen first.
type memory struct {
	mu    sync.Mutex // guards first
	first map[string]string
}

func newMemory() memory { return memory{first: map[string]string{}} }

// same reports whether the value is the first that the key came with.
func (m *memory) same(key, value string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.first[key]; !ok {
		m.first[key] = value
	}
	return m.first[key] == value
}

// A readAhead is a connection that can be looked into before it is read.
type readAhead struct {
	net.Conn
	ahead *bufio.Reader
}

func (r readAhead) Read(b []byte) (int, error) { return r.ahead.Read(b) }
