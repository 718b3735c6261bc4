package broker

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/token"
)

// An inMemory connection has its input at hand and throws away what is written.
type inMemory struct {
	io.Reader
	net.Conn // panics where a method is called that is not below
	written  bytes.Buffer
}

type address struct{}

func (address) Network() string { return "memory" }
func (address) String() string  { return "memory" }

func (c *inMemory) Read(p []byte) (int, error)       { return c.Reader.Read(p) }
func (c *inMemory) Write(p []byte) (int, error)      { return c.written.Write(p) }
func (c *inMemory) Close() error                     { return nil }
func (c *inMemory) RemoteAddr() net.Addr             { return address{} }
func (c *inMemory) SetDeadline(time.Time) error      { return nil }
func (c *inMemory) SetReadDeadline(time.Time) error  { return nil }
func (c *inMemory) SetWriteDeadline(time.Time) error { return nil }

// newFuzzBroker returns a broker that serves no listener.
func newFuzzBroker(t testing.TB) *Broker {
	t.Helper()
	r, err := registry.New([]registry.TenantConfig{{ID: "t1", Users: []registry.UserConfig{{Name: "u", Password: "p"}}}})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := token.New(token.Config{Host: "localhost", Options: r, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Registry: r, Tokens: tokens, MaxChainLength: func() int { return 2 }, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
}

// FuzzPackets throws bytes at a client that is not connected yet and at an admitted one. What
// is answered must be packets that can be read back, CONNACK first and once only.
func FuzzPackets(f *testing.F) {
	connect := []byte("\x10\x18\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01d\x00\x04t1/u\x00\x01p")
	for _, seed := range [][]byte{
		connect,
		append(bytes.Clone(connect), 0x82, 10, 0, 1, 0, 5, 's', '/', 'd', 'a', 't', 2, 0x30, 7, 0, 5, 's', '/', 'u', 'a', 't'),
		append(bytes.Clone(connect), 0x34, 6, 0, 1, 't', 0, 9, 'x', 0x62, 2, 0, 9, 0xc0, 0, 0xe0, 0),
		{0x10, 0xff, 0xff, 0xff, 0x7f},
		{0x30, 9, 0, 4, 's', '/', 'u', 's', '1', '0', '0'},
		{0xa2, 7, 0, 1, 0, 3, 's', '/', 'e'},
	} {
		f.Add(seed)
	}
	b := newFuzzBroker(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		fresh := &inMemory{Reader: bytes.NewReader(data)}
		b.ServePlain(fresh, tls.ConnectionState{})
		answersAreWellFormed(t, fresh.written.Bytes(), true)

		admitted := &inMemory{Reader: bytes.NewReader(data)}
		c := newClient(b, admitted)
		c.admission = admission{tenant: "t1", device: "one", user: "device_one", anchor: "aa"}
		c.subscriptions = map[string]byte{tokenTopic: 2}
		_ = c.session()
		answersAreWellFormed(t, admitted.written.Bytes(), false)
	})
}

func answersAreWellFormed(t *testing.T, data []byte, connackFirst bool) {
	t.Helper()
	r := bytes.NewReader(data)
	for n := 0; r.Len() > 0; n++ {
		first, err := r.ReadByte()
		if err != nil {
			t.Fatal(err)
		}
		var header packets.FixedHeader
		if err := header.Decode(first); err != nil {
			t.Fatalf("answer %d: %v", n, err)
		}
		length, err := remainingLength(r)
		if err != nil || length > r.Len() {
			t.Fatalf("answer %d: length %d of %d, %v", n, length, r.Len(), err)
		}
		if _, err := r.Seek(int64(length), io.SeekCurrent); err != nil {
			t.Fatal(err)
		}
		if (header.Type == packets.Connack) != (connackFirst && n == 0) {
			t.Fatalf("answer %d is of type %d", n, header.Type)
		}
	}
}

// A flaky listener fails a few times before it has a connection.
type flaky struct {
	net.Listener
	failures int
}

func (l *flaky) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, &net.OpError{Op: "accept", Err: errOversize}
	}
	return l.Listener.Accept()
}

func TestAcceptErrorsAreSurvived(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newFuzzBroker(t)
	served := make(chan error, 1)
	go func() { served <- b.Serve(&flaky{listener, 3}) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("no TLS record")); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection was not served: %v", err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}
