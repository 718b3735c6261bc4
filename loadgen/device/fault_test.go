package device_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// TestConfig has each field wrong once; nothing is dialled.
func TestConfig(t *testing.T) {
	key := newAuthority(t, "ca").key
	long := strings.Repeat("x", 1<<16)
	tests := []struct {
		name   string
		change func(*device.Config)
		want   string
	}{
		{"no address", func(c *device.Config) { c.Address = "" }, "address"},
		{"no port", func(c *device.Config) { c.Address = "localhost" }, "missing port"},
		{"chain without key", func(c *device.Config) { c.Identity = &device.Identity{Chain: [][]byte{{1}}} }, "no key"},
		{"versions crossed", func(c *device.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS13, tls.VersionTLS12 }, "above the highest"},
		{"long client id", func(c *device.Config) { c.ClientID = long }, "client id has 65536 bytes"},
		{"long password", func(c *device.Config) { c.Password = long }, "password has 65536 bytes"},
		{"negative settle", func(c *device.Config) { c.Settle = -1 }, "settle time -1ns is negative"},
		{"negative time-out", func(c *device.Config) { c.Timeouts.Response = -1 }, "response time-out -1ns is negative"},
		{"long keep alive", func(c *device.Config) { c.KeepAlive = 24 * time.Hour }, "keep alive 24h0m0s exceeds"},
		{"negative packet", func(c *device.Config) { c.MQTT.MaxPacket = -1 }, "largest packet"},
		{"will without topic", func(c *device.Config) { c.MQTT.Will = &device.Message{} }, "will topic is empty"},
		{"will QoS", func(c *device.Config) { c.MQTT.Will = &device.Message{Topic: "t", QoS: 3} }, "QoS 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := device.Config{
				Address:  "127.0.0.1:1",
				Identity: &device.Identity{Key: key},
				Dialer: func(context.Context, string, string) (net.Conn, error) {
					t.Error("dialled")
					return nil, errors.New("dialled")
				},
			}
			tt.change(&cfg)
			_, _, err := device.Connect(t.Context(), cfg)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "xxxx") {
				t.Error("error quotes the value")
			}
		})
	}
}

// TestDial tells what the platform's side does to a TCP connection from what ours does.
func TestDial(t *testing.T) {
	tests := []struct {
		name     string
		err      error
		timedOut bool
		ours     bool
	}{
		{"refused", syscall.ECONNREFUSED, false, false},
		{"unreachable", syscall.EHOSTUNREACH, false, false},
		{"no such name", &net.DNSError{IsNotFound: true}, false, false},
		{"no answer", syscall.ETIMEDOUT, true, false},
		{"bound passed", os.ErrDeadlineExceeded, true, false},
		{"no port left", syscall.EADDRNOTAVAIL, false, true},
		{"no file left", syscall.EMFILE, false, true},
		{"forbidden by a local rule", syscall.EPERM, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, got, err := device.Connect(t.Context(), device.Config{
				Address: "127.0.0.1:1",
				Dialer: func(context.Context, string, string) (net.Conn, error) {
					return nil, &net.OpError{Op: "dial", Err: tt.err}
				},
			})
			if d != nil || errors.Is(err, tt.err) != tt.ours || (err != nil) != tt.ours {
				t.Errorf("error %v", err)
			}
			if got.Layer != device.LayerTCPConnect || got.TimedOut != tt.timedOut || got.Refused() || got.Admitted() {
				t.Errorf("outcome %+v", got)
			}
		})
	}
}

func TestDialRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, got, err := device.Connect(t.Context(), device.Config{Address: listener.Addr().String()})
	if err != nil || got.Layer != device.LayerTCPConnect || !strings.Contains(got.Detail, "connection refused") {
		t.Errorf("%+v, %v", got, err)
	}
}

// brokenSigner refuses to sign.
type brokenSigner struct{ crypto.Signer }

var errToken = errors.New("smart card removed")

func (brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errToken }

// nonsenseSigner signs with nothing that verifies.
type nonsenseSigner struct{ crypto.Signer }

func (nonsenseSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return []byte("nonsense"), nil
}

// TestKey keeps apart a key that we cannot use, one that the server will not have and one that proves nothing.
func TestKey(t *testing.T) {
	ca := newAuthority(t, "ca")
	config := &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, ClientAuth: tls.RequireAnyClientCert}
	identity := ca.device(t, "d", false)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	versions(t, func(t *testing.T, version uint16) {
		connect := func(key crypto.Signer) (device.Outcome, error) {
			_, outcome, err := device.Connect(t.Context(), device.Config{
				Address: serve(t, overTLS(config, platform)), RootCAs: ca.pool(), MinVersion: version, MaxVersion: version,
				Identity: &device.Identity{Chain: identity.Chain, Key: key},
			})
			return outcome, err
		}
		if _, err := connect(brokenSigner{identity.Key}); !errors.Is(err, errToken) {
			t.Errorf("broken signer: error %v", err)
		}
		if version == tls.VersionTLS13 {
			if _, err := connect(p224); err == nil || !strings.Contains(err.Error(), "use a key of type *ecdsa.PrivateKey with TLS 1.3") {
				t.Errorf("P-224: error %v", err)
			}
		}
		for name, key := range map[string]crypto.Signer{"nonsense": nonsenseSigner{identity.Key}, "another key": mustKey(t)} {
			got, err := connect(key)
			if err != nil || !got.Refused() || got.Alert == nil || !got.CertificateSent {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

// hangs are servers of that certificate with which an attempt hangs, by the phase that it hangs in; each tells when it is reached.
func hangs(config *tls.Config, reached func()) map[string]func(net.Conn) {
	return map[string]func(net.Conn){
		"handshake": func(conn net.Conn) { reached(); stall(conn) },
		"settle":    overTLS(config, func(conn *tls.Conn) { reached(); stall(conn) }),
		"connack":   overTLS(config, func(conn *tls.Conn) { answerCONNECT()(conn); reached(); stall(conn) }),
		"close":     overTLS(config, func(conn *tls.Conn) { answerCONNECT(0x20, 2, 0, 5)(conn); reached(); stall(conn) }),
	}
}

// TestCancel cancels an attempt that hangs in each of its phases: that is an error, and it comes at once. A deadline is a
// time-out like the others.
func TestCancel(t *testing.T) {
	attempt := func(phase string, ca *authority) device.Config {
		cfg := device.Config{
			RootCAs: ca.pool(), Timeouts: device.Timeouts{Connect: time.Hour, Handshake: time.Hour, Response: time.Hour, Close: time.Hour},
		}
		if phase == "settle" {
			cfg.Settle = time.Hour
		}
		return cfg
	}
	for _, phase := range []string{"handshake", "settle", "connack", "close"} {
		t.Run(phase, func(t *testing.T) {
			ca := newAuthority(t, "ca")
			ctx, cancel := context.WithCancelCause(t.Context())
			cfg := attempt(phase, ca)
			cfg.Address = serve(t, hangs(&tls.Config{Certificates: []tls.Certificate{ca.server(t)}}, func() { cancel(errToken) })[phase])
			if d, _, err := device.Connect(ctx, cfg); d != nil || !errors.Is(err, errToken) {
				t.Errorf("error %v", err)
			}
		})
		t.Run(phase+" deadline", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // so that the deadline passes in the phase, and not before
				ca := newAuthority(t, "ca")
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				cfg := attempt(phase, ca)
				cfg.Address = "127.0.0.1:1"
				cfg.Dialer = piped(hangs(&tls.Config{Certificates: []tls.Certificate{ca.server(t)}}, func() {})[phase])
				d, got, err := device.Connect(ctx, cfg)
				if d != nil || err != nil || got.TimedOut == (phase == "close") {
					t.Errorf("%+v, error %v", got, err)
				}
			})
		})
	}
}

// TestLargeChain sends more than the server will read: the server's alert must come through although the flight cannot leave.
func TestLargeChain(t *testing.T) {
	ca := newAuthority(t, "ca")
	config := &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, ClientAuth: tls.RequireAnyClientCert}
	chain := [][]byte{make([]byte, 4<<20)}
	versions(t, func(t *testing.T, version uint16) {
		_, got, err := device.Connect(t.Context(), device.Config{
			Address: serve(t, overTLS(config, platform)), RootCAs: ca.pool(), Identity: &device.Identity{Chain: chain, Key: ca.key},
			MinVersion: version, MaxVersion: version, Settle: bound, Timeouts: device.Timeouts{Close: bound},
		})
		if err != nil || !got.Refused() || got.Alert == nil || got.Alert.Name != "internal_error" || got.ClosedBy != device.ByPeer {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestSecrets looks for the password in all that an attempt says.
func TestSecrets(t *testing.T) {
	ca := newAuthority(t, "ca")
	config := &tls.Config{Certificates: []tls.Certificate{ca.server(t)}}
	_, got, err := device.Connect(t.Context(), device.Config{
		Address: serve(t, overTLS(config, answerCONNECT(0x20, 2, 0, 4))), RootCAs: ca.pool(), Username: "user-name", Password: "pass-word",
	})
	if err != nil || got.ReturnCode == nil || *got.ReturnCode != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	if text := got.Detail + strings.Join(got.Violations, ""); strings.Contains(text, "pass-word") || strings.Contains(text, "user-name") {
		t.Errorf("secret in %q", text)
	}
}
