package store_test

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// A server that wants a device certificate shows its own before it refuses ours.
func TestFetch(t *testing.T) {
	t.Parallel()
	e := device(t, certfactory.P256)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
			Certificates: []tls.Certificate{e.TLS()}, ClientAuth: tls.RequireAnyClientCert, MinVersion: version, MaxVersion: version,
		})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			// Reading makes the handshake, which is refused.
			_, _ = conn.Read(make([]byte, 1))
		}()
		got, err := store.Fetch(t.Context(), l.Addr().String(), "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e.Chain, got); diff != "" {
			t.Error(diff)
		}
		_ = l.Close()
		<-done
	}
}

func TestFetchFails(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for _, address := range []string{l.Addr().String(), "no port"} {
		if _, err := store.Fetch(t.Context(), address, ""); err == nil {
			t.Errorf("%s: a certificate", address)
		}
	}
}
