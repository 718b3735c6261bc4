package device_test

import (
	"crypto/tls"
	"testing"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

func mustConnect(tb testing.TB, cfg device.Config) *device.Device {
	tb.Helper()
	d, outcome, err := device.Connect(tb.Context(), cfg)
	if err != nil || !outcome.Admitted() {
		tb.Fatalf("connect: %s, %v", outcome.Detail, err)
	}
	tb.Cleanup(func() { d.Close() })
	return d
}

func TestToken(t *testing.T) {
	ca := newAuthority(t, "ca")
	config := &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool()}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			d := mustConnect(t, device.Config{
				Address: serve(t, overTLS(config, platform)), RootCAs: ca.pool(), Identity: ca.device(t, "d", false), ClientID: "d",
				MinVersion: version, MaxVersion: version,
			})
			token, err := d.Token(t.Context())
			if err != nil || token != testToken {
				t.Errorf("token %q, %v", token, err)
			}
			if err := d.Disconnect(t.Context()); err != nil {
				t.Error(err)
			}
			if end := d.End(); end.ClosedBy != device.ByTester || end.Close != device.CloseFIN {
				t.Errorf("end %+v", end)
			}
		})
	}
}
