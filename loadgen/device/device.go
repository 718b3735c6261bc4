// Package device plays one MQTT device on the wire: TCP, TLS with a client certificate, MQTT 3.1.1, and the token that the
// platform hands out over MQTT. It tells in detail what it saw, because the worth of a conformance verdict hangs on where and
// by whom a device was refused.
//
// [Connect] makes one attempt and returns an [Outcome], the observation, beside a [Device] when the platform admitted it. An
// error is never the platform's doing: it says that the tester itself was stopped. The package judges nothing; whether an
// outcome is right is for its callers to say.
//
// A connected Device costs one goroutine and a few small buffers, so that thousands fit into a process. It does not reconnect,
// does not retry and keeps no session.
package device

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

var (
	// ErrClosed is returned by the calls of a Device whose Network Connection is over; [Device.End] says how it ended.
	ErrClosed = errors.New("network connection is closed")
	// ErrNoResponse is returned when the platform did not answer within [Timeouts].Response.
	ErrNoResponse = errors.New("no response in time")
)

// Device is one admitted device and its Network Connection. Its methods may be called from any goroutine. Whoever got it from
// [Connect] ends it with Disconnect or Close.
type Device struct {
	conn      net.Conn // TLS over wire
	wire      *wire
	in        *packetReader
	response  time.Duration
	keepAlive time.Duration
	linger    time.Duration
	ended     func(End) // nil where nobody wants to know
	closed    chan struct{}

	writing sync.Mutex // held for the length of one write; never taken while mu is held
	scratch []byte     // where publishing builds its packets; guarded by writing

	// mu guards what follows.
	mu         sync.Mutex
	wake       chan struct{} // closed at the next change that a call may wait for; nil when none waits
	over       bool          // end is final
	hangUp     *End          // why the tester is ending the connection, nil while it is not
	end        End
	lastWrite  time.Time
	timer      *time.Timer // drives the Keep Alive, nil when off
	pings      uint64
	pongs      uint64
	lastID     uint16
	pending    map[uint16]*exchange
	spare      *exchange           // of the publishing before, to be used again
	unreleased map[uint16]struct{} // QoS 2 messages received and not yet released
	inbox      []arrival
	arrivals   uint64 // messages put into inbox so far
}

// newDevice takes over an admitted connection and starts its reader. The reader is a goroutine of its own because the
// handshake has grown the stack of the one that connected, and a connection may idle for hours.
func newDevice(cfg *Config, conn net.Conn, w *wire, in *packetReader) *Device {
	d := &Device{
		conn: conn, wire: w, in: in,
		response: cfg.Timeouts.Response, linger: cfg.Timeouts.Close, ended: cfg.Ended, closed: make(chan struct{}),
		lastWrite: time.Now(),
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if cfg.KeepAlive > 0 && !cfg.MQTT.Mute {
		// A quarter of a Keep Alive is left for the PINGREQ to arrive, MQTT-3.1.2-23.
		d.keepAlive = cfg.KeepAlive - cfg.KeepAlive/4
		d.timer = time.AfterFunc(d.keepAlive, d.keepAwake)
	}
	go d.read()
	return d
}

// Closed is closed when the Network Connection has ended, whoever ended it.
func (d *Device) Closed() <-chan struct{} { return d.closed }

// End tells how the Network Connection ended; the zero End while it lives.
func (d *Device) End() End {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.over {
		return End{}
	}
	return d.end
}

// Disconnect sends DISCONNECT and ends the connection. It gives the platform [Timeouts].Close to close first. The error says
// that DISCONNECT could not be sent; the connection is over in any case.
func (d *Device) Disconnect(ctx context.Context) error {
	if !d.leave(&End{Detail: "disconnected by the tester"}) {
		return fmt.Errorf("disconnect: %w", d.closedError())
	}
	err := d.write(packets.Disconnect, packets.NewControlPacket(packets.Disconnect))
	if err == nil {
		bound := time.NewTimer(d.linger)
		defer bound.Stop()
		select {
		case <-d.closed:
		case <-bound.C:
		case <-ctx.Done():
		}
	}
	d.abandon()
	if err != nil {
		return fmt.Errorf("disconnect: %w", err)
	}
	return nil
}

// Close ends the connection without DISCONNECT, as a device does that loses its network. It returns once the reader is gone.
// The error is always nil; the result is there for io.Closer.
func (d *Device) Close() error {
	d.leave(&End{Detail: "closed by the tester"})
	d.abandon()
	return nil
}

// leave notes that the tester is about to end the connection, and why; it reports false when that is already so.
func (d *Device) leave(why *End) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over || d.hangUp != nil {
		return false
	}
	d.hangUp = why
	return true
}

// abandon closes the socket under TLS, which ends the reader, and waits for that.
func (d *Device) abandon() {
	_ = d.wire.Close() // nothing is lost with it: what mattered was written before
	<-d.closed
}

// closedError is ErrClosed with what is known of the end.
func (d *Device) closedError() error {
	if end := d.End(); end.Detail != "" {
		return fmt.Errorf("%w: %s", ErrClosed, end.Detail)
	}
	return ErrClosed
}
