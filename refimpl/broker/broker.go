// Package broker is the MQTT side of the reference platform: MQTT 3.1.1 (and 3.1) over
// TLS, for devices that log in with a certificate or a password.
//
// It is not a general broker. Devices do not talk to each other: a device publishes
// to the platform and subscribes to what the platform has to say to it, which is
// its token. So there is no routing and nothing queues up for a client: one goroutine
// serves one Network Connection, what a client is sent is the answer to what it
// sent, and a client that does not read its answers is dropped when a write takes
// too long.
//
// Who is admitted, and why not, is decided in admission.go. The chain is judged by
// package trust, inside the TLS handshake.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/gate"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
	"github.com/chainmail-iot/chainmail/refimpl/token"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// Config says how a Broker behaves.
type Config struct {
	// Registry holds tenants, anchors and device users. Required.
	Registry *registry.Registry
	// Tokens issues what a device asks for on s/uat. Required.
	Tokens *token.Issuer
	// Certificate is the server's. Required.
	Certificate tls.Certificate
	// MaxChainLength returns the maximum chain length at the moment. Required.
	MaxChainLength func() int
	// AnchorOptional is that of trust.Rules.
	AnchorOptional bool
	// LateRefusal lets the TLS handshake of a refused chain finish and refuses with
	// CONNACK 5. Default false: the handshake ends with an alert.
	LateRefusal bool
	// Deviations are the clauses to break. Default none.
	Deviations deviation.Set
	// Now is the clock that certificates are judged by. Required.
	Now func() time.Time
	// Log gets a line for each refusal. Required.
	Log *slog.Logger
	// Observe is told what happens, by whichever goroutine it happens in. Optional.
	Observe func(Event)
	// Knobs hold clients up where a tester wants it. Optional.
	Knobs *stage.Knobs
	// Timeouts bound how long a client may take.
	Timeouts Timeouts
	// Limits bound how much a client may take.
	Limits Limits
}

// A Broker serves MQTT clients.
type Broker struct {
	config   Config
	gate     *gate.Gate
	tls      tlsConfigs
	sessions sessions
	anchors  trust.Anchors // where trust anchors are looked up
	memory   memory
	running  sync.WaitGroup // Serve and every connection
	closing  chan struct{}  // closed by Close
	turns    turns          // of deviations that show now and then

	mu       sync.Mutex // guards the fields below
	listener net.Listener
	open     map[*client]struct{}
	closed   bool
}

// New returns a broker that is not serving yet.
func New(c Config) *Broker {
	c.Timeouts, c.Limits = c.Timeouts.WithDefaults(), c.Limits.WithDefaults()
	if c.Observe == nil {
		c.Observe = func(Event) {}
	}
	if c.Knobs == nil {
		c.Knobs = &stage.Knobs{}
	}
	return &Broker{
		config: c, gate: gate.New(gate.Config{Connections: c.Limits.Connections, PerAddress: c.Limits.PerAddress}),
		anchors: anchorsOf(c), sessions: newSessions(), memory: newMemory(),
		open: map[*client]struct{}{}, closing: make(chan struct{}),
	}
}

// Serve accepts clients until Close, then returns nil. It owns the listener.
func (b *Broker) Serve(l net.Listener) error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return l.Close()
	}
	b.listener = l
	b.running.Add(1)
	b.mu.Unlock()
	defer b.running.Done()
	const shortest, longest = 5 * time.Millisecond, time.Second
	pause := shortest
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = shortest
			b.start(conn)
			b.tire()
		case errors.Is(err, net.ErrClosed):
			return nil
		default: // such as no file descriptor left: that passes, the listener must not
			b.config.Log.Error("accept", "reason", "accept-failed", "err", err)
			select {
			case <-time.After(pause):
			case <-b.closing:
			}
			pause = min(2*pause, longest)
		}
	}
}

// start serves one connection in a goroutine of its own, unless the broker is closed.
func (b *Broker) start(conn net.Conn) {
	if c := newClient(b, b.served(conn)); b.enter(c) {
		go c.open()
	}
}

// ServePlain speaks MQTT on a connection that something else has opened and secured, such
// as a WebSocket, until it ends. The state is that of the TLS below, whose certificates
// count if it asked for any; without one it admits users with a password only (DC-TLS-03).
func (b *Broker) ServePlain(conn net.Conn, state tls.ConnectionState) {
	c := newClient(b, conn)
	if !b.enter(c) {
		return
	}
	if c.verify(state) == nil && c.connect() {
		c.serve()
		return
	}
	c.hangUp()
	b.done(c)
}

// enter notes a connection that is about to be served. If the broker is closed, or has as many
// connections as it may, it closes the connection and reports false.
func (b *Broker) enter(c *client) bool {
	pass, err := b.gate.Enter(c.conn.RemoteAddr(), c.cut)
	if err != nil {
		c.turnAway(err)
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		pass.Leave()
		_ = c.conn.Close()
		return false
	}
	c.pass = pass
	b.open[c] = struct{}{}
	b.running.Add(1)
	return true
}

// done forgets a connection that has ended.
func (b *Broker) done(c *client) {
	b.sessions.remove(c)
	c.pass.Leave()
	b.mu.Lock()
	delete(b.open, c)
	b.mu.Unlock()
	b.running.Done()
}

// wait holds a client up where the knobs say so.
func (b *Broker) wait(name stage.Name) { b.config.Knobs.Wait(b.closing, name) }

// Close stops serving, ends every connection and waits until all is over or ctx is done.
func (b *Broker) Close(ctx context.Context) error {
	b.mu.Lock()
	if !b.closed {
		close(b.closing)
	}
	b.closed = true
	var err error
	if b.listener != nil {
		err = b.listener.Close()
		b.listener = nil
	}
	for c := range b.open {
		c.cut()
	}
	b.mu.Unlock()
	over := make(chan struct{})
	go func() {
		b.running.Wait()
		close(over)
	}()
	select {
	case <-over:
		return err
	case <-ctx.Done():
		return errors.Join(err, ctx.Err())
	}
}

// EndAnchor ends the sessions that were admitted by a trust anchor. Called when it is
// deleted.
func (b *Broker) EndAnchor(tenant, fingerprint string) {
	b.sessions.end(func(a admission) bool { return a.tenant == tenant && a.anchor == fingerprint })
}

// EndUser ends the sessions of a user. Called when the user is disabled or deleted.
func (b *Broker) EndUser(tenant, user string) {
	b.sessions.end(func(a admission) bool { return a.tenant == tenant && a.user == user })
}
