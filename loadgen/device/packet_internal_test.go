package device

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// TestMalformed has one packet per rule of MQTT 3.1.1 that the reader upholds.
func TestMalformed(t *testing.T) {
	tests := []struct {
		name string
		sent []byte
		want string
	}{
		{"reserved type 0", []byte{0x00, 0}, "reserved type 0"},
		{"reserved type 15", []byte{0xf0, 0}, "reserved type 15"},
		{"endless length", []byte{0x30, 0x80, 0x80, 0x80, 0x80, 1}, "Remaining Length"},
		{"oversize", []byte{0x30, 0xff, 0x7f}, "more than the 1000 allowed for"},
		{"CONNACK flags", []byte{0x21, 2, 0, 0}, "CONNACK with flags"},
		{"CONNACK reserved", []byte{0x20, 2, 2, 0}, "reserved flags"},
		{"CONNACK short", []byte{0x20, 1, 0}, "CONNACK of 1 bytes"},
		{"CONNACK long", []byte{0x20, 3, 0, 0, 0}, "CONNACK of 3 bytes"},
		{"PUBREL flags", []byte{0x60, 2, 0, 1}, "MQTT-3.6.1-1"},
		{"PUBACK identifier", []byte{0x40, 2, 0, 0}, "MQTT-2.3.1-1"},
		{"SUBACK without code", []byte{0x90, 2, 0, 1}, "SUBACK of 2 bytes"},
		{"PINGRESP with body", []byte{0xd0, 1, 0}, "PINGRESP of 1 bytes"},
		{"PUBLISH QoS 3", []byte{0x36, 5, 0, 1, 'x', 0, 1}, "MQTT-3.3.1-4"},
		{"PUBLISH empty", []byte{0x30, 0}, "PUBLISH of 0 bytes"},
		{"PUBLISH without identifier", []byte{0x32, 3, 0, 1, 'x'}, "PUBLISH of 3 bytes"},
		{"PUBLISH cut in its identifier", []byte{0x32, 4, 0, 1, 'x', 1}, "malformed PUBLISH"},
		{"PUBLISH topic beyond its end", []byte{0x30, 3, 0, 9, 'x'}, "malformed PUBLISH"},
		{"PUBLISH no topic", []byte{0x30, 2, 0, 0}, "MQTT-4.7.3-1"},
		{"PUBLISH wildcard", []byte{0x30, 3, 0, 1, '#'}, "MQTT-3.3.2-2"},
		{"PUBLISH not UTF-8", []byte{0x30, 3, 0, 1, 0xff}, "MQTT-1.5.3-1"},
		{"PUBLISH NUL", []byte{0x30, 3, 0, 1, 0}, "MQTT-1.5.3-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := newPacketReader(bytes.NewReader(tt.sent), 1000).next()
			broken, ok := errors.AsType[*violation](err)
			if !ok || !strings.Contains(broken.text, tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestReader reads a stream whole, by single bytes and with the end in the same breath as the last bytes.
func TestReader(t *testing.T) {
	payload := strings.Repeat("p", 3000)
	var stream bytes.Buffer
	for range 3 {
		publish := &packets.PublishPacket{FixedHeader: packets.FixedHeader{MessageType: packets.Publish}, TopicName: "t", Payload: []byte(payload)}
		if err := publish.Write(&stream); err != nil {
			t.Fatal(err)
		}
		stream.Write([]byte{0x40, 2, 0, 1})
	}
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "one byte": iotest.OneByteReader, "half": iotest.HalfReader,
		"end with data": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			r := newPacketReader(wrap(bytes.NewReader(stream.Bytes())), 1<<20)
			for range 3 {
				if _, p, err := r.next(); err != nil || string(p.(*packets.PublishPacket).Payload) != payload {
					t.Fatalf("PUBLISH: %v", err)
				}
				if kind, _, err := r.next(); err != nil || kind != packets.Puback {
					t.Fatalf("PUBACK: %v", err)
				}
			}
			if _, _, err := r.next(); err != io.EOF {
				t.Errorf("at the end: %v", err)
			}
			if len(r.buf) > keptBuffer {
				t.Errorf("buffer of %d bytes kept", len(r.buf))
			}
		})
	}
	for cut := 1; cut < 5; cut++ {
		if _, _, err := newPacketReader(bytes.NewReader([]byte{0x90, 3, 0, 1, 0}[:cut]), 10).next(); err != io.ErrUnexpectedEOF {
			t.Errorf("cut after %d bytes: %v", cut, err)
		}
	}
}

// fakeConn is a connection on which the platform says what the fuzzer made up.
type fakeConn struct {
	net.Conn
	in    io.Reader
	ready chan struct{} // closed when the platform may speak
	out   int
}

func (c *fakeConn) Read(p []byte) (int, error) {
	<-c.ready
	return c.in.Read(p)
}

func (c *fakeConn) Write(p []byte) (int, error) { c.out += len(p); return len(p), nil }

func (*fakeConn) Close() error { return nil }

func (*fakeConn) SetDeadline(time.Time) error { return nil }

func (*fakeConn) SetWriteDeadline(time.Time) error { return nil }

// FuzzInbound gives a connected device any bytes: it must come to its end, free its callers, keep no more than was sent and answer with less.
func FuzzInbound(f *testing.F) {
	for _, seed := range []string{
		"", "\x20\x02\x00\x00", "\x30\x08\x00\x05s/dat7", "\x32\x05\x00\x01x\x00\x01", "\x34\x05\x00\x01x\x00\x01\x62\x02\x00\x01",
		"\x90\x03\x00\x01\x80", "\xd0\x00", "\x40\x02\x00\x01\x50\x02\x00\x01\x70\x02\x00\x01\xb0\x02\x00\x01",
		"\x30\xff\xff\xff\x7f", "\x36\x00", "\x10\x00", "\x82\x00", "\xf0\x00", "\x90\x02\x00\x01", "\x90\x04\x00\x01\x00\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		conn := &fakeConn{in: bytes.NewReader(sent), ready: make(chan struct{})}
		cfg, err := Config{Address: "127.0.0.1:1", KeepAlive: -1}.completed()
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{Conn: conn}
		d := newDevice(&cfg, w, w, newPacketReader(w, cfg.MQTT.MaxPacket))
		before := d.lastWrite
		subscribed := make(chan error)
		go func() {
			// Packet Identifier 1: the answer may be among the bytes.
			_, err := d.Subscribe(t.Context(), "s/dat", 0)
			subscribed <- err
		}()
		for asked := false; !asked; {
			d.mu.Lock()
			asked = d.lastWrite != before
			d.mu.Unlock()
			runtime.Gosched()
		}
		conn.out = 0
		close(conn.ready)
		<-d.Closed()
		if err := <-subscribed; err != nil && !errors.Is(err, ErrClosed) {
			t.Errorf("subscribe: %v", err)
		}
		kept := 0
		for {
			m, err := d.Receive(t.Context())
			if err != nil {
				break
			}
			kept += len(m.Topic) + len(m.Payload)
		}
		if kept > len(sent) || conn.out > len(sent) {
			t.Errorf("kept %d and answered %d bytes of %d", kept, conn.out, len(sent))
		}
		if len(d.in.buf) > 2*len(sent)+promptGrowth {
			t.Errorf("buffer of %d bytes for %d", len(d.in.buf), len(sent))
		}
		if end := d.End(); end.ClosedBy == "" || end.Detail == "" || end.TLSError != "" {
			t.Errorf("end %+v", end)
		}
	})
}
