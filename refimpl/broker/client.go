package broker

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/gate"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// A client is one Network Connection, from its acceptance to its end. All but the fields
// that say otherwise belong to the goroutine that serves it.
type client struct {
	broker *Broker
	conn   net.Conn      // what is closed and has deadlines
	stream io.ReadWriter // what MQTT is spoken on: TLS over conn, or conn itself
	tls    *tls.Conn     // nil where there is none

	presented bool           // a certificate was presented
	path      trust.Path     // if the chain was found good
	refusal   *trust.Refusal // if not, and the handshake was let finish

	admission     admission // of an admitted client, unchanged from then on
	idle          time.Duration
	subscriptions map[string]byte // Topic Filter to QoS
	flight        flight
	will          string // topic of the Will Message

	wild    atomic.Bool // a wildcard was asked for
	pass    *gate.Pass  // from enter on
	ended   atomic.Bool // set from outside by end
	writing sync.Mutex  // held while a packet is written
	scratch [1]byte
}

// newClient returns a client that speaks MQTT on the connection as it is.
func newClient(b *Broker, conn net.Conn) *client {
	return &client{broker: b, conn: conn, stream: conn}
}

// open serves the connection up to CONNACK and hands it over to a new goroutine: handshake
// and CONNECT have grown the stack of this one several times over, and ten thousand
// idle devices would keep it.
func (c *client) open() {
	if c.handshake() && c.connect() {
		go c.serve()
		return
	}
	c.hangUp()
	c.broker.done(c)
}

// handshake reports whether MQTT can be spoken on the connection now: over TLS
// (DC-TLS-02).
func (c *client) handshake() bool {
	c.broker.wait(stage.Accept)
	if c.lostEarly() {
		return false
	}
	_ = c.conn.SetDeadline(time.Now().Add(c.broker.config.Timeouts.Handshake))
	if c.plaintext() {
		return true
	}
	c.tls = tls.Server(c.conn, c.tlsConfig())
	if err := c.tls.Handshake(); err != nil {
		c.observeHandshake(err)
		return false
	}
	_ = c.conn.SetDeadline(time.Time{})
	c.stream = c.tls
	return true
}

// serve speaks MQTT with an admitted client until one side ends it.
func (c *client) serve() {
	defer c.broker.done(c)
	defer c.hangUp()
	c.path = trust.Path{} // the parsed chain is large and no longer needed
	c.over(c.session())
}

// over does what there is to do at the end of a session.
func (c *client) over(why error) {
	c.observe(Event{Kind: Ended, Detail: why.Error()})
	if !errors.Is(why, errDisconnect) {
		c.lastWill() // MQTT-3.1.2-8
	}
}

// session serves packets until there is a reason not to.
func (c *client) session() error {
	for {
		if err := c.next(); err != nil {
			return err
		}
	}
}

// end makes the session end soon, in its own goroutine. Safe from any goroutine. The flag
// goes first: readDeadline sets a deadline and then looks at the flag, so that one
// of the two always takes effect.
func (c *client) end() {
	c.ended.Store(true)
	_ = c.conn.SetReadDeadline(time.Unix(1, 0))
}

// cut ends the connection at once, whatever it is at. Safe from any goroutine. To close
// a WebSocket would be to wait for the other side; a deadline in the past cuts it off.
func (c *client) cut() {
	if _, tcp := c.conn.(*net.TCPConn); tcp {
		_ = c.conn.Close()
		return
	}
	c.end()
}

// Why a session ends without a fault.
var (
	errEnded      = errors.New("ended by the platform")
	errDisconnect = errors.New("disconnected by the client")
)

// readDeadline gives the client d for what it sends next; 0 is for ever.
func (c *client) readDeadline(d time.Duration) error {
	deadline := time.Time{}
	if d > 0 {
		deadline = time.Now().Add(d)
	}
	if err := c.conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	if c.ended.Load() {
		return errEnded
	}
	return nil
}

// next reads one packet and does what it asks. An error ends the connection, which is
// how MQTT 3.1.1 section 4.8 wants every fault answered.
func (c *client) next() error {
	header, body, err := c.read(c.idle, c.broker.config.Limits.Packet)
	if err != nil {
		return err
	}
	return c.handle(header, body)
}

func (c *client) handle(header packets.FixedHeader, body []byte) error {
	switch header.Type {
	case packets.Publish:
		return c.publish(header, body)
	case packets.Puback, packets.Pubrec, packets.Pubrel, packets.Pubcomp:
		return c.acknowledge(header, body)
	case packets.Subscribe:
		return c.subscribe(header, body)
	case packets.Unsubscribe:
		return c.unsubscribe(header, body)
	case packets.Pingreq:
		if len(body) > 0 {
			return errMalformed
		}
		return c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingresp}}) // MQTT-3.12.4-1
	case packets.Disconnect:
		if len(c.subscriptions) > 0 && c.has(deviation.StaysAfterDisconnect) {
			return nil
		}
		return errDisconnect // MQTT-3.14.4-2
	default: // a second CONNECT (MQTT-3.1.0-2), or a packet that only a server sends
		return errProtocol
	}
}

// hangUp ends the connection so that the other side can read the last words, an alert
// or a CONNACK: data that is still unread when a socket is closed turns the
// close into a reset, and a reset overtakes what was sent before it.
func (c *client) hangUp() {
	defer c.conn.Close()
	if c.tls != nil && c.tls.ConnectionState().HandshakeComplete {
		// Not a deadline: CloseWrite sets one of its own, and a longer one.
		cut := time.AfterFunc(c.broker.config.Timeouts.Drain, func() { _ = c.conn.Close() })
		defer cut.Stop()
		_ = c.tls.CloseWrite()
	}
	if half, ok := c.conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(c.broker.config.Timeouts.Drain))
	_, _ = io.Copy(io.Discard, io.LimitReader(c.conn, 1<<20))
}
