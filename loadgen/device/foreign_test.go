package device_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// freeAddress is an address that was free a moment ago, for servers that cannot say which port they were given.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// startServer runs a program of another make until the end of the test and waits for its port.
func startServer(t testing.TB, address, program string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed", program)
	}
	var output bytes.Buffer
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, path, args...)
	command.Stdout, command.Stderr = &output, &output
	if _, err := command.StdinPipe(); err != nil { // left open: at its end s_server would close connections
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = command.Wait() // killed, which is an error to Wait
		if t.Failed() {
			t.Logf("%s: %s", program, &output)
		}
	})
	for deadline := time.Now().Add(bound); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen: %v", program, err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// strangers are devices that no OpenSSL server trusting ca admits, with the alerts of TLS 1.2 and 1.3 they get.
func strangers(t *testing.T, ca *authority) []stranger {
	return []stranger{
		{"expired", ca.device(t, "d", true), "certificate_expired", "certificate_expired"},
		{"foreign CA", newAuthority(t, "foreign").device(t, "d", false), "unknown_ca", "unknown_ca"},
		{"no certificate", nil, "handshake_failure", "certificate_required"},
	}
}

type stranger struct {
	name     string
	identity *device.Identity
	alert12  string
	alert13  string
}

// mosquitto runs a broker that asks for a certificate of ca.
func mosquitto(t testing.TB, ca *authority) (address string) {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	caFile, certFile, keyFile := ca.files(t, dir)
	_, port, _ := strings.Cut(address, ":")
	configFile := filepath.Join(dir, "mosquitto.conf")
	config := fmt.Sprintf("user root\nlistener %s 127.0.0.1\ncafile %s\ncertfile %s\nkeyfile %s\nrequire_certificate true\n"+
		"allow_anonymous true\nset_tcp_nodelay true\n", port, caFile, certFile, keyFile)
	if err := os.WriteFile(configFile, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	startServer(t, address, "mosquitto", "-c", configFile)
	return address
}

func TestMosquitto(t *testing.T) {
	ca := newAuthority(t, "ca")
	address := mosquitto(t, ca)
	versions(t, func(t *testing.T, version uint16) {
		cfg := device.Config{
			Address: address, RootCAs: ca.pool(), MinVersion: version, MaxVersion: version,
			Identity: ca.device(t, "d", false), ClientID: fmt.Sprint("d", version),
		}
		first := mustConnect(t, cfg)
		if code, err := first.Subscribe(t.Context(), cfg.ClientID, 2); err != nil || code != 2 {
			t.Fatalf("subscribe: %#x, %v", code, err)
		}
		for qos := range byte(3) {
			if err := first.Publish(t.Context(), cfg.ClientID, []byte("hello"), qos); err != nil {
				t.Fatal(err)
			}
			if m, err := first.Receive(t.Context()); err != nil || string(m.Payload) != "hello" || m.QoS != qos {
				t.Errorf("QoS %d: %+v, %v", qos, m, err)
			}
		}
		if err := first.Ping(t.Context()); err != nil {
			t.Error(err)
		}

		second := mustConnect(t, cfg)
		await(t, first.Closed())
		if end := first.End(); end.ClosedBy != device.ByPeer {
			t.Errorf("taken over: end %+v", end)
		}
		if err := second.Disconnect(t.Context()); err != nil {
			t.Error(err)
		}
		for _, s := range strangers(t, ca) {
			s.check(t, cfg)
		}
	})
}

// check expects the alert, with and without listening for it before CONNECT.
func (s stranger) check(t *testing.T, cfg device.Config) {
	t.Helper()
	want := s.alert13
	layer := device.LayerTLSPostHandshake
	if cfg.MaxVersion < 0x304 {
		want, layer = s.alert12, device.LayerTLSHandshake
	}
	cfg.Identity, cfg.Timeouts.Close = s.identity, bound
	for _, settle := range []time.Duration{0, bound} {
		cfg.Settle = settle
		_, got, err := device.Connect(t.Context(), cfg)
		if err != nil || !got.Refused() || got.Layer != layer || got.Alert == nil || got.Alert.Name != want || got.ClosedBy != device.ByPeer {
			t.Errorf("%s, settle %s: %+v, %v", s.name, settle, got, err)
		}
		if got.CertificateSent != (s.identity != nil) || !got.CertificateRequested {
			t.Errorf("%s: certificate requested %t, sent %t", s.name, got.CertificateRequested, got.CertificateSent)
		}
	}
}

func TestOpenSSL(t *testing.T) {
	ca, address := newAuthority(t, "ca"), freeAddress(t)
	caFile, certFile, keyFile := ca.files(t, t.TempDir())
	startServer(t, address, "openssl", "s_server", "-accept", address, "-quiet", "-Verify", "5", "-verify_return_error",
		"-CAfile", caFile, "-cert", certFile, "-key", keyFile)
	// s_server serves one connection after the other: no subtests in parallel.
	for _, version := range []uint16{0x303, 0x304} {
		cfg := device.Config{Address: address, RootCAs: ca.pool(), MinVersion: version, MaxVersion: version}
		for _, s := range strangers(t, ca) {
			s.check(t, cfg)
		}
		cfg.Identity, cfg.Timeouts = ca.device(t, "d", false), quick()
		_, got, err := device.Connect(t.Context(), cfg)
		if err != nil || !got.TimedOut || got.Layer != device.LayerMQTTConnack || len(got.AcceptableCAs) != 1 {
			t.Errorf("good device: %+v, %v", got, err)
		}
	}
}
