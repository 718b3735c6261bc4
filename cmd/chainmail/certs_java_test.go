package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// A javaDevice is the folder of a device whose program is written in Java.
type javaDevice struct {
	*testing.T
	dir      string
	platform ready
}

// newJavaDevice makes everything that the device needs with chainmail alone, and
// compiles its program.
func newJavaDevice(t *testing.T) javaDevice {
	t.Helper()
	need(t, "javac", "java")
	t.Setenv("KEY", "keySecret")
	t.Setenv("STORE", "storeSecret")
	d := javaDevice{t, t.TempDir(), serve(t)}
	d.run("javac", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC", "-d", d.dir, "testdata/java/Login.java") // quick to start, which is all there is
	d.certs("ca", d.file("ca"), "--name", "Example CA", "--password", "env:KEY")
	d.certs("request", "--name", "device-1", "--key", d.file("key.pem"), "--out", d.file("csr.pem"), "--password", "env:KEY")
	d.certs("sign", d.file("csr.pem"), "--ca", d.file("ca"), "--chain", d.file("chain.pem"), "--password", "env:KEY")
	d.certs("fetch", d.platform.MQTT, "--out", d.file("server.pem"), "--yes")
	for _, ending := range []string{"jks", "p12"} {
		d.certs("keystore", "--key", d.file("key.pem"), "--chain", d.file("chain.pem"), "--out", d.file("device."+ending),
			"--key-password", "env:KEY", "--password", "env:STORE")
		d.certs("truststore", d.file("server.pem"), "--out", d.file("trust."+ending), "--password", "env:STORE")
		d.certs("truststore", d.file("ca/caCert.pem"), "--out", d.file("foreign."+ending), "--password", "env:STORE")
	}
	d.certs("keystore", "--key", d.file("key.pem"), "--chain", d.file("chain.pem"), "--out", d.file("both.p12"),
		"--key-password", "env:KEY", "--password", "env:STORE")
	d.certs("truststore", d.file("server.pem"), "--out", d.file("both.p12"), "--add", "--password", "env:STORE")
	data, err := os.ReadFile(d.file("ca/caCert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := store.ParseCertificates(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := upload(t, d.platform, ca[0]); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d javaDevice) file(name string) string { return filepath.Join(d.dir, name) }

func (d javaDevice) run(program string, args ...string) {
	d.Helper()
	if output, err := foreign(d.T, "", program, args...); err != nil {
		d.Fatalf("%s %v: %v: %s", program, args, err, output)
	}
}

func (d javaDevice) certs(args ...string) {
	d.Helper()
	d.run("chainmail", append([]string{"certs"}, args...)...)
}

// logIn runs the program.
func (d javaDevice) logIn(t *testing.T, clientID, version, format, keyStore, trustStore string) (string, error) {
	t.Helper()
	host, port, err := net.SplitHostPort(d.platform.MQTT)
	if err != nil {
		t.Fatal(err)
	}
	return foreign(t, "", "java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", d.dir, "Login", host, port, clientID, version, format, d.file(keyStore), d.file(trustStore))
}

// A program that knows Java's TLS only logs in with what `chainmail certs` made, in
// every format and version of TLS, and gets its token (DC-CERT-11, 12, 14, 15,
// DC-CLIENT-01).
//
// Under another name it is refused, and it refuses a server that is not in its
// trust store (DC-ID-03, DC-TLS-07).
func TestJavaDevice(t *testing.T) {
	d := newJavaDevice(t)
	token := regexp.MustCompile(`(?m)^71,[\w-]+\.[\w-]+\.[\w-]+$`)
	for _, tt := range []struct{ name, version, format, keyStore, trustStore string }{
		{"JKS, TLS 1.2", "TLSv1.2", "JKS", "device.jks", "trust.jks"},
		{"JKS, TLS 1.3", "TLSv1.3", "JKS", "device.jks", "trust.jks"},
		{"PKCS12, TLS 1.2", "TLSv1.2", "PKCS12", "device.p12", "trust.p12"},
		{"PKCS12, TLS 1.3", "TLSv1.3", "PKCS12", "device.p12", "trust.p12"},
		{"one file for both", "TLSv1.3", "PKCS12", "both.p12", "both.p12"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			output, err := d.logIn(t, "d:device-1", tt.version, tt.format, tt.keyStore, tt.trustStore)
			if err != nil {
				t.Fatalf("log in: %v: %s", err, output)
			}
			for _, want := range []string{"protocol " + tt.version, "presented 2", "return code 0", "granted QoS 0", "s/dat"} {
				if !strings.Contains(output, want+"\n") {
					t.Errorf("program printed %q, want %q in it", output, want)
				}
			}
			if !token.MatchString(output) {
				t.Errorf("program printed %q, want 71,<token> in it", output)
			}
		})
	}
	t.Run("another name", func(t *testing.T) {
		output, err := d.logIn(t, "d:device-2", "TLSv1.3", "PKCS12", "device.p12", "trust.p12")
		if err == nil || strings.Contains(output, "return code 0\n") {
			t.Errorf("logged in: %s", output)
		}
	})
	for format, ending := range map[string]string{"JKS": ".jks", "PKCS12": ".p12"} {
		t.Run("another server, "+format, func(t *testing.T) {
			output, err := d.logIn(t, "d:device-1", "TLSv1.3", format, "device"+ending, "foreign"+ending)
			if err == nil || !strings.Contains(output, "SSLHandshakeException") {
				t.Errorf("%v: %s, want an SSLHandshakeException", err, output)
			}
		})
	}
}
