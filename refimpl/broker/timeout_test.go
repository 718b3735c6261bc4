package broker_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// pipes is a listener in memory, on which a clock that is not the real one can go on.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accept:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.accept <- theirs
	return ours
}

// TestWhoTakesTooLongIsCutOff holds every default of Timeouts, and the Keep Alive, against a clock
// of its own: who does what a row says is cut off at that moment and not before.
func TestWhoTakesTooLongIsCutOff(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(*stand, net.Conn)
		want time.Duration
	}{
		{"silence instead of a handshake", func(*stand, net.Conn) {}, 10 * time.Second},
		{"handshake byte by byte", func(s *stand, c net.Conn) { s.trickle(c) }, 10 * time.Second},
		{"silence instead of CONNECT", func(s *stand, c net.Conn) { s.handshake(c) }, 10 * time.Second},
		{"CONNECT that begins late and does not end", func(s *stand, c net.Conn) {
			w := s.handshake(c)
			time.Sleep(9 * time.Second)
			w.raw(0x10, 15, 0, 4)
		}, 19 * time.Second},
		{"half a packet", func(s *stand, c net.Conn) { s.admitted(c, 0).raw(0x30, 9, 0) }, 10 * time.Second},
		{"answer that is not read", func(s *stand, c net.Conn) {
			s.admitted(c, 0).send(packets.NewControlPacket(packets.Pingreq))
			waitForClose(c)
		}, (5 + 1) * time.Second}, // Drain, for a close_notify that is not read either
		{"silence for one and a half times the Keep Alive", func(s *stand, c net.Conn) { // MQTT-3.1.2-24
			s.admitted(c, 60)
		}, 90 * time.Second},
		{"silence after a PINGREQ", func(s *stand, c net.Conn) {
			w := s.admitted(c, 60)
			time.Sleep(89 * time.Second)
			w.alive()
		}, (89 + 90) * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPipes()
				s := serveOn(t, p, nil)
				conn := p.dial()
				defer conn.Close()
				began := time.Now()
				tt.play(s, conn)
				_, _ = io.Copy(io.Discard, conn)
				if took := time.Since(began); took != tt.want {
					t.Errorf("cut off after %v, want %v", took, tt.want)
				}
			})
		})
	}
}

func TestKeepAliveOfZeroIsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		s := serveOn(t, p, nil)
		conn := p.dial()
		defer conn.Close()
		w := s.admitted(conn, 0)
		time.Sleep(1000 * time.Hour)
		w.alive()
	})
}

// handshake makes TLS with a good certificate of a connection.
func (s *stand) handshake(conn net.Conn) *wire {
	s.t.Helper()
	w := &wire{s.t, tls.Client(conn, s.client(s.device("dev")))}
	if err := w.Handshake(); err != nil {
		s.t.Fatal(err)
	}
	return w
}

// admitted makes an admitted device of a connection.
func (s *stand) admitted(conn net.Conn, keepAlive uint16) *wire {
	s.t.Helper()
	w := s.handshake(conn)
	p := connectPacket("dev")
	p.Keepalive = keepAlive
	w.send(p)
	if code := w.connack(); code != 0 {
		s.t.Fatalf("return code %d", code)
	}
	return w
}

// trickle begins a large ClientHello and sends a byte of it now and then.
func (s *stand) trickle(conn net.Conn) {
	s.t.Helper()
	for _, b := range []byte{0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3} {
		if _, err := conn.Write([]byte{b}); err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(900 * time.Millisecond)
	}
}

// waitForClose waits without reading: the other side reads no more either, so that a write
// goes on until there is nobody to write to.
func waitForClose(conn net.Conn) { _, _ = conn.Write([]byte{0}) }
