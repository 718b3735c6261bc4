package refimpl_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
)

// files writes what a client program needs into a folder: CA, chain and key.
func (w *world) files(leaf *certfactory.Certificate) (ca, chainFile, key string) {
	w.t.Helper()
	dir := w.t.TempDir()
	keyDER, err := x509.MarshalPKCS8PrivateKey(leaf.Signer())
	if err != nil {
		w.t.Fatal(err)
	}
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			w.t.Fatal(err)
		}
		return path
	}
	return write("ca.pem", w.platform.CA()), write("chain.pem", certfactory.PEM(chain(w.t, leaf)...)),
		write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// program returns a command of a program that is installed, or skips.
func program(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	t.Cleanup(cancel)
	return exec.CommandContext(ctx, path, args...)
}

// port returns the port of an address.
func port(t *testing.T, address string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestForeignMosquittoGetsTheToken(t *testing.T) {
	w := start(t, refimpl.Config{})
	root := w.factory.Root("root")
	w.upload(root)
	ca, chainFile, key := w.files(w.factory.Device(root, "one"))
	for _, version := range []string{"tlsv1.2", "tlsv1.3"} {
		for _, qos := range []string{"0", "1", "2"} {
			out, err := program(t, "mosquitto_rr", "-h", "localhost", "-p", port(t, w.platform.Addresses().MQTT),
				"--cafile", ca, "--cert", chainFile, "--key", key, "--tls-version", version,
				"-V", "mqttv311", "-i", "d:one", "-q", qos, "-W", "10", "-t", "s/uat", "-e", "s/dat", "-n").CombinedOutput()
			if err != nil {
				t.Fatalf("%s, QoS %s: %v: %s", version, qos, err, out)
			}
			if !strings.HasPrefix(string(out), "71,ey") || strings.Count(string(out), ".") != 2 {
				t.Errorf("%s, QoS %s: got %q", version, qos, out)
			}
		}
	}
}

func TestForeignCurlUsesTheToken(t *testing.T) {
	w := start(t, refimpl.Config{})
	root := w.factory.Root("root")
	w.upload(root)
	leaf := w.factory.Device(root, "one")
	token := w.device(leaf).token()
	ca, _, _ := w.files(leaf)
	url := "https://localhost:" + port(t, w.platform.Addresses().REST[len("https://"):]) + "/user/currentUser"
	for _, tt := range []struct{ name, token, want string }{
		{"good", token, `"userName":"device_one"`},
		{"cut short", token[:len(token)-4], `"error":"security/Unauthorized"`},
	} {
		out, err := program(t, "curl", "--silent", "--show-error", "--cacert", ca, "--oauth2-bearer", tt.token, url).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", tt.name, err, out)
		}
		if !json.Valid(out) || !bytes.Contains(out, []byte(tt.want)) {
			t.Errorf("%s: got %s", tt.name, out)
		}
	}
}

func TestForeignMosquittoSeesTheRefusal(t *testing.T) {
	w := start(t, refimpl.Config{})
	root := w.factory.Root("root")
	w.upload(root)
	for _, tt := range []struct {
		name     string
		leaf     *certfactory.Certificate
		clientID string
		want     string
	}{
		{"control", w.factory.Device(root, "one"), "one", ""},
		{"client id", w.factory.Device(root, "one"), "two", "identifier rejected"},
		{"unknown anchor", w.factory.Device(w.factory.Root("other"), "one"), "one", "bad certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ca, chainFile, key := w.files(tt.leaf)
			out, err := program(t, "mosquitto_pub", "-d", "-h", "localhost", "-p", port(t, w.platform.Addresses().MQTT),
				"--cafile", ca, "--cert", chainFile, "--key", key, "-i", tt.clientID, "-t", "s/us", "-m", "100,one").CombinedOutput()
			if admitted := err == nil; admitted != (tt.want == "") || !strings.Contains(strings.ToLower(string(out)), tt.want) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

func TestForeignOpenSSLReadsTheAlert(t *testing.T) {
	w := start(t, refimpl.Config{})
	root := w.factory.Root("root")
	w.upload(root)
	expired := certfactory.Valid(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	for _, tt := range []struct {
		name  string
		leaf  *certfactory.Certificate
		alert bool
	}{
		{"control", w.factory.Device(root, "one"), false},
		{"expired", w.factory.Device(root, "old", expired), true},
	} {
		for _, version := range []string{"-tls1_2", "-tls1_3"} {
			t.Run(tt.name+version, func(t *testing.T) {
				ca, chainFile, key := w.files(tt.leaf)
				issuers := filepath.Join(t.TempDir(), "issuers.pem") // s_client sends them after -cert as they are
				if err := os.WriteFile(issuers, certfactory.PEM(chain(t, tt.leaf)[1:]...), 0o600); err != nil {
					t.Fatal(err)
				}
				cmd := program(t, "openssl", "s_client", version, "-connect", w.platform.Addresses().MQTT, "-CAfile", ca,
					"-verify_return_error", "-ign_eof", "-cert", chainFile, "-cert_chain", issuers, "-key", key)
				// CONNECT of device "one" and DISCONNECT, so that the platform closes in any case.
				cmd.Stdin = strings.NewReader("\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03one\xe0\x00")
				out, _ := cmd.CombinedOutput() // the exit code differs from version to version of openssl
				if got := bytes.Contains(out, []byte("alert bad certificate")); got != tt.alert {
					t.Errorf("alert seen: %v, want %v:\n%s", got, tt.alert, out)
				}
			})
		}
	}
}
