package cadir_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// specified is a configuration such as one makes from the specification's, with
// its habit of a comment behind each setting.
const specified = `
[ ca ]
default_ca = CA_default
[ CA_default ]
dir               = DIR # the place of it all
certs             = $dir
crl_dir           = $dir/crl # "quoted" comment
new_certs_dir     = ${dir}/deviceCertificates
database          = $(dir)/database.txt
serial            = $CA_default::dir/serial
private_key       = $dir/PREFIXKey.pem
certificate       = $dir/PREFIXCert.pem
default_md        = sha256
default_days      = 375
preserve          = no
policy            = signing_policy
crl               = $crl_dir/PREFIXCrl.pem
crlnumber         = $crl_dir/crlnumber
crl_extensions    = crl_ext
default_crl_days  = 30
[ req ]
distinguished_name  = req_distinguished_name
string_mask         = utf8only
x509_extensions     = v3_ca
[ req_distinguished_name ]
commonName          = Common Name
[ v3_ca ]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical, CA:true, pathlen:10
keyUsage = digitalSignature, cRLSign, keyCertSign
[ v3_signed ]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer
basicConstraints = critical, CA:false
keyUsage = nonRepudiation, digitalSignature, keyEncipherment
[ crl_ext ]
authorityKeyIdentifier=keyid:always
[ signing_policy ]
countryName             = optional
organizationName        = optional
commonName              = supplied
`

// prepare does the steps that come before the certificate by hand.
func prepare(t *testing.T, dir, prefix string, keyOptions ...string) {
	t.Helper()
	for _, name := range []string{"", "deviceCertificates", "crl"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mustWrite(t, filepath.Join(dir, "database.txt"), "")
	mustWrite(t, filepath.Join(dir, "serial"), "1000\n")
	mustWrite(t, filepath.Join(dir, prefix+"Config.cnf"), strings.NewReplacer("DIR", dir, "PREFIX", prefix).Replace(specified))
	openSSL(t, dir, append([]string{"genrsa", "-aes256", "-passout", pass, "-out", prefix + "Key.pem"}, append(keyOptions, "2048")...)...)
}

func TestOpenWhatOpenSSLMade(t *testing.T) {
	needOpenSSL(t)
	dir := filepath.Join(t.TempDir(), "caCertificate")
	below := filepath.Join(dir, "intermediateCertificate")
	prepare(t, dir, "ca")
	openSSL(t, dir, "req", "-config", "caConfig.cnf", "-key", "caKey.pem", "-passin", pass, "-new", "-x509", "-days", "7300",
		"-sha256", "-extensions", "v3_ca", "-out", "caCert.pem", "-subj", "/CN=root")
	// The old form of an encrypted key, which OpenSSL 1 wrote.
	prepare(t, below, "intermediate", "-traditional")
	openSSL(t, below, "req", "-config", "intermediateConfig.cnf", "-new", "-sha256", "-key", "intermediateKey.pem", "-passin", pass,
		"-out", "intermediateCsr.pem", "-subj", "/CN=intermediate")
	// Without -notext a description stands before the certificate.
	openSSL(t, dir, "ca", "-batch", "-config", "caConfig.cnf", "-passin", pass, "-extensions", "v3_ca", "-days", "3650", "-md", "sha256",
		"-in", "intermediateCertificate/intermediateCsr.pem", "-out", "intermediateCertificate/intermediateCert.pem")

	for _, path := range []string{dir, below, filepath.Join(below, "intermediateConfig.cnf")} {
		a, err := cadir.Open(path, password, cadir.Config{})
		if err != nil {
			t.Fatal(err)
		}
		i := mustIssue(t, a, device("device "+fmt.Sprint(len(path))))
		verify(t, i.Chain)
		if _, err := a.Revoke(i.Certificate.SerialNumber, cadir.KeyCompromise); err != nil {
			t.Fatal(err)
		}
		// The steps make no crlnumber.
		if _, err := a.CRL(0); err != nil {
			t.Fatal(err)
		}
		openSSL(t, a.Dir(), "ca", "-config", a.ConfigFile(), "-passin", pass, "-gencrl", "-out", "again.crl")
	}
	// Without attributes beside the database a subject can be there once only.
	fresh := filepath.Join(t.TempDir(), "fresh")
	prepare(t, fresh, "ca")
	openSSL(t, fresh, "req", "-config", "caConfig.cnf", "-key", "caKey.pem", "-passin", pass, "-new", "-x509", "-out", "caCert.pem", "-subj", "/CN=x")
	a, err := cadir.Open(fresh, password, cadir.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mustIssue(t, a, device("device"))
	if _, err := a.Issue(device("device")); !errors.Is(err, cadir.ErrSubjectTaken) {
		t.Errorf("renewal: %v", err)
	}
	if got := mustRead(t, fresh, "database.txt.attr"); got != "unique_subject = yes\n" {
		t.Errorf("attributes are %q", got)
	}
}

// TestCRLNumberGoesOn has the file of the number lost.
func TestCRLNumberGoesOn(t *testing.T) {
	a := mustCreate(t, root(), fixed())
	for want := range int64(3) {
		crl, err := a.CRL(0)
		if err != nil || crl.Number.Int64() != 0x1000+want {
			t.Fatalf("CRL number %v (%v), want %X", crl, err, 0x1000+want)
		}
		if err := os.Remove(filepath.Join(a.Dir(), "crl", "crlnumber")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	good := mustCreate(t, root(), fixed()).Dir()
	other := mustCreate(t, root(), cadir.Config{}).Dir()
	replace := func(name, old, text string) func(dir string) {
		return func(dir string) {
			before := mustRead(t, dir, name)
			if !strings.Contains(before, old) {
				t.Fatalf("%s has no %q", name, old)
			}
			mustWrite(t, filepath.Join(dir, name), strings.Replace(before, old, text, 1))
		}
	}
	config := func(old, text string) func(string) { return replace("caConfig.cnf", old, text) }
	remove := func(name string) func(string) {
		return func(dir string) {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name string
		edit func(dir string)
		is   error
		want string
	}{
		{"no configuration", remove("caConfig.cnf"), cadir.ErrNotAuthority, "no configuration"},
		{"no such directory", remove("."), cadir.ErrNotAuthority, "no such file"},
		{"several configurations", func(dir string) {
			remove("caConfig.cnf")(dir)
			mustWrite(t, filepath.Join(dir, "a.cnf"), "")
			mustWrite(t, filepath.Join(dir, "b.cnf"), "")
		}, cadir.ErrNotAuthority, "a.cnf, b.cnf"},
		{"another program's configuration", config("default_ca", "other"), cadir.ErrNotAuthority, "default_ca"},
		{"no section", config("[ CA_default ]", "[ other ]"), nil, `no section "CA_default"`},
		{"missing settings", func(dir string) {
			config("new_certs_dir", "other")(dir)
			config("serial  ", "number  ")(dir)
		}, nil, "not set: new_certs_dir, serial"},
		{"no key", remove("caKey.pem"), os.ErrNotExist, "caKey.pem"},
		{"no certificate", remove("caCert.pem"), os.ErrNotExist, "caCert.pem"},
		{"no directory of certificates", remove("deviceCertificates"), nil, "deviceCertificates, which is not there"},
		{"broken certificate", replace("caCert.pem", "MII", "AAA"), nil, "caCert.pem"},
		{"certificate of another", func(dir string) { mustWrite(t, filepath.Join(dir, "caCert.pem"), mustRead(t, other, "caCert.pem")) }, cadir.ErrKeyMismatch, "caKey.pem"},
		{"broken key", replace("caKey.pem", "MI", "AA"), nil, "caKey.pem"},
		{"old hash", config("sha256", "md5"), nil, `default_md "md5"`},
		{"copied extensions", config("policy ", "copy_extensions = copy\npolicy "), nil, "copy_extensions = copy cannot be obeyed"},
		{"random serial numbers", config("policy ", "rand_serial = yes\npolicy "), nil, "line 21"},
		{"unknown field", config("emailAddress            = optional", "shoeSize = optional"), nil, `unknown field "shoeSize"`},
		{"unknown rule", config("= supplied", "= wanted"), nil, `"wanted"`},
		{"variable", config("$dir/serial", "$nowhere/serial"), nil, `variable "nowhere" has no value`},
		{"include", config("[ req ]", ".include other.cnf\n[ req ]"), nil, ".include is not known"},
		{"no equals sign", config("policy            =", "policy"), nil, "line 21"},
		{"open bracket", config("[ req ]", "[ req"), nil, "square brackets"},
		{"long time", config("default_crl_days  = 30", "default_crl_days = soon"), nil, "default_crl_days"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := copied(t, good)
			tt.edit(dir)
			_, err := cadir.Open(dir, password, fixed())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v, want %q in one line", err, tt.want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v, want one that is %v", err, tt.is)
			}
		})
	}
	_, err := cadir.Open(good, "wrong", fixed())
	if !errors.Is(err, store.ErrPassword) || strings.Contains(err.Error(), "\n") {
		t.Errorf("wrong password: %v", err)
	}
}

func TestCommandsRefuse(t *testing.T) {
	o := root()
	original := mustCreate(t, o, fixed())
	mustIssue(t, original, device("first"))
	stranger := mustIssue(t, mustCreate(t, root(), cadir.Config{}), device("stranger")).Certificate
	issue := func(a *cadir.Authority) error { _, err := a.Issue(device("device")); return err }
	revoke := func(serial int64, reason cadir.Reason) func(*cadir.Authority) error {
		return func(a *cadir.Authority) error { _, err := a.Revoke(big.NewInt(serial), reason); return err }
	}
	crl := func(a *cadir.Authority) error { _, err := a.CRL(0); return err }
	const line = "V\t310305050607Z\t\t2000\tunknown\t/CN=x"
	for _, tt := range []struct {
		name, file, text string
		do               func(*cadir.Authority) error
		want             string
	}{
		{"file in the way", "deviceCertificates/1001.pem", "", issue, "1001.pem is there, and database.txt does not know it"},
		{"empty serial", "serial", "", issue, "serial: want an even count"},
		{"odd serial", "serial", "100\n", issue, `have "100"`},
		{"no hexadecimal", "serial", "10XY\n", issue, `have "10XY"`},
		{"zero", "serial", "00\n", issue, "above 0"},
		{"long serial", "serial", strings.Repeat("7F", 21) + "\n", issue, "20 octets"},
		{"last serial", "serial", "7F" + strings.Repeat("FF", 19) + "\n", issue, "no number of 20 octets is left"},
		{"two lines", "serial", "1000\n1001\n", issue, "one line"},
		{"serial in use", "serial", "1000\n", issue, "in the database already: 1000 was given to /CN=first"},
		{"cut database", "database.txt", line, issue, "database.txt: line 1: cut off"},
		{"blank line", "database.txt", line + "\n\n", issue, "line 2: 1 fields"},
		{"unknown status", "database.txt", "# comment\n" + strings.Replace(line, "V", "X", 1) + "\n", issue, `line 2: status "X"`},
		{"unknown time", "database.txt", strings.Replace(line, "3103", "3113", 1) + "\n", issue, "line 1: expiry"},
		{"valid and revoked", "database.txt", strings.Replace(line, "\t\t", "\t310305050607Z\t", 1) + "\n", issue, "contradict"},
		{"revoked when", "database.txt", "R" + line[1:] + "\n", issue, "contradict"},
		{"unknown reason", "database.txt", "R" + strings.Replace(line[1:], "\t\t", "\t310305050607Z,boredom\t", 1) + "\n", issue, `no "boredom"`},
		{"odd number", "database.txt", strings.Replace(line, "2000", "200", 1) + "\n", issue, `"200"`},
		{"double number", "database.txt", line + "\n" + line + "\n", issue, "line 2: serial number 2000 is in line 1"},
		{"interrupted OpenSSL", "database.txt", "rename", issue, "database.txt.new"},
		{"unknown extension", "caConfig.cnf", "subjectKeyIdentifier = hash", issue, "subjectAltName: this extension is not known"},
		{"unknown key usage", "caConfig.cnf", "keyUsage = nonRepudiation,", issue, `"nonsense" is no key usage`},
		{"revoke unknown", "", "", revoke(0x2000, cadir.KeyCompromise), "revoke 2000: serial number is not in the database"},
		{"revoke for nothing", "", "", revoke(0x1000, 7), "Reason(7) is no reason"},
		{"revoke for a delta", "", "", revoke(0x1000, 8), "removeFromCRL is no reason"},
		{"revoke a stranger", "", "", func(a *cadir.Authority) error { _, err := a.RevokeCertificate(stranger, 0); return err }, "did not sign it"},
		{"revoke twice", "", "", func(a *cadir.Authority) error { return errors.Join(revoke(0x1000, 0)(a), revoke(0x1000, 0)(a)) }, "revoked already on 2031-03-04T05:06:07Z"},
		{"negative days", "", "", func(a *cadir.Authority) error { _, err := a.CRL(-1); return err }, "-1 days"},
		{"odd crlnumber", "crl/crlnumber", "1\n", crl, "crlnumber: want an even count"},
		{"chain of a stranger", "", "", func(a *cadir.Authority) error { _, err := a.Chain(stranger); return err }, "did not sign"},
		{"name of a directory", "", "", func(a *cadir.Authority) error { _, err := a.Intermediate("a/b", o); return err }, `"a/b" is no name`},
		{"name of files", "", "", func(a *cadir.Authority) error { d := device("d"); d.Files = "../d"; _, err := a.Issue(d); return err }, `"../d"`},
		{"two minds", "", "", func(a *cadir.Authority) error {
			d := device("d")
			d.Files, d.PlainKey, d.Password = "d", true, password
			_, err := a.Issue(d)
			return err
		}, "exclude each other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := copied(t, original.Dir())
			path := filepath.Join(dir, tt.file)
			switch {
			case tt.text == "rename":
				if err := os.Rename(path, path+".new"); err != nil {
					t.Fatal(err)
				}
			case tt.file == "caConfig.cnf":
				evil := map[string]string{"subjectKeyIdentifier = hash": "subjectAltName = DNS:x", "keyUsage = nonRepudiation,": "keyUsage = nonsense,"}[tt.text]
				mustWrite(t, path, strings.ReplaceAll(mustRead(t, path), tt.text, evil))
			case tt.file != "":
				mustWrite(t, path, tt.text)
			}
			a, err := cadir.Open(dir, password, fixed())
			if err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, dir)
			if err := tt.do(a); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %q in one line", err, tt.want)
			}
			if tt.name != "revoke twice" {
				sameFiles(t, dir, before)
			}
		})
	}
}

func TestView(t *testing.T) {
	made := mustCreate(t, root(), fixed())
	i := mustIssue(t, made, device("device"))
	a, err := cadir.View(made.Dir(), fixed())
	if err != nil {
		t.Fatal(err)
	}
	if chain, err := a.Chain(i.Certificate); err != nil || len(chain) != 2 {
		t.Errorf("chain of %d (%v)", len(chain), err)
	}
	if _, err := a.Sign(i.Request, cadir.SignOptions{}); !errors.Is(err, cadir.ErrNoKey) {
		t.Errorf("sign: %v", err)
	}
	if _, err := a.CRL(0); !errors.Is(err, cadir.ErrNoKey) {
		t.Errorf("CRL: %v", err)
	}
	if e, err := a.RevokeCertificate(i.Certificate, cadir.CertificateHold); err != nil || e.Reason != cadir.CertificateHold {
		t.Errorf("revoke: %+v (%v)", e, err)
	}
}

// TestChainFromElsewhere takes an intermediate away from its issuer.
func TestChainFromElsewhere(t *testing.T) {
	a := mustCreate(t, root(), fixed())
	o := root()
	o.Relative = true
	child := mustIntermediate(t, a, "", o)
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(child.Dir(), moved); err != nil {
		t.Fatal(err)
	}
	for _, known := range [][]*x509.Certificate{nil, {a.Certificate()}} {
		env := fixed()
		env.Issuers = known
		alone, err := cadir.Open(moved, password, env)
		if err != nil {
			t.Fatal(err)
		}
		i, err := alone.Issue(device("device"))
		if known == nil && (err == nil || !strings.Contains(err.Error(), "no issuer")) {
			t.Errorf("without the root: %v", err)
		}
		if known != nil && (err != nil || len(i.Chain) != 3) {
			t.Errorf("with the root: %v", err)
		}
	}
}

func TestRevokeWhatTheDatabaseForgot(t *testing.T) {
	a := mustCreate(t, root(), fixed())
	cert := mustIssue(t, a, device("device")).Certificate
	mustWrite(t, filepath.Join(a.Dir(), "database.txt"), "# all gone\n")
	if _, err := a.RevokeCertificate(cert, cadir.KeyCompromise); err != nil {
		t.Fatal(err)
	}
	want := "# all gone\nR\t320303050607Z\t310304050607Z,keyCompromise\t1000\tunknown\t/CN=device\n"
	if got := mustRead(t, a.Dir(), "database.txt"); got != want {
		t.Errorf("database is %q, want %q", got, want)
	}
}

func TestSameBytes(t *testing.T) {
	make := func(dir string) map[string]string {
		for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.RSA2048} {
			o := root()
			o.Alg, o.Relative = alg, true
			a, err := cadir.Create(filepath.Join(dir, alg.String()), o, fixed())
			if err != nil {
				t.Fatal(err)
			}
			d := device("device")
			d.Files, d.Password = "device", password
			mustIssue(t, mustIntermediate(t, a, "", o), d)
			if _, err := a.CRL(0); err != nil {
				t.Fatal(err)
			}
		}
		return snapshot(t, dir)
	}
	dir := t.TempDir()
	make(filepath.Join(dir, "one"))
	sameFiles(t, filepath.Join(dir, "one"), make(filepath.Join(dir, "two")))
}

// TestOddPaths has directories whose names mean something to OpenSSL.
func TestOddPaths(t *testing.T) {
	needOpenSSL(t)
	for _, name := range []string{"with space", "a$b", "a#b", `a\b`, `it's "so"`, "größe", "a;b,c=d"} {
		a, err := cadir.Create(filepath.Join(t.TempDir(), name), root(), quick())
		if err != nil {
			t.Fatal(err)
		}
		opensslIssue(t, a, "theirs")
		mustIssue(t, a, device("ours"))
		if n := len(mustEntries(t, a)); n != 2 {
			t.Errorf("%s: %d lines, want 2", name, n)
		}
	}
	for _, name := range []string{"a\nb", "a "} {
		if _, err := cadir.Create(filepath.Join(t.TempDir(), name), root(), quick()); err == nil {
			t.Errorf("a directory %q was made", name)
		}
	}
}
