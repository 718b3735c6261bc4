package device_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// recorder keeps all bytes that a device sends.
type recorder struct {
	net.Conn
	mu   *sync.Mutex
	seen *bytes.Buffer
}

func (r recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.Write(b[:n])
	return n, err
}

// TestBreaksOffFromForeignServers is DC-TLS-07: a server whose certificate does not lead to the trust store, or is not for the
// name that was dialled, or is over, hears neither CONNECT nor the device's certificate.
func TestBreaksOffFromForeignServers(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	key := mustKey(t)
	expired := tls.Certificate{PrivateKey: key, Certificate: [][]byte{ours.issue(t, &x509.Certificate{
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &key.PublicKey)}}
	impostor := ours.server(t)
	impostor.PrivateKey = mustKey(t)
	for name, tt := range map[string]struct {
		certificate tls.Certificate
		serverName  string
	}{
		"an unknown CA": {certificate: theirs.server(t)}, "another name": {ours.server(t, "other.example"), "mqtt.example"},
		"an expired certificate": {certificate: expired}, "a key that is not the certificate's": {certificate: impostor},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+" over "+tls.VersionName(version), func(t *testing.T) {
				heard := make(chan int, 1)
				config := &tls.Config{
					Certificates: []tls.Certificate{tt.certificate}, ClientAuth: tls.RequestClientCert, MinVersion: version, MaxVersion: version,
				}
				address := serve(t, func(raw net.Conn) {
					conn := tls.Server(raw, config)
					n, _ := conn.Read(make([]byte, 1024))
					heard <- n + len(conn.ConnectionState().PeerCertificates)
				})
				d, got, err := device.Connect(t.Context(), device.Config{
					Address: address, ServerName: tt.serverName, RootCAs: ours.pool(), Identity: ours.device(t, "dev", false),
				})
				if d != nil || err != nil || got.Admitted() || got.Refused() || got.ClosedBy != device.ByTester {
					t.Errorf("outcome %+v (%v), want that the device broke off", got, err)
				}
				if n := <-heard; n != 0 {
					t.Errorf("the server heard %d bytes and certificates, want none", n)
				}
			})
		}
	}
}

// TestNeverSendsItsKey is DC-TLS-08: of a device's key nothing is on the wire, nor in what a server can decipher.
func TestNeverSendsItsKey(t *testing.T) {
	ca := newAuthority(t, "ca")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			identity := ca.device(t, "dev", false)
			var mu sync.Mutex
			var wire, plain bytes.Buffer
			var shown [][]byte
			config := &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, ClientAuth: tls.RequireAnyClientCert, MinVersion: version, MaxVersion: version}
			done := make(chan struct{})
			address := serve(t, func(raw net.Conn) {
				defer close(done)
				conn := tls.Server(recorder{raw, &mu, &wire}, config)
				b := make([]byte, 1024)
				n, _ := conn.Read(b)
				plain.Write(b[:n])
				for _, c := range conn.ConnectionState().PeerCertificates {
					shown = append(shown, c.Raw)
				}
				write(conn, 0x20, 2, 0, 0)
				stall(conn)
			})
			d := mustConnect(t, device.Config{Address: address, RootCAs: ca.pool(), Identity: identity})
			_ = d.Disconnect(t.Context())
			<-done
			scalar, err := identity.Key.(*ecdsa.PrivateKey).Bytes()
			if err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if wire.Len() == 0 || plain.Len() == 0 || len(shown) != len(identity.Chain) {
				t.Fatalf("%d bytes, %d of them MQTT, %d certificates: want some, some, %d", wire.Len(), plain.Len(), len(shown), len(identity.Chain))
			}
			for where, sent := range map[string][]byte{"wire": wire.Bytes(), "MQTT": plain.Bytes(), "certificates": bytes.Join(shown, nil)} {
				if bytes.Contains(sent, scalar) || bytes.Contains(sent, scalar[:16]) {
					t.Errorf("the private key is in the bytes of the %s", where)
				}
			}
		})
	}
}
