package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A forged device is a case of the catalogue as files, its anchors uploaded.
type forged struct {
	chainFile   string // the chain, device first
	issuersFile string // the chain without the device
	keyFile     string
	clientID    string
}

// forge writes a case of the catalogue to files and uploads what it needs.
func forge(t *testing.T, platform ready, id string) forged {
	t.Helper()
	c, ok := cases.ByID(id)
	if !ok {
		t.Fatalf("no case %s", id)
	}
	p, err := c.Build(cases.NewBench(certfactory.New(certfactory.NewSeed(), time.Now()), t.Name()))
	if err != nil {
		t.Fatal(err)
	}
	system, err := target.Load(platform.Target)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := system.Driver.Add(t.Context(), p.Anchors)
	if err != nil || !answers[0].Accepted {
		t.Fatalf("upload: %+v, %v", answers, err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(p.Key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f := forged{
		chainFile: filepath.Join(dir, "chain.pem"), issuersFile: filepath.Join(dir, "issuers.pem"),
		keyFile: filepath.Join(dir, "key.pem"), clientID: p.ClientID,
	}
	write(t, f.chainFile, certfactory.PEM(p.Chain...))
	write(t, f.issuersFile, certfactory.PEM(p.Chain[1:]...))
	write(t, f.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	return f
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// bound is how long a program may take that a test runs.
const bound = 10 * time.Minute

// foreign runs a program in a process of its own, within the bound.
func foreign(t *testing.T, stdin, program string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Stdin = strings.NewReader(stdin)
	output, err := command.CombinedOutput()
	return string(output), err
}

// A device made by chainmail logs in to chainmail serve through programs that
// know nothing of either, gets its token and uses it.
func TestForeignClientsLogInAndUseTheToken(t *testing.T) {
	need(t, "mosquitto_rr", "curl")
	platform := serve(t)
	for _, version := range []string{"tlsv1.2", "tlsv1.3"} {
		t.Run(version, func(t *testing.T) {
			device := forge(t, platform, "valid-direct")
			host, port, _ := strings.Cut(platform.MQTT, ":")
			message, err := foreign(t, "", "mosquitto_rr", "-V", "mqttv311", "-h", host, "-p", port, "--cafile", platform.CA,
				"--cert", device.chainFile, "--key", device.keyFile, "--tls-version", version,
				"-i", device.clientID, "-e", "s/dat", "-t", "s/uat", "-n", "-W", "10")
			if err != nil {
				t.Fatalf("mosquitto_rr: %v: %s", err, message)
			}
			token, ok := strings.CutPrefix(strings.TrimSpace(message), "71,")
			if !ok {
				t.Fatalf("mosquitto_rr received %q, want 71,<token>", message)
			}
			answer, err := foreign(t, "", "curl", "--silent", "--show-error", "--fail", "--cacert", platform.CA,
				"--header", "Authorization: Bearer "+token, platform.REST+"/user/currentUser")
			if err != nil {
				t.Fatalf("curl: %v: %s", err, answer)
			}
			if want := `"device_` + device.clientID + `"`; !strings.Contains(answer, want) {
				t.Errorf("currentUser answered %s, want %s in it", answer, want)
			}
		})
	}
}

// OpenSSL's client is told by an alert that its certificate has expired, and a
// good certificate gets none.
func TestOpenSSLGetsAnAlertForAnExpiredCertificate(t *testing.T) {
	need(t, "openssl")
	platform := serve(t)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for id, wantAlert := range map[string]bool{"expired-leaf": true, "valid-direct": false} {
			t.Run(id+version, func(t *testing.T) {
				device := forge(t, platform, id)
				// CONNECT and DISCONNECT, so that the platform closes in any case.
				n := len(device.clientID)
				stdin := "\x10" + string(rune(12+n)) + "\x00\x04MQTT\x04\x02\x00\x3c\x00" + string(rune(n)) + device.clientID + "\xe0\x00"
				output, _ := foreign(t, stdin, "openssl", "s_client", version, "-connect", platform.MQTT, "-CAfile", platform.CA,
					"-cert", device.chainFile, "-cert_chain", device.issuersFile, "-key", device.keyFile, "-verify_return_error", "-ign_eof")
				if got := strings.Contains(output, "alert bad certificate"); got != wantAlert {
					t.Errorf("alert %t, want %t; openssl said: %s", got, wantAlert, output)
				}
			})
		}
	}
}
