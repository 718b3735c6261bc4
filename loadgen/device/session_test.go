package device_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// admitted connects to a server that says CONNACK 0 and goes on with script.
func admitted(t *testing.T, cfg device.Config, script func(*tls.Conn)) *device.Device {
	t.Helper()
	ca := newAuthority(t, "ca")
	config := &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, MaxVersion: cfg.MaxVersion}
	cfg.RootCAs = ca.pool()
	cfg.Address = serve(t, overTLS(config, func(conn *tls.Conn) {
		answerCONNECT(0x20, 2, 0, 0)(conn)
		script(conn)
	}))
	return mustConnect(t, cfg)
}

func await(t *testing.T, closed <-chan struct{}) {
	t.Helper()
	select {
	case <-closed:
	case <-time.After(bound):
		t.Fatal("connection did not end")
	}
}

func TestCONNECT(t *testing.T) {
	will := &device.Message{Topic: "s/us", Payload: []byte("400,gone"), QoS: 1, Retain: true}
	tests := []struct {
		name string
		cfg  device.Config
		want packets.ConnectPacket
	}{
		{
			name: "least", cfg: device.Config{ClientID: "d"},
			want: packets.ConnectPacket{ProtocolName: "MQTT", ProtocolVersion: 4, CleanSession: true, Keepalive: 60, ClientIdentifier: "d"},
		},
		{
			name: "most",
			cfg: device.Config{
				ClientID: "d:x", Username: "t1/u", Password: "p", KeepAlive: 1500 * time.Millisecond,
				MQTT: device.MQTTOptions{ProtocolLevel: 3, KeepSession: true, Will: will},
			},
			want: packets.ConnectPacket{
				ProtocolName: "MQIsdp", ProtocolVersion: 3, Keepalive: 2, ClientIdentifier: "d:x",
				UsernameFlag: true, Username: "t1/u", PasswordFlag: true, Password: []byte("p"),
				WillFlag: true, WillQos: 1, WillRetain: true, WillTopic: "s/us", WillMessage: []byte("400,gone"),
			},
		},
		{
			name: "no keep alive", cfg: device.Config{KeepAlive: -1, MQTT: device.MQTTOptions{ProtocolLevel: 5}},
			want: packets.ConnectPacket{ProtocolName: "MQTT", ProtocolVersion: 5, CleanSession: true},
		},
	}
	ca := newAuthority(t, "ca")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := make(chan packets.ControlPacket, 1)
			tt.cfg.RootCAs = ca.pool()
			tt.cfg.Address = serve(t, overTLS(&tls.Config{Certificates: []tls.Certificate{ca.server(t)}}, func(conn *tls.Conn) {
				seen <- readPacket(conn)
				write(conn, 0x20, 2, 0, 0)
				stall(conn)
			}))
			mustConnect(t, tt.cfg)
			got, ok := (<-seen).(*packets.ConnectPacket)
			if !ok {
				t.Fatal("no CONNECT")
			}
			if diff := cmp.Diff(&tt.want, got, cmpopts.IgnoreFields(packets.ConnectPacket{}, "FixedHeader")); diff != "" {
				t.Errorf("CONNECT differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSubscribe(t *testing.T) {
	d := admitted(t, device.Config{}, serveDevice)
	for _, tt := range []struct {
		filter string
		qos    byte
		want   byte
	}{{"s/ds", 0, 0}, {"s/ds", 1, 1}, {"s/ds", 2, 2}, {"no/thing", 1, device.SubscribeFailure}} {
		if got, err := d.Subscribe(t.Context(), tt.filter, tt.qos); err != nil || got != tt.want {
			t.Errorf("%s, QoS %d: %#x, %v", tt.filter, tt.qos, got, err)
		}
	}
	for _, filter := range []string{"", strings.Repeat("x", 1<<16), "\xff"} {
		if _, err := d.Subscribe(t.Context(), filter, 0); err == nil {
			t.Errorf("subscribed to a filter of %d bytes", len(filter))
		}
	}
	if _, err := d.Subscribe(t.Context(), "x", 3); err == nil {
		t.Error("subscribed with QoS 3")
	}
}

// TestEcho has each QoS go there and back, with payloads around the sizes of the reading buffer and of a TLS record.
func TestEcho(t *testing.T) {
	versions(t, func(t *testing.T, version uint16) {
		d := admitted(t, device.Config{MinVersion: version, MaxVersion: version}, serveDevice)
		for _, size := range []int{0, 1, 50, 64, 500, 5000, 1<<14 + 1, 200_000} {
			for qos := range byte(3) {
				payload := bytes.Repeat([]byte{byte(size)}, size)
				if err := d.Publish(t.Context(), "echo", payload, qos); err != nil {
					t.Fatalf("publish %d bytes with QoS %d: %v", size, qos, err)
				}
				got, err := d.Receive(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if got.Topic != "echo" || got.QoS != qos || !bytes.Equal(got.Payload, payload) || got.At.IsZero() {
					t.Errorf("%d bytes, QoS %d: got %d bytes, QoS %d, topic %q", size, qos, len(got.Payload), got.QoS, got.Topic)
				}
			}
		}
		if err := d.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestCalls uses one device from many goroutines.
func TestCalls(t *testing.T) {
	d := admitted(t, device.Config{}, serveDevice)
	var calls sync.WaitGroup
	for i := range 8 {
		calls.Go(func() {
			for range 20 {
				if err := d.Publish(t.Context(), "s/us", []byte("x"), byte(i%3)); err != nil {
					t.Error(err)
				}
				if _, err := d.Subscribe(t.Context(), fmt.Sprint("s/", i), 0); err != nil {
					t.Error(err)
				}
				if err := d.Ping(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	calls.Wait()
}

func TestTokenRefused(t *testing.T) {
	d := admitted(t, device.Config{}, func(conn *tls.Conn) {
		if p, ok := readPacket(conn).(*packets.SubscribePacket); ok {
			write(conn, 0x90, 3, byte(p.MessageID>>8), byte(p.MessageID), 0x80)
		}
		stall(conn)
	})
	if _, err := d.Token(t.Context()); !errors.Is(err, device.ErrSubscriptionRefused) {
		t.Errorf("error %v", err)
	}
}

// TestTokenLate has an answer come when its question was given up: it is not the answer to the next.
func TestTokenLate(t *testing.T) {
	came, givenUp := make(chan struct{}), make(chan struct{})
	d := admitted(t, device.Config{}, func(conn *tls.Conn) {
		readPacket(conn)
		close(came)
		<-givenUp
		write(conn, append([]byte{0x30, 10, 0, 5}, "s/datold"...)...)
		write(conn, append([]byte{0x30, 6, 0, 1}, "xold"...)...)
		readPacket(conn)
		write(conn, append([]byte{0x30, 10, 0, 5}, "s/datnew"...)...)
		stall(conn)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-came
		cancel()
	}()
	if _, err := d.RequestToken(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("first: %v", err)
	}
	close(givenUp)
	// The message behind the late answer says that this one has been taken in.
	if m, err := d.Receive(t.Context()); err != nil || string(m.Payload) != "old" || m.Topic != "s/dat" {
		t.Fatalf("%+v, %v", m, err)
	}
	if token, err := d.RequestToken(t.Context()); err != nil || token != "new" {
		t.Errorf("second: %q, %v", token, err)
	}
}

// TestNoResponse has a platform that answers nothing; that is an error of its own kind and leaves the connection usable.
func TestNoResponse(t *testing.T) {
	synctest.Test(t, noResponse) // so that nothing but the answers is late
}

func noResponse(t *testing.T) {
	d := overPipe(t, device.Config{Timeouts: quick()}, func(conn *tls.Conn) {
		answerCONNECT(0x20, 2, 0, 0)(conn)
		stall(conn)
	})
	defer d.Close()
	calls := map[string]func() error{
		"subscribe": func() error { _, err := d.Subscribe(t.Context(), "x", 0); return err },
		"publish 1": func() error { return d.Publish(t.Context(), "x", nil, 1) },
		"publish 2": func() error { return d.Publish(t.Context(), "x", nil, 2) },
		"ping":      func() error { return d.Ping(t.Context()) },
		"token":     func() error { _, err := d.RequestToken(t.Context()); return err },
	}
	var running sync.WaitGroup
	for name, call := range calls {
		running.Go(func() {
			if err := call(); !errors.Is(err, device.ErrNoResponse) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	running.Wait()
	if end := d.End(); end != (device.End{}) {
		t.Errorf("end %+v", end)
	}
}

// TestUnexpected sends what does not belong but can be survived.
func TestUnexpected(t *testing.T) {
	tests := []struct {
		name string
		sent []byte
	}{
		{"second CONNACK", []byte{0x20, 2, 0, 5}},
		{"PUBACK for nothing", []byte{0x40, 2, 0, 9}},
		{"SUBACK for nothing", []byte{0x90, 3, 0, 9, 0}},
		{"PINGRESP for nothing", []byte{0xd0, 0}},
		{"UNSUBACK", []byte{0xb0, 2, 0, 9}},
		{"SUBSCRIBE", []byte{0x82, 6, 0, 9, 0, 1, 'x', 0}},
		{"DISCONNECT", []byte{0xe0, 0}},
		{"DUP with QoS 0", []byte{0x38, 3, 0, 1, 'y'}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := admitted(t, device.Config{}, func(conn *tls.Conn) {
				write(conn, tt.sent...)
				write(conn, 0x30, 3, 0, 1, 'x')
			})
			for topic := ""; topic != "x"; {
				m, err := d.Receive(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				topic = m.Topic
			}
			await(t, d.Closed())
			if end := d.End(); end.ClosedBy != device.ByPeer || (end.ReturnCode != nil) != (tt.name == "second CONNACK") {
				t.Errorf("end %+v", end)
			}
		})
	}
}

// TestEnd tells the ways in which the platform can end a connection, and that waiting calls end with it.
func TestEnd(t *testing.T) {
	tests := []struct {
		name   string
		script func(*tls.Conn)
		want   device.End
	}{
		{
			name: "close_notify", script: func(conn *tls.Conn) { conn.Close() },
			want: device.End{
				ClosedBy: "peer", Close: "fin", CloseNotify: true, Detail: "connection ended, closed by the peer (close_notify, fin)",
			},
		},
		{
			name: "fin", script: func(*tls.Conn) {},
			want: device.End{ClosedBy: "peer", Close: "fin", Detail: "connection ended, closed by the peer (fin)"},
		},
		{
			name: "rst", script: func(conn *tls.Conn) { cutHard(conn.NetConn()) },
			want: device.End{ClosedBy: "peer", Close: "rst", Detail: "connection ended, closed by the peer (rst)"},
		},
		{
			name: "inside a packet", script: func(conn *tls.Conn) { write(conn, 0x30, 9, 0) },
			want: device.End{ClosedBy: "peer", Close: "fin", Detail: "connection ended inside a packet, closed by the peer (fin)"},
		},
		{
			name: "malformed packet", script: func(conn *tls.Conn) { write(conn, 0x36, 3, 0, 1, 'x'); stall(conn) },
			want: device.End{
				ClosedBy: "tester", Detail: "PUBLISH with QoS 3, MQTT-3.3.1-4, closed by the tester",
			},
		},
		{
			name: "not TLS any more", script: func(conn *tls.Conn) { write(conn.NetConn(), 1, 2, 3, 4, 5, 6); stall(conn) },
			want: device.End{
				ClosedBy: "tester", Detail: `received record with version 203 when expecting version 303: "\x01\x02\x03\x04\x05", closed by the tester`,
				TLSError: `received record with version 203 when expecting version 303: "\x01\x02\x03\x04\x05"`,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			versions(t, func(t *testing.T, version uint16) {
				d := admitted(t, device.Config{
					MinVersion: version, MaxVersion: version, Timeouts: patient(device.Timeouts{}, tt.want.ClosedBy),
				}, tt.script)
				if _, err := d.Receive(t.Context()); !errors.Is(err, device.ErrClosed) || !strings.Contains(err.Error(), tt.want.Detail) {
					t.Errorf("receive: %v", err)
				}
				await(t, d.Closed())
				if diff := cmp.Diff(tt.want, d.End(), cmpopts.IgnoreFields(device.End{}, "At")); diff != "" {
					t.Errorf("end differs (-want +got):\n%s", diff)
				}
				for name, call := range map[string]func() error{
					"publish":    func() error { return d.Publish(t.Context(), "x", nil, 0) },
					"subscribe":  func() error { _, err := d.Subscribe(t.Context(), "x", 0); return err },
					"ping":       func() error { return d.Ping(t.Context()) },
					"disconnect": func() error { return d.Disconnect(t.Context()) },
				} {
					if err := call(); !errors.Is(err, device.ErrClosed) {
						t.Errorf("%s: %v", name, err)
					}
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
				if got := d.End().ClosedBy; got != tt.want.ClosedBy {
					t.Errorf("after Close it says closed by %q", got)
				}
			})
		})
	}
}

// TestClose ends a connection under a call that waits.
func TestClose(t *testing.T) {
	d := admitted(t, device.Config{}, func(conn *tls.Conn) { stall(conn) })
	done := make(chan error)
	go func() {
		_, err := d.Receive(t.Context())
		done <- err
	}()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, device.ErrClosed) {
		t.Errorf("receive: %v", err)
	}
	if end := d.End(); end.ClosedBy != device.ByTester || end.TLSError != "" || end.At.IsZero() {
		t.Errorf("end %+v", end)
	}
}

// TestDisconnect looks at what reaches the platform, and goes on when the platform does not close.
func TestDisconnect(t *testing.T) {
	got := make(chan packets.ControlPacket, 1)
	d := admitted(t, device.Config{}, func(conn *tls.Conn) {
		got <- readPacket(conn)
		stall(conn)
	})
	if err := d.Disconnect(t.Context()); err != nil {
		t.Error(err)
	}
	if _, ok := (<-got).(*packets.DisconnectPacket); !ok {
		t.Error("no DISCONNECT")
	}
	if end := d.End(); end.ClosedBy != device.ByTester || end.Close != "" {
		t.Errorf("end %+v", end)
	}
}

// TestFlood sends more than anyone receives: what is kept is bounded, and what is not kept is not acknowledged.
func TestFlood(t *testing.T) {
	const sent = 1100
	acknowledged := make(chan int)
	d := admitted(t, device.Config{}, func(conn *tls.Conn) {
		go func() {
			for i := range sent {
				write(conn, 0x32, 5, 0, 1, 'x', byte((i+1)>>8), byte(i+1))
			}
			write(conn, 0xd0, 0)
		}()
		n := 0
		for {
			switch readPacket(conn).(type) {
			case *packets.PubackPacket:
				n++
			case nil:
				acknowledged <- n
				return
			}
		}
	})
	if err := d.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Close()
	if got := <-acknowledged; got != 1024 {
		t.Errorf("acknowledged %d", got)
	}
	for range 1024 {
		if _, err := d.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Receive(t.Context()); !errors.Is(err, device.ErrClosed) {
		t.Errorf("receive: %v", err)
	}
}

// TestQoS2Twice sends one QoS 2 message twice before its release: it is received once, MQTT-4.3.3-2.
func TestQoS2Twice(t *testing.T) {
	d := admitted(t, device.Config{}, func(conn *tls.Conn) {
		for _, first := range []byte{0x34, 0x3c} {
			write(conn, first, 5, 0, 1, 'x', 0, 7)
			readPacket(conn)
		}
		write(conn, 0x62, 2, 0, 7)
		if _, ok := readPacket(conn).(*packets.PubcompPacket); ok {
			write(conn, 0x30, 3, 0, 1, 'y')
		}
		stall(conn)
	})
	for _, want := range []string{"x", "y"} {
		if m, err := d.Receive(t.Context()); err != nil || m.Topic != want {
			t.Errorf("%+v, %v; want %s", m, err, want)
		}
	}
}
