package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/reports"
)

// unread are the cases that no server can admit which is built on OpenSSL, however
// little it minds: it reads the certificates, and the key that the device is to
// prove, before anybody is asked.
var unread = []string{
	"cn-65535", "cn-65536", "cn-bmpstring-odd", "cn-octetstring", "cn-utf8-invalid",
	"der-deep-nesting", "der-empty-entry", "der-garbage", "der-garbage-root", "der-huge-1mb", "der-is-csr", "der-is-pem",
	"der-is-private-key", "der-length-overflow", "der-trailing-bytes", "der-trailing-in-certificate", "der-trailing-in-tbs",
	"der-truncated", "der-two-certificates-in-entry", "leaf-dsa", "leaf-ec-point-infinity", "leaf-ec-point-off-curve",
	"leaf-rsa-65536-bits", "leaf-rsa-n-even", "leaf-x25519", "order-reversed", "serial-no-octets", "serial-non-minimal",
}

// A platform that shares nothing with ours, its TLS and its reading of certificates
// included, and admits whoever OpenSSL lets it, is failed by every case that is to be
// refused, but for those that it cannot admit.
func TestPlatformThatMindsNothing(t *testing.T) {
	report, _ := conform(t, "--target", lax(t), "--profile", "broker", "--tls", "1.3", "--only", "chain,identity")
	tried := 0
	for _, s := range report.Specs {
		c, ok := cases.ByID(s.Case)
		if !ok || !c.Expectation.Refuse() || s.Verdict == reports.NotApplicable {
			continue
		}
		tried++
		want := []reports.Verdict{reports.Fail, reports.Warn}
		if slices.Contains(unread, c.ID) {
			want = []reports.Verdict{reports.Pass}
		}
		if !contains(want, s.Verdict) {
			t.Errorf("%s: %s: %s; want one of %v", s.ID, s.Verdict, s.Reason, want)
		}
	}
	if tried < 150 {
		t.Errorf("%d cases were tried", tried)
	}
}

// lax starts the platform that minds nothing and returns its target file.
func lax(t *testing.T) string {
	t.Helper()
	const python = "/usr/bin/python3" // the system's, for which the distribution packages pyOpenSSL
	if err := exec.Command(python, "-c", "import OpenSSL").Run(); err != nil {
		t.Skip("python3-openssl is not installed")
	}
	dir := t.TempDir()
	serverCertificate(t, dir)
	command := exec.Command(python, filepath.Join("testdata", "lax", "platform.py"), filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	port, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("read the port: %v", err)
	}
	file := filepath.Join(dir, "target.yaml")
	write(t, file, fmt.Appendf(nil, `apiVersion: chainmail/v1
kind: Target
mqtt: {address: "127.0.0.1:%s", serverName: localhost, caFile: ca.pem}
policy: {maxChainLength: 10}
driver: static
static: {bundle: anchors.pem, reload: ["true"]}
`, strings.TrimSpace(port)))
	return file
}
