package broker_test

import (
	"bytes"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/broker"
)

// connection opens a TCP connection and says nothing.
func (s *stand) connection() *net.TCPConn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(bound))
	return conn.(*net.TCPConn)
}

// clientHello is the first thing that a good client sends.
func (s *stand) clientHello() []byte {
	s.t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	go func() { _ = tls.Client(client, s.client(nil)).Handshake() }()
	hello := make([]byte, 16<<10)
	n, err := server.Read(hello)
	if err != nil {
		s.t.Fatal(err)
	}
	return hello[:n]
}

func TestPlaintextGetsNoAnswer(t *testing.T) {
	s := serve(t, nil)
	conn := s.connection()
	if err := connectPacket("dev").Write(conn); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	if n, _ := conn.Read(buf); n > 0 && buf[0] == 0x20 {
		t.Errorf("a CONNACK in the clear: %x", buf[:n])
	}
}

// A narrow listener's connections have room for few answers that nobody reads.
type narrow struct{ net.Listener }

func (l narrow) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
}

func TestWhoDoesNotReadIsDropped(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan broker.Event, 2)
	s := serveOn(t, narrow{listener}, func(c *broker.Config) {
		c.Timeouts.Write = time.Second // the bystander has it too
		c.Observe = func(e broker.Event) {
			if e.Kind == broker.Ended {
				ended <- e
			}
		}
	})
	w, bystander := s.connect("dev"), s.connect("other")
	w.subscribe(map[string]byte{"s/dat": 0})
	var requests bytes.Buffer
	for range 4096 {
		if err := publishPacket("s/uat", 0, 0).Write(&requests); err != nil {
			t.Fatal(err)
		}
	}
	w.raw(requests.Bytes()...) // the answers are forty times as long, and nobody reads them
	select {
	case e := <-ended:
		if e.User != "device_dev" {
			t.Errorf("%q was dropped: %s", e.User, e.Detail)
		}
	case <-time.After(bound):
		t.Error("the session goes on")
	}
	bystander.alive()
}
