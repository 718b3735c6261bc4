package cadir_test

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/store"
	"github.com/google/go-cmp/cmp"
)

// extensions prints the extensions of a certificate, identifiers of keys as
// words.
func extensions(cert, issuer *x509.Certificate) []string {
	var list []string
	for _, e := range cert.Extensions {
		value := hex.EncodeToString(e.Value)
		value = strings.ReplaceAll(value, hex.EncodeToString(cert.SubjectKeyId), " own ")
		value = strings.ReplaceAll(value, hex.EncodeToString(issuer.SubjectKeyId), " issuer ")
		if e.Critical {
			value = "critical " + value
		}
		list = append(list, e.Id.String()+" "+value)
	}
	return list
}

// The extensions as DER; 03 is a BIT STRING, its first octet counts unused bits.
const (
	ski = "2.5.29.14 0414 own "
	ku  = "2.5.29.15 "
)

func TestCACertificate(t *testing.T) { // DC-CERT-01
	o := root()
	o.PathLen = new(1)
	a := mustCreate(t, o, fixed())
	o.PathLen = new(0)
	child := mustIntermediate(t, a, "", o)
	keyUsage := ku + "03020186" // digitalSignature, keyCertSign, cRLSign
	want := []string{ski, "2.5.29.35 30168014 own ", "2.5.29.19 critical 30060101ff020101", keyUsage}
	if diff := cmp.Diff(want, extensions(a.Certificate(), a.Certificate())); diff != "" {
		t.Errorf("root (-want +got):\n%s", diff)
	}
	want = []string{ski, "2.5.29.35 30168014 issuer ", "2.5.29.19 critical 30060101ff020100", keyUsage}
	if diff := cmp.Diff(want, extensions(child.Certificate(), a.Certificate())); diff != "" {
		t.Errorf("intermediate (-want +got):\n%s", diff)
	}
	free := mustCreate(t, root(), fixed()).Certificate()
	if got := extensions(free, free)[2]; got != "2.5.29.19 critical 30030101ff" {
		t.Errorf("without path length: %s", got)
	}
	if free.Version != 3 {
		t.Errorf("version %d, want 3", free.Version)
	}
}

func TestDeviceCertificate(t *testing.T) { // DC-CERT-02
	for _, tt := range []struct {
		name    string
		ca, dev certfactory.Alg
		want    string
	}{
		{"rsa below rsa", certfactory.RSA2048, certfactory.RSA2048, "030205e0"},
		{"rsa below ecdsa", certfactory.P256, certfactory.RSA2048, "030205e0"},
		// No keyEncipherment (RFC 8813).
		{"ecdsa below rsa", certfactory.RSA2048, certfactory.P256, "030206c0"},
		{"ecdsa below ecdsa", certfactory.P256, certfactory.P256, "030206c0"},
		{"ed25519 below ecdsa", certfactory.P256, certfactory.Ed25519, "030206c0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := root()
			o.Alg = tt.ca
			a := mustCreate(t, o, fixed())
			d := device("device-1")
			d.Alg = tt.dev
			want := []string{ski, "2.5.29.35 30168014 issuer ", "2.5.29.19 critical 3000", ku + tt.want}
			if diff := cmp.Diff(want, extensions(mustIssue(t, a, d).Certificate, a.Certificate())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIntermediates(t *testing.T) { // DC-CERT-03
	a := mustCreate(t, root(), fixed())
	for range 3 {
		o := root()
		o.Subject.CommonName = fmt.Sprint("below ", a.Certificate().Subject.CommonName)
		left := mustIntermediate(t, a, "left", o)
		right := mustIntermediate(t, a, "right", o)
		for _, child := range []*cadir.Authority{left, right} {
			r, err := cadir.ParseRequest([]byte(mustRead(t, child.Dir(), "intermediateCsr.pem")))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(r.RawSubjectPublicKeyInfo, child.Certificate().RawSubjectPublicKeyInfo) {
				t.Error("request and certificate have different keys")
			}
			if err := child.Certificate().CheckSignatureFrom(a.Certificate()); err != nil {
				t.Error(err)
			}
			if got := mustIssue(t, child, device("device")).Certificate.SerialNumber; got.Int64() != 0x1000 {
				t.Errorf("first serial number %X, want 1000: each CA has its own", got)
			}
		}
		if bytes.Equal(left.Certificate().RawSubjectPublicKeyInfo, right.Certificate().RawSubjectPublicKeyInfo) {
			t.Error("two intermediates share a key")
		}
		if n := len(mustEntries(t, a)); n < 2 {
			t.Errorf("database has %d lines, want both intermediates", n)
		}
		a = right
	}
	files := list(t, a.Dir())
	want := []string{
		"crl/", "crl/crlnumber", "database.txt", "database.txt.attr", "database.txt.attr.old", "database.txt.lock",
		"database.txt.old", "deviceCertificates/", "deviceCertificates/1000.pem", "intermediateCert.pem",
		"intermediateConfig.cnf", "intermediateCsr.pem", "intermediateKey.pem", "serial", "serial.old",
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// list returns the names below a directory, directories with a slash.
func list(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(strings.TrimPrefix(path, dir), "/")
		if err == nil && name != "" {
			if d.IsDir() {
				name += "/"
			}
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestDirectory(t *testing.T) { // DC-CERT-04, and the steps 1 to 9
	a := mustCreate(t, root(), fixed())
	want := []string{
		"caCert.pem", "caConfig.cnf", "caKey.pem", "crl/", "crl/crlnumber", "database.txt",
		"database.txt.attr", "database.txt.lock", "deviceCertificates/", "serial",
	}
	if diff := cmp.Diff(want, list(t, a.Dir())); diff != "" {
		t.Errorf("new directory (-want +got):\n%s", diff)
	}
	for i, subject := range []cadir.Subject{
		{CommonName: "device-1"},
		{Country: "PL", Organization: "A/B", Locality: "left out", CommonName: "Gerät+1", EmailAddress: "a@b.example"},
	} {
		d := cadir.Device{Subject: subject, Days: 1 + 18*365*i}
		mustIssue(t, a, d)
	}
	if _, err := a.Revoke(big.NewInt(0x1000), cadir.Superseded); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"serial":     "1002\n",
		"serial.old": "1001\n",
		"database.txt": "R\t310305050607Z\t310304050607Z,superseded\t1000\tunknown\t/CN=device-1\n" +
			"V\t490228050607Z\t\t1001\tunknown\t/C=PL/O=A\\/B/CN=Ger\\xC3\\xA4t\\+1/emailAddress=a@b.example\n",
		"database.txt.old": "V\t310305050607Z\t\t1000\tunknown\t/CN=device-1\n" +
			"V\t490228050607Z\t\t1001\tunknown\t/C=PL/O=A\\/B/CN=Ger\\xC3\\xA4t\\+1/emailAddress=a@b.example\n",
		"database.txt.attr":     "unique_subject = no\n",
		"database.txt.attr.old": "unique_subject = no\n",
	} {
		if diff := cmp.Diff(want, mustRead(t, a.Dir(), name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := mustParse(t, []byte(mustRead(t, a.NewCertsDir(), "1001.pem"))).SerialNumber.Int64(); got != 0x1001 {
		t.Errorf("1001.pem has serial number %X", got)
	}
}

func TestKeys(t *testing.T) { // DC-CERT-05
	a := mustCreate(t, root(), fixed())
	d := device("device")
	d.Files, d.Password = "device", password
	mustIssue(t, a, d)
	for _, path := range []string{filepath.Join(a.Dir(), "caKey.pem"), filepath.Join(a.NewCertsDir(), "deviceKey.pem")} {
		text := mustRead(t, path)
		if !strings.HasPrefix(text, "-----BEGIN ENCRYPTED PRIVATE KEY-----") {
			t.Errorf("%s begins with %.40q", path, text)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v), want 0600", path, info.Mode(), err)
		}
		if _, err := store.ParseKey([]byte(text), "wrong"); !errors.Is(err, store.ErrPassword) {
			t.Errorf("wrong password: %v", err)
		}
	}
	for name, make := range map[string]func() error{
		"rsa1024":             func() error { o := root(); o.Alg = certfactory.RSA1024; return create(t, o) },
		"rsa2047":             func() error { o := root(); o.Alg = certfactory.RSA2047; return create(t, o) },
		"p224":                func() error { o := root(); o.Alg = certfactory.P224; return create(t, o) },
		"no password":         func() error { o := root(); o.Password = ""; return create(t, o) },
		"weak key":            func() error { o := root(); o.Key = weakKey(); return create(t, o) },
		"device key":          func() error { d := device("d"); d.Key = weakKey(); _, err := a.Issue(d); return err },
		"device in the clear": func() error { d := device("d"); d.Files = "d"; _, err := a.Issue(d); return err },
	} {
		if err := make(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestKeysForOpenSSL(t *testing.T) { // DC-CERT-05
	needOpenSSL(t)
	a := mustCreate(t, root(), cadir.Config{})
	out := openSSL(t, a.Dir(), "asn1parse", "-in", "caKey.pem")
	if !strings.Contains(out, "aes-256-cbc") || !strings.Contains(out, "PBKDF2") {
		t.Errorf("key is protected by\n%s", out)
	}
	openSSL(t, a.Dir(), "pkey", "-in", "caKey.pem", "-passin", pass, "-noout")
	if out, err := tryOpenSSL(t, a.Dir(), "pkey", "-in", "caKey.pem", "-passin", "pass:wrong", "-noout"); err == nil {
		t.Errorf("opened with a wrong password: %s", out)
	}
}

func TestSignatureAndDays(t *testing.T) { // DC-CERT-07
	now := fixed().Now().Truncate(time.Second)
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.P384, certfactory.RSA2048} {
		o := root()
		o.Alg = alg
		a := mustCreate(t, o, fixed())
		child := mustIntermediate(t, a, "", o)
		d := device("device")
		dev := mustIssue(t, a, d)
		d.Days, o.Days = 7, 70
		short := mustIssue(t, a, d)
		shortCA := mustIntermediate(t, a, "short", o)
		for _, tt := range []struct {
			cert *x509.Certificate
			days int
		}{
			{a.Certificate(), 7300}, {child.Certificate(), 3650}, {dev.Certificate, 365}, {short.Certificate, 7}, {shortCA.Certificate(), 70},
		} {
			if got := tt.cert.SignatureAlgorithm.String(); !strings.Contains(got, "SHA256") {
				t.Errorf("%v: %s, want SHA-256", alg, got)
			}
			if !tt.cert.NotBefore.Equal(now) || !tt.cert.NotAfter.Equal(now.AddDate(0, 0, tt.days)) {
				t.Errorf("%v: valid from %v to %v, want %d days", alg, tt.cert.NotBefore, tt.cert.NotAfter, tt.days)
			}
		}
		if got := dev.Request.SignatureAlgorithm.String(); !strings.Contains(got, "SHA256") {
			t.Errorf("request: %s, want SHA-256", got)
		}
	}
}

func TestVerifies(t *testing.T) { // DC-CERT-08
	needOpenSSL(t)
	o := root()
	o.Alg = certfactory.RSA4096 // the specification's profile
	o.PathLen = new(2)
	a := mustCreate(t, o, cadir.Config{})
	for i := range 2 {
		o = root()
		o.Subject.CommonName, o.PathLen = fmt.Sprint("intermediate ", i), new(1-i)
		a = mustIntermediate(t, a, "", o)
		verify(t, mustIssue(t, a, device("device")).Chain)
	}
}

func TestChain(t *testing.T) { // DC-CERT-09
	a := mustCreate(t, root(), fixed())
	all := []*cadir.Authority{a}
	for i := range 2 {
		o := root()
		o.Subject.CommonName = fmt.Sprint("intermediate ", i)
		a = mustIntermediate(t, a, "", o)
		all = append([]*cadir.Authority{a}, all...)
	}
	d := device("device")
	d.Files, d.Password = "device", password
	issued := mustIssue(t, a, d)
	want := certfactory.PEM(issued.Certificate.Raw)
	for _, ca := range all {
		want = append(want, certfactory.PEM(ca.Certificate().Raw)...)
	}
	if got := mustRead(t, a.NewCertsDir(), "deviceCertChain.pem"); got != string(want) {
		t.Error("chain file is not device, issuers, anchor")
	}
	chain, err := a.Chain(issued.Certificate)
	if err != nil || len(chain) != 4 {
		t.Fatalf("chain of %d (%v), want 4", len(chain), err)
	}
	if _, err := all[1].Chain(issued.Certificate); err == nil {
		t.Error("a CA makes a chain for what it has not signed")
	}
	if files := list(t, a.NewCertsDir()); len(files) != 5 {
		t.Errorf("files of the device: %q", files)
	}
}

func TestCRL(t *testing.T) { // DC-CERT-10
	a := mustCreate(t, root(), fixed())
	for i := range 3 {
		mustIssue(t, a, device(fmt.Sprint("device ", i)))
	}
	for serial, reason := range map[int64]cadir.Reason{0x1002: cadir.KeyCompromise, 0x1000: cadir.Unspecified} {
		if _, err := a.Revoke(big.NewInt(serial), reason); err != nil {
			t.Fatal(err)
		}
	}
	for n := range int64(2) {
		crl, err := a.CRL(int(n) * 7)
		if err != nil {
			t.Fatal(err)
		}
		if err := crl.CheckSignatureFrom(a.Certificate()); err != nil {
			t.Error(err)
		}
		if !bytes.Equal(crl.AuthorityKeyId, a.Certificate().SubjectKeyId) || crl.Number.Int64() != 0x1000+n {
			t.Errorf("authorityKeyIdentifier %x, CRL number %X", crl.AuthorityKeyId, crl.Number)
		}
		days := []int{30, 7}[n]
		if now := fixed().Now().Truncate(time.Second); !crl.ThisUpdate.Equal(now) || !crl.NextUpdate.Equal(now.AddDate(0, 0, days)) {
			t.Errorf("from %v to %v, want %d days", crl.ThisUpdate, crl.NextUpdate, days)
		}
		var got []string
		for _, e := range crl.RevokedCertificateEntries {
			got = append(got, fmt.Sprintf("%X %d %d", e.SerialNumber, e.ReasonCode, len(e.Extensions)))
		}
		if diff := cmp.Diff([]string{"1000 0 0", "1002 1 1"}, got); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		if crl.SignatureAlgorithm != x509.ECDSAWithSHA256 {
			t.Errorf("signed with %v", crl.SignatureAlgorithm)
		}
	}
	if got := mustRead(t, a.Dir(), "crl", "crlnumber") + mustRead(t, a.Dir(), "crl", "crlnumber.old"); got != "1002\n1001\n" {
		t.Errorf("crlnumber and crlnumber.old are %q", got)
	}
	if got := mustRead(t, a.Dir(), "crl", "caCrl.pem"); !strings.HasPrefix(got, "-----BEGIN X509 CRL-----") {
		t.Errorf("CRL file begins with %.30q", got)
	}
}
