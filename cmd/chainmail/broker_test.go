package main

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
)

// mosquittoTarget starts a mosquitto from the example and returns its target file.
func mosquittoTarget(t *testing.T) string {
	t.Helper()
	need(t, "mosquitto")
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0") // mosquitto cannot say which port it was given
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	for _, name := range []string{"mosquitto.conf", "restart.sh", "target.yaml"} {
		data, err := os.ReadFile(filepath.Join("../../suites/target/testdata/mosquitto", name))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), "8883", port)
		if name == "restart.sh" { // nor wait for an init that takes seconds to see that mosquitto has ended, dozens of times
			text = strings.Replace(text, `kill -0 "$pid" 2>/dev/null`, `grep -qs '^State:[[:space:]]*[A-Y]' "/proc/$pid/status"`, 1)
		}
		if name == "mosquitto.conf" {
			text += "user root\n" // mosquitto started by root gives its rights up otherwise, and the folder of the test is root's
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	serverCertificate(t, dir)
	command := exec.Command("./restart.sh")
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("start mosquitto: %v: %s", err, output)
	}
	t.Cleanup(func() {
		data, err := os.ReadFile(filepath.Join(dir, "mosquitto.pid"))
		pid, parseErr := strconv.Atoi(strings.TrimSpace(string(data)))
		if err != nil || parseErr != nil {
			t.Errorf("find mosquitto to end it: %v, %v", err, parseErr)
			return
		}
		_ = syscall.Kill(pid, syscall.SIGTERM)
	})
	awaitPort(t, address)
	return filepath.Join(dir, "target.yaml")
}

// serverCertificate writes a server's CA, certificate and key, and trust anchors
// to begin with.
func serverCertificate(t *testing.T, dir string) {
	t.Helper()
	f := certfactory.New(certfactory.NewSeed(), time.Now())
	ca := f.Root("server CA")
	server := f.Device(ca, "localhost", certfactory.With(func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} }))
	chain, err := certfactory.Chain(server)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.Signer())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "ca.pem"), certfactory.PEM(chain[1]))
	write(t, filepath.Join(dir, "anchors.pem"), certfactory.PEM(chain[1]))
	write(t, filepath.Join(dir, "server.pem"), certfactory.PEM(chain[0]))
	write(t, filepath.Join(dir, "server.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}

func awaitPort(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(bound); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing listens on %s: %v", address, err)
		}
	}
}

// A broker that knows nothing of chainmail is judged by the profile broker: the
// verdicts are what OpenSSL's chain building is known to do.
func TestMosquittoIsJudged(t *testing.T) {
	t.Parallel()
	report, code := conform(t, append(sameKeys(), "--target", mosquittoTarget(t), "--profile", "broker")...)
	t.Logf("%d specs: %+v", len(report.Specs), report.Counts)
	if code != exitNotConformant {
		t.Errorf("exit code %d, want %d: OpenSSL refuses a chain that ends at an intermediate", code, exitNotConformant)
	}
	if report.Counts.Error > 0 || report.Counts.Inconclusive > 0 || report.Counts.Missing > 0 {
		t.Errorf("counts %+v, want every spec judged", report.Counts)
	}
	if report.Counts.NotApplicable*4 > len(report.Specs) {
		t.Errorf("%d of %d specs are not applicable, want a quarter at most", report.Counts.NotApplicable, len(report.Specs))
	}
	want := map[string]reports.Verdict{
		"chain/valid-direct@tls1.3":                   reports.Pass,
		"chain/expired-leaf@tls1.2":                   reports.Pass,
		"chain/pathlen-0-below-1-ica1-of-2@tls1.3":    reports.Pass,
		"chain/sig-bitflip-leaf@tls1.3":               reports.Pass,
		"transport/key-wrong@tls1.3":                  reports.Pass,
		"transport/no-certificate-no-password@tls1.3": reports.Pass,
		"chain/valid-anchor-is-intermediate@tls1.3":   reports.Fail, // no partial chains
	}
	for _, s := range report.Specs {
		if v, ok := want[s.ID]; ok && s.Verdict != v {
			t.Errorf("%s: %s (%s), want %s", s.ID, s.Verdict, s.Reason, v)
		}
		delete(want, s.ID)
	}
	if len(want) > 0 {
		t.Errorf("not run: %v", want)
	}
}
