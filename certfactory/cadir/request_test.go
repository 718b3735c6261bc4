package cadir_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
)

func TestRequest(t *testing.T) { // DC-CERT-06
	f := certfactory.New(certfactory.Seed{}, time.Time{})
	full := cadir.Subject{
		Country: "PL", StateOrProvince: "Śląsk", Locality: "Katowice", Organization: "Acme",
		OrganizationalUnit: "Unit", CommonName: "device-1", EmailAddress: "a@b.example",
	}
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.Ed25519, certfactory.RSA2048} {
		der, err := cadir.NewRequest(f.Key(alg, "device"), full)
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{der, cadir.MarshalRequest(der)} {
			r, err := cadir.ParseRequest(data)
			if err != nil {
				t.Fatal(err)
			}
			got, err := cadir.OneLine(r.RawSubject)
			want := `/C=PL/ST=\xC5\x9Al\xC4\x85sk/L=Katowice/O=Acme/OU=Unit/CN=device-1/emailAddress=a@b.example`
			if err != nil || got != want {
				t.Errorf("subject %s (%v), want %s", got, err, want)
			}
		}
	}
	for name, s := range map[string]cadir.Subject{
		"no common name":    {Organization: "Acme"},
		"long common name":  {CommonName: strings.Repeat("x", 65)},
		"country":           {CommonName: "d", Country: "POL"},
		"country of digits": {CommonName: "d", Country: "1a"},
		"email":             {CommonName: "d", EmailAddress: "ä@b.example"},
		"not UTF-8":         {CommonName: "\xff"},
		"control character": {CommonName: "a\nb"},
	} {
		if _, err := cadir.NewRequest(f.Key(certfactory.P256, "device"), s); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line", name, err)
		}
	}
	if _, err := cadir.NewRequest(weakKey(), full); err == nil {
		t.Error("request for a key of 1024 bits")
	}
}

// custom makes a request that NewRequest would not.
func custom(t *testing.T, edit func(*x509.CertificateRequest)) *x509.CertificateRequest {
	t.Helper()
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "device"}}
	edit(template)
	key := certfactory.New(certfactory.Seed{}, time.Time{}).Key(certfactory.P256, "device")
	der, err := x509.CreateCertificateRequest(nil, template, key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSignRefuses(t *testing.T) { // DC-CERT-06
	good := custom(t, func(*x509.CertificateRequest) {})
	forged := *good
	forged.Signature = bytes.Clone(good.Signature)
	forged.Signature[len(forged.Signature)-1] ^= 1
	nobody := custom(t, func(r *x509.CertificateRequest) { r.Subject = pkix.Name{Organization: []string{"Acme"}} })
	o := root()
	o.PathLen = new(0)
	a := mustCreate(t, o, fixed())
	before := snapshot(t, a.Dir())
	for _, tt := range []struct {
		name    string
		request *x509.CertificateRequest
		o       cadir.SignOptions
		want    string
	}{
		{"bad signature", &forged, cadir.SignOptions{}, "verify request"},
		{"no common name", nobody, cadir.SignOptions{}, "commonName"},
		{"unknown profile", good, cadir.SignOptions{Profile: "v4"}, `no section "v4"`},
		{"negative days", good, cadir.SignOptions{Days: -1}, "-1 days"},
		{"negative path length", good, cadir.SignOptions{PathLen: new(-1)}, "path length"},
		{"CA below path length 0", good, cadir.SignOptions{Profile: cadir.ProfileCA}, "path length 0"},
	} {
		_, err := a.Sign(tt.request, tt.o)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q in one line", tt.name, err, tt.want)
		}
	}
	sameFiles(t, a.Dir(), before)
	if _, err := a.Sign(good, cadir.SignOptions{}); err != nil {
		t.Error(err)
	}
}

func TestParseRequestRefuses(t *testing.T) {
	good := custom(t, func(*x509.CertificateRequest) {}).Raw
	forged := bytes.Clone(good)
	forged[len(forged)-1] ^= 1
	for name, data := range map[string][]byte{
		"empty":         nil,
		"forged":        forged,
		"truncated":     good[:len(good)-1],
		"trailing":      append(bytes.Clone(good), 0),
		"certificate":   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good}),
		"truncated PEM": cadir.MarshalRequest(good)[:100],
	} {
		if _, err := cadir.ParseRequest(data); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line", name, err)
		}
	}
}

func TestPolicy(t *testing.T) {
	needOpenSSL(t)
	for _, tt := range []struct{ name, policy, preserve, subject, want string }{
		{"reorders", "commonName = supplied\norganizationName = optional", "no", "/O=A/CN=d/L=x", "/CN=d/O=A"},
		{"preserves", "commonName = supplied\norganizationName = optional", "yes", "/O=A/CN=d/L=x", "/O=A/CN=d/L=x"},
		{"splits sets", "OU = optional\n2.5.4.10 = optional\nCN = supplied", "no", "/O=A+OU=B/CN=d", "/OU=B/O=A/CN=d"},
		{"keeps sets", "CN = supplied", "yes", "/O=A+OU=B/CN=d", "/O=A+OU=B/CN=d"},
		{"takes all of a kind", "CN = supplied", "no", "/CN=a/O=A/CN=b", "/CN=a/CN=b"},
		{"matches", "organizationName = match\nCN = supplied", "no", "/CN=d/O=Chainmail", "/O=Chainmail/CN=d"},
		{"does not match", "organizationName = match\nCN = supplied", "no", "/CN=d/O=chainmail", ""},
		{"is not supplied", "organizationName = supplied\nCN = supplied", "no", "/CN=d", ""},
		{
			"names rare fields", "serialNumber=optional\nUID=optional\nDC=optional\nCN=supplied\nSN=optional", "no",
			"/serialNumber=1/DC=a/DC=b/UID=u/CN=d/SN=s", "/serialNumber=1/UID=u/DC=a/DC=b/CN=d/SN=s",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := mustCreate(t, root(), quick())
			text := strings.Replace(mustRead(t, a.ConfigFile()), "[ ca ]", "[ ca ]\npreserve = "+tt.preserve, 1)
			text, _, _ = strings.Cut(text, "[ signing_policy ]")
			mustWrite(t, a.ConfigFile(), text+"[ signing_policy ]\n"+tt.policy+"\n")
			a, err := cadir.Open(a.Dir(), password, quick())
			if err != nil {
				t.Fatal(err)
			}
			csr := filepath.Join(t.TempDir(), "csr")
			openSSL(t, a.Dir(), "req", "-config", a.ConfigFile(), "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
				"-nodes", "-keyout", csr+".key", "-out", csr, "-subj", tt.subject, "-multivalue-rdn")
			// Both have to say the same.
			_, theirs := tryOpenSSL(t, a.Dir(), "ca", "-batch", "-config", a.ConfigFile(), "-passin", pass, "-extensions", "v3_signed", "-notext", "-in", csr)
			r, err := cadir.ParseRequest([]byte(mustRead(t, csr)))
			if err != nil {
				t.Fatal(err)
			}
			_, ours := a.Sign(r, cadir.SignOptions{})
			var got []string
			for _, e := range mustEntries(t, a) {
				got = append(got, e.Subject)
			}
			want := []string{tt.want, tt.want}
			if tt.want == "" {
				want = nil
			}
			if strings.Join(got, " ") != strings.Join(want, " ") || (ours == nil) != (theirs == nil) {
				t.Errorf("database has %q (ours %v, theirs %v), want %q twice", got, ours, theirs, tt.want)
			}
		})
	}
}

func TestUniqueSubject(t *testing.T) {
	a := mustCreate(t, root(), fixed())
	mustIssue(t, a, device("device"))
	mustWrite(t, filepath.Join(a.Dir(), "database.txt.attr"), "unique_subject = yes\n")
	if _, err := a.Issue(device("device")); !errors.Is(err, cadir.ErrSubjectTaken) {
		t.Errorf("second certificate: %v", err)
	}
	if _, err := a.Revoke(mustEntries(t, a)[0].Serial, cadir.Superseded); err != nil {
		t.Fatal(err)
	}
	mustIssue(t, a, device("device"))
	if got := mustRead(t, a.Dir(), "database.txt.attr"); got != "unique_subject = yes\n" {
		t.Errorf("attributes became %q", got)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	a := mustCreate(t, root(), fixed())
	d := device("device")
	d.Files, d.PlainKey = "device", true
	mustIssue(t, a, d)
	mustIntermediate(t, a, "", root())
	before := snapshot(t, a.Dir())
	for name, do := range map[string]func() error{
		"CA":           func() error { _, err := cadir.Create(a.Dir(), root(), fixed()); return err },
		"device":       func() error { _, err := a.Issue(d); return err },
		"intermediate": func() error { _, err := a.Intermediate("", root()); return err },
	} {
		if err := do(); !errors.Is(err, fs.ErrExist) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line that something exists", name, err)
		}
	}
	sameFiles(t, a.Dir(), before)
	d.Force = true
	mustIssue(t, a, d)
	o := root()
	o.Force = true
	mustIntermediate(t, a, "", o)
	if _, err := cadir.Create(a.Dir(), o, fixed()); err != nil {
		t.Fatal(err)
	}
	// The file of the first certificate is still there.
	a, err := cadir.Open(a.Dir(), password, fixed())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Issue(device("device")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over 1000.pem: %v", err)
	}
}
