package cadir_test

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/google/go-cmp/cmp"
)

const password = "over the hills"

// fixed is surroundings in which the same commands make the same bytes.
func fixed() cadir.Config {
	c := cadir.Config{
		Now:  func() time.Time { return time.Date(2031, time.March, 4, 5, 6, 7, 8, time.UTC) },
		Rand: rand.NewChaCha8([32]byte{1, 2, 3}),
		Wait: -1,
	}
	return c.Volatile()
}

// quick is surroundings for tests that take many steps.
func quick() cadir.Config { return cadir.Config{}.Volatile() }

func root() cadir.Options {
	return cadir.Options{Subject: cadir.Subject{Organization: "Chainmail", CommonName: "root"}, Password: password}
}

func device(name string) cadir.Device {
	return cadir.Device{Subject: cadir.Subject{CommonName: name}}
}

func mustCreate(t testing.TB, o cadir.Options, env cadir.Config) *cadir.Authority {
	t.Helper()
	a, err := cadir.Create(filepath.Join(t.TempDir(), "caCertificate"), o, env)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustIntermediate(t testing.TB, a *cadir.Authority, name string, o cadir.Options) *cadir.Authority {
	t.Helper()
	child, err := a.Intermediate(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return child
}

func mustIssue(t testing.TB, a *cadir.Authority, d cadir.Device) *cadir.Issued {
	t.Helper()
	i, err := a.Issue(d)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func mustEntries(t testing.TB, a *cadir.Authority) []cadir.Entry {
	t.Helper()
	entries, err := a.Entries()
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func mustRead(t testing.TB, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mustWrite(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// needOpenSSL skips a test on a machine without OpenSSL.
func needOpenSSL(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
}

// tryOpenSSL runs openssl in a directory.
func tryOpenSSL(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func openSSL(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := tryOpenSSL(t, dir, args...)
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// verify has OpenSSL verify a chain, the anchor last, whole and from its first
// issuer on (DC-CERT-08).
func verify(t testing.TB, chain []*x509.Certificate) {
	t.Helper()
	dir := t.TempDir()
	for name, list := range map[string][]*x509.Certificate{
		"leaf": chain[:1], "above": chain[1:], "first": chain[1:2], "anchor": chain[len(chain)-1:],
	} {
		var text []byte
		for _, cert := range list {
			text = append(text, certfactory.PEM(cert.Raw)...)
		}
		mustWrite(t, filepath.Join(dir, name), string(text))
	}
	openSSL(t, dir, "verify", "-x509_strict", "-CAfile", "anchor", "-untrusted", "above", "leaf")
	openSSL(t, dir, "verify", "-x509_strict", "-partial_chain", "-CAfile", "first", "leaf")
}

// mustParse reads the certificate in a PEM text.
func mustParse(t testing.TB, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("no PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// weakKey is an RSA key of 1024 bits.
func weakKey() crypto.Signer {
	return certfactory.New(certfactory.Seed{}, time.Time{}).Key(certfactory.RSA1024, "weak")
}

func create(t testing.TB, o cadir.Options) error {
	t.Helper()
	_, err := cadir.Create(t.TempDir(), o, fixed())
	return err
}

// snapshot reads all files below a directory but the lock.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, name := range list(t, dir) {
		switch {
		case strings.HasSuffix(name, "/"):
			files[name] = ""
		case !strings.HasSuffix(name, ".lock"):
			files[name] = mustRead(t, dir, name)
		}
	}
	return files
}

func sameFiles(t testing.TB, dir string, before map[string]string) {
	t.Helper()
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
}
