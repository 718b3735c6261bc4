package cadir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
)

const pass = "pass:" + password

// opensslRequest has OpenSSL make a key and a request, with the configuration of a CA.
func opensslRequest(t *testing.T, a *cadir.Authority, name string) string {
	t.Helper()
	base := filepath.Join(t.TempDir(), "device")
	openSSL(t, a.Dir(), "req", "-config", a.ConfigFile(), "-new", "-sha256", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-keyout", base+"Key.pem", "-out", base+"Csr.pem", "-subj", "/CN="+name)
	return base
}

// opensslIssue has "openssl ca" sign a device from our directory.
func opensslIssue(t *testing.T, a *cadir.Authority, name string) (file string) {
	t.Helper()
	base := opensslRequest(t, a, name)
	openSSL(t, a.Dir(), "ca", "-batch", "-config", a.ConfigFile(), "-passin", pass, "-extensions", "v3_signed",
		"-days", "365", "-notext", "-md", "sha256", "-in", base+"Csr.pem", "-out", base+"Cert.pem")
	return base + "Cert.pem"
}

func TestOpenSSLAndBack(t *testing.T) {
	needOpenSSL(t)
	for _, tt := range []struct {
		name  string
		alg   certfactory.Alg
		depth int
		local bool
	}{
		{"ecdsa root", certfactory.P256, 0, false},
		{"ecdsa intermediate in relative directories", certfactory.P256, 2, true},
		{"rsa root", certfactory.RSA2048, 0, false},
		{"ed25519 intermediate", certfactory.Ed25519, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := root()
			o.Alg, o.Relative = tt.alg, tt.local
			a := mustCreate(t, o, cadir.Config{})
			for i := range tt.depth {
				o.Subject.CommonName = fmt.Sprint("intermediate ", i)
				a = mustIntermediate(t, a, "", o)
			}
			backAndForth(t, a)
		})
	}
}

// backAndForth has chainmail and OpenSSL take turns (DC-CERT-04, 08, 10).
func backAndForth(t *testing.T, a *cadir.Authority) {
	ours := mustIssue(t, a, device("ours/1+1 ü"))
	theirs := opensslIssue(t, a, "theirs-1")
	again := mustIssue(t, a, device("ours/1+1 ü"))
	opensslIssue(t, a, "theirs-1")

	var got []string
	for i, e := range mustEntries(t, a) {
		got = append(got, fmt.Sprintf("%s %X %s", e.Status, e.Serial, e.Subject))
		if _, err := os.Stat(filepath.Join(a.NewCertsDir(), fmt.Sprintf("%X.pem", 0x1000+i))); err != nil {
			t.Error(err)
		}
	}
	want := `V 1000 /CN=ours\/1\+1 \xC3\xBC, V 1001 /CN=theirs-1, V 1002 /CN=ours\/1\+1 \xC3\xBC, V 1003 /CN=theirs-1`
	if strings.Join(got, ", ") != want {
		t.Errorf("database has %q, want %q", got, want)
	}
	if serial := mustRead(t, a.Dir(), "serial"); serial != "1004\n" {
		t.Errorf("serial %q, want 1004", serial)
	}

	if _, err := a.Revoke(ours.Certificate.SerialNumber, cadir.KeyCompromise); err != nil {
		t.Fatal(err)
	}
	openSSL(t, a.Dir(), "ca", "-config", a.ConfigFile(), "-passin", pass, "-revoke", theirs, "-crl_reason", "superseded")
	openSSL(t, a.Dir(), "ca", "-config", a.ConfigFile(), "-passin", pass,
		"-revoke", filepath.Join(a.NewCertsDir(), "1002.pem"), "-crl_compromise", "20260102030405Z")
	text := openSSL(t, a.Dir(), "ca", "-config", a.ConfigFile(), "-passin", pass, "-gencrl")
	mustWrite(t, filepath.Join(a.Dir(), "theirs.crl"), text)
	compareCRLs(t, a)

	chain, err := a.Chain(again.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	verify(t, chain)
	other, err := os.ReadFile(filepath.Join(a.NewCertsDir(), "1003.pem"))
	if err != nil {
		t.Fatal(err)
	}
	chain[0] = mustParse(t, other)
	verify(t, chain)
}

// compareCRLs has OpenSSL print its own CRL and ours: they differ in number and
// signature only.
func compareCRLs(t *testing.T, a *cadir.Authority) {
	t.Helper()
	if _, err := a.CRL(0); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(a.Dir(), "crl", "*Crl.pem"))
	if err != nil || len(files) != 1 {
		t.Fatalf("CRL files %q (%v)", files, err)
	}
	show := func(file string) string {
		return openSSL(t, a.Dir(), "crl", "-in", file, "-noout", "-text", "-CAfile", a.CertificateFile(), "-verify")
	}
	theirs, ours := show("theirs.crl"), show(files[0])
	for _, want := range []string{"verify OK", "Version 2", "Authority Key Identifier", "CRL Number", "Key Compromise", "Superseded", "Invalidity Date"} {
		if !strings.Contains(ours, want) {
			t.Errorf("our CRL lacks %q", want)
		}
	}
	// The order of the extensions of an entry means nothing and is not ours to choose.
	list := func(text string) string {
		_, text, _ = strings.Cut(text, "Revoked Certificates:")
		text, _, _ = strings.Cut(text, "Signature Algorithm")
		entries := strings.Split(text, "Serial Number")
		for i, entry := range entries {
			lines := strings.Split(entry, "\n")
			slices.Sort(lines)
			entries[i] = strings.Join(lines, "\n")
		}
		return strings.Join(entries, "Serial Number")
	}
	if list(ours) != list(theirs) {
		t.Errorf("our CRL lists\n%s\ntheirs\n%s", list(ours), list(theirs))
	}
	if strings.Count(list(ours), "Serial Number") != 3 {
		t.Errorf("our CRL lists\n%s\nwant three", list(ours))
	}
}
