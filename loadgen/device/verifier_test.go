package device_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// A Verifier refuses what crypto/tls refuses, before and after it has found the same chain good under other conditions.
func TestVerifier(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	now := time.Now()
	key := mustKey(t)
	short := ca.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"good.example"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}, &key.PublicKey)
	server := tls.Certificate{Certificate: [][]byte{short}, PrivateKey: key}
	address := serve(t, overTLS(&tls.Config{Certificates: []tls.Certificate{server}}, platform))
	verifier := new(device.Verifier)
	for _, tt := range []struct {
		name   string
		server string
		roots  *x509.CertPool
		at     time.Time
		good   bool
	}{
		{"other anchors", "127.0.0.1", other.pool(), now, false},
		{"good", "127.0.0.1", ca.pool(), now, true},
		{"good again", "good.example", ca.pool(), now, true},
		{"other name", "bad.example", ca.pool(), now, false},
		{"other anchors after it was good", "127.0.0.1", other.pool(), now, false},
		{"expired since", "good.example", ca.pool(), now.Add(2 * time.Hour), false},
		{"not yet valid", "good.example", ca.pool(), now.Add(-2 * time.Hour), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := device.Config{Address: address, ServerName: tt.server, RootCAs: tt.roots, ClientID: "d"}
			cfg.TLS.Verifier, cfg.TLS.Time = verifier, func() time.Time { return tt.at }
			for range 2 { // the second time from memory
				d, outcome, err := device.Connect(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				if d != nil {
					d.Close()
				}
				if outcome.Admitted() != tt.good {
					t.Errorf("admitted %v: %s", outcome.Admitted(), outcome.Detail)
				}
				if !tt.good && (outcome.Layer != device.LayerTLSHandshake || outcome.LocalAlert == nil) {
					t.Errorf("layer %s, alert sent %v: %s", outcome.Layer, outcome.LocalAlert, outcome.Detail)
				}
			}
		})
	}
}

// One pool of anchors and one chain: what was good is not judged again.
func TestVerifierRemembers(t *testing.T) {
	ca := newAuthority(t, "ca")
	cfg := device.Config{
		Address: serve(t, overTLS(&tls.Config{Certificates: []tls.Certificate{ca.server(t)}}, platform)), RootCAs: ca.pool(),
	}
	cfg.TLS.Verifier = new(device.Verifier)
	mustConnect(t, cfg).Close()
	// An anchor taken out of the pool would not be missed by a verifier that remembers; a pool cannot lose one, but another
	// pool is another key, so that the same chain is judged anew and refused.
	cfg.RootCAs = x509.NewCertPool()
	if d, outcome, err := device.Connect(t.Context(), cfg); d != nil || err != nil || outcome.LocalAlert == nil {
		t.Errorf("device %v, error %v, outcome %s", d, err, outcome.Detail)
	}
}

// Ended is called once, with what End tells, whoever ended the connection.
func TestEnded(t *testing.T) {
	for _, tt := range []struct {
		name   string
		script func(*tls.Conn)
		end    func(*device.Device)
		by     string
	}{
		{"by the platform", func(conn *tls.Conn) { readPacket(conn) }, func(d *device.Device) { _ = d.Publish(context.Background(), "x", nil, 0) }, device.ByPeer},
		{"by the tester", serveDevice, func(d *device.Device) { d.Close() }, device.ByTester},
		{"in order", serveDevice, func(d *device.Device) { _ = d.Disconnect(context.Background()) }, device.ByTester},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ended := make(chan device.End, 2)
			d := admitted(t, device.Config{Ended: func(e device.End) { ended <- e }}, tt.script)
			tt.end(d)
			await(t, d.Closed())
			if end := <-ended; end.ClosedBy != tt.by || end.Detail != d.End().Detail {
				t.Errorf("told %+v, End says %+v, want closed by the %s", end, d.End(), tt.by)
			}
			d.Close()
			select {
			case end := <-ended:
				t.Errorf("told again: %+v", end)
			default:
			}
		})
	}
}

// Why there was no TCP connection can be asked, not only read.
func TestDialError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, outcome, err := device.Connect(t.Context(), device.Config{Address: l.Addr().String()})
	if err != nil || !errors.Is(outcome.DialError, syscall.ECONNREFUSED) {
		t.Errorf("error %v, dial error %v: want the second, refused", err, outcome.DialError)
	}
}
