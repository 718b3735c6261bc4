package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// TestWalkThrough makes certificates and stores as the specification does and as
// chainmail does, and compares (DC-CERT-01 to DC-CERT-16).
func TestWalkThrough(t *testing.T) {
	if testing.Short() {
		t.Skip("makes six RSA keys of 4096 bits")
	}
	platform := serve(t, "--max-chain-length", "3")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/walkthrough", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("MQTT", platform.MQTT)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"alike":  alike,
			"order":  order,
			"stores": stores,
			"trust": func(ts *testscript.TestScript, _ bool, args []string) {
				certificate, err := store.ParseCertificates([]byte(ts.ReadFile(args[0])))
				ts.Check(err)
				ts.Check(upload(t, platform, certificate[0]))
			},
			"login": func(ts *testscript.TestScript, _ bool, args []string) {
				logIn(ts, platform, ts.MkAbs(args[0]), ts.MkAbs(args[1]))
			},
		},
	})
}

// changing is what may differ between two certificates made alike: identifiers of
// keys, moduli, signatures, dates, and the random serial number of a root.
var changing = regexp.MustCompile(`(?m)^ +(([0-9a-f]{2}:)+([0-9a-f]{2})?|([0-9A-F]{2}:){19}[0-9A-F]{2}|Not (Before|After) ?: .*)$`)

// alike compares a certificate of two folders as OpenSSL prints it.
func alike(ts *testscript.TestScript, _ bool, args []string) {
	show := func(folder string) string {
		ts.Check(ts.Exec("openssl", "x509", "-noout", "-text", "-in", filepath.Join(folder, args[2])))
		return changing.ReplaceAllString(ts.ReadFile("stdout"), "")
	}
	same(ts, show(args[0]), show(args[1]), "X509v3 Basic Constraints: critical")
}

// order compares which certificates a chain file of two folders holds.
func order(ts *testscript.TestScript, _ bool, args []string) {
	show := func(folder string) string {
		ts.Check(ts.Exec("sh", "-c", `openssl crl2pkcs7 -nocrl -certfile "$0" | openssl pkcs7 -print_certs -noout`, filepath.Join(folder, args[2])))
		return ts.ReadFile("stdout")
	}
	same(ts, show(args[0]), show(args[1]), "CN = Example CA")
}

// stores compares the entries of stores of two folders as keytool lists them.
func stores(ts *testscript.TestScript, _ bool, args []string) {
	entry := regexp.MustCompile(`(?m)^(Keystore type|Alias name|Entry type|Certificate chain length|Owner|Issuer): .*$`)
	for _, name := range args[3:] {
		show := func(folder string) string {
			ts.Check(ts.Exec("keytool", "-list", "-v", "-keystore", filepath.Join(folder, args[2], name), "-storepass:env", "STORE"))
			return strings.Join(entry.FindAllString(ts.ReadFile("stdout"), -1), "\n")
		}
		// keytool makes a PKCS#12 of whatever has no type given, the file's name notwithstanding.
		theirs := show(args[0])
		if name == "deviceTruststore.jks" {
			theirs = strings.Replace(theirs, "PKCS12", "JKS", 1)
		}
		same(ts, theirs, show(args[1]), "Alias name: ")
	}
}

// same compares two texts, of which both must hold something that shows that they
// are what they should be.
func same(ts *testscript.TestScript, theirs, ours, both string) {
	if !strings.Contains(theirs, both) {
		ts.Fatalf("%q is not in\n%s", both, theirs)
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		ts.Fatalf("theirs and ours differ:\n%s", diff)
	}
}

// logIn has mosquitto log in as "d:" and the common name, and ask for a token.
func logIn(ts *testscript.TestScript, platform ready, chainFile, keyFile string) {
	// mosquitto would ask for the password of the key.
	key, err := store.ParseKey([]byte(ts.ReadFile(keyFile)), "keySecret")
	ts.Check(err)
	plain, err := store.MarshalKey(key, store.Config{})
	ts.Check(err)
	plainFile := filepath.Join(ts.Getenv("WORK"), "plain.pem")
	ts.Check(os.WriteFile(plainFile, plain, 0o600))
	host, port, err := net.SplitHostPort(platform.MQTT)
	ts.Check(err)
	ts.Check(ts.Exec("mosquitto_rr", "-V", "mqttv311", "-h", host, "-p", port, "--cafile", platform.CA,
		"--cert", chainFile, "--key", plainFile, "-i", "d:device-1", "-e", "s/dat", "-t", "s/uat", "-n", "-W", "10"))
	if answer := ts.ReadFile("stdout"); !strings.HasPrefix(answer, "71,") {
		ts.Fatalf("received %q, want 71,<token>", answer)
	}
}

// upload makes a certificate trusted by the first tenant, with auto-registration.
func upload(t *testing.T, platform ready, der []byte) error {
	system, err := target.Load(platform.Target)
	if err != nil {
		return err
	}
	anchor := certfactory.Anchor{Name: certfactory.NewSeed().String(), DER: der, AutoRegistration: true}
	answers, err := system.Driver.Add(t.Context(), []certfactory.Anchor{anchor})
	if err == nil && !answers[0].Accepted {
		err = fmt.Errorf("upload trust anchor: %+v", answers[0])
	}
	return err
}
