package device_test

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// piped dials a server that plays script at the other end of a pipe: in a bubble, time passes only when both are still.
func piped(script func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			script(server)
		}()
		return client, nil
	}
}

// overPipe connects to a server at the other end of a pipe.
func overPipe(t *testing.T, cfg device.Config, script func(*tls.Conn)) *device.Device {
	t.Helper()
	ca := newAuthority(t, "ca")
	cfg.Address, cfg.RootCAs = "127.0.0.1:1", ca.pool()
	cfg.Dialer = piped(overTLS(&tls.Config{Certificates: []tls.Certificate{ca.server(t)}}, script))
	return mustConnect(t, cfg)
}

// inBubble expects that the connection ends without the test's doing.
func inBubble(t *testing.T, cfg device.Config, script func(*tls.Conn)) {
	t.Helper()
	d := overPipe(t, cfg, script)
	defer d.Close()
	<-d.Closed()
	switch end := d.End(); {
	case cfg.MQTT.Mute && (end.ClosedBy != device.ByPeer || end.TimedOut):
		t.Errorf("mute: end %+v", end)
	case !cfg.MQTT.Mute && (end.ClosedBy != device.ByTester || !end.TimedOut || end.Detail == ""):
		t.Errorf("end %+v", end)
	}
}

// TestKeepAlive counts PINGREQs: three quarters of a Keep Alive after the last packet, none while others go out, and the end of
// the connection when one stays unanswered.
func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var pings []time.Duration
		inBubble(t, device.Config{KeepAlive: 40 * time.Second}, func(conn *tls.Conn) {
			answerCONNECT(0x20, 2, 0, 0)(conn)
			for {
				switch readPacket(conn).(type) {
				case *packets.PingreqPacket:
					pings = append(pings, time.Since(began))
					if len(pings) < 3 {
						write(conn, 0xd0, 0)
					}
				case nil:
					return
				}
			}
		})
		synctest.Wait()
		if len(pings) != 3 || pings[0] != 30*time.Second || pings[2] != 90*time.Second {
			t.Errorf("PINGREQ at %v", pings)
		}
		if got := time.Since(began); got != 120*time.Second {
			t.Errorf("gave up after %v", got)
		}
	})
}

// TestMute leaves the platform to end the silence, MQTT-3.1.2-24.
func TestMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inBubble(t, device.Config{KeepAlive: 10 * time.Second, MQTT: device.MQTTOptions{Mute: true}}, func(conn *tls.Conn) {
			answerCONNECT(0x20, 2, 0, 0)(conn)
			_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second))
			if p := readPacket(conn); p != nil {
				t.Errorf("%T from a mute device", p)
			}
		})
	})
}

// TestStalledWrite has the platform stop reading: the write gives up and takes the connection with it.
func TestStalledWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inBubble(t, device.Config{KeepAlive: 10 * time.Second}, func(conn *tls.Conn) {
			answerCONNECT(0x20, 2, 0, 0)(conn)
			time.Sleep(time.Hour)
		})
		time.Sleep(time.Hour) // the platform's hour, or the bubble would end under it
	})
}

// TestDefaults measures the bounds that apply when none is given.
func TestDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, outcome, err := device.Connect(t.Context(), device.Config{
			Address: "127.0.0.1:1",
			Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		})
		if err != nil || !outcome.TimedOut || time.Since(began) != 5*time.Second || outcome.Times.TCP != 5*time.Second {
			t.Errorf("connect: %+v, %v after %v", outcome, err, time.Since(began))
		}
		began = time.Now()
		client, server := net.Pipe()
		defer server.Close()
		go stall(server)
		_, outcome, err = device.Connect(t.Context(), device.Config{
			Address: "127.0.0.1:1",
			Dialer:  func(context.Context, string, string) (net.Conn, error) { return client, nil },
		})
		if err != nil || !outcome.TimedOut || outcome.Times.TLS != 10*time.Second || outcome.Times.TCP != 0 {
			t.Errorf("handshake: %+v, %v after %v", outcome, err, time.Since(began))
		}
	})
}
