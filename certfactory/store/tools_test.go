package store_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// A bench is a folder in which programs of others work on files of ours.
type bench struct {
	*testing.T
	dir string
}

// newBench skips the test if a program that it needs is not there.
func newBench(t *testing.T, programs ...string) bench {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs, which takes a while")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("cannot be compared with %s: %v", program, err)
		}
	}
	return bench{t, t.TempDir()}
}

// run starts a program in the folder and returns what it writes.
func (b bench) run(program string, args ...string) []byte {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), program, args...)
	cmd.Dir = b.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%s %v: %v\n%s%s", program, args, err, out, stderr.Bytes())
	}
	return out
}

func (b bench) openssl(args ...string) []byte {
	b.Helper()
	return b.run("openssl", args...)
}

func (b bench) keytool(args ...string) []byte {
	b.Helper()
	// The language is that of the texts compared with; the rest makes a short run of Java shorter.
	return b.run("keytool", append([]string{"-J-Duser.language=en", "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"}, args...)...)
}

func (b bench) write(name string, data []byte) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), data, 0o600); err != nil {
		b.Fatal(err)
	}
}

func (b bench) read(name string) []byte {
	b.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// writeDevice writes an entry as the PEM files of the specification's steps.
func (b bench) writeDevice(e store.Entry) {
	b.Helper()
	key, err := store.MarshalKey(e.Key, store.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.write("deviceKey.pem", key)
	b.write("deviceCertChain.pem", store.MarshalCertificates(e.Chain))
}

// open reads a file of the folder.
func (b bench) open(name string, p store.Password) *store.Store {
	b.Helper()
	return mustOpen(b, b.read(name), p)
}

// same compares entries by everything but the time of making.
func (b bench) same(got *store.Store, want ...store.Entry) {
	b.Helper()
	for i := range got.Entries {
		got.Entries[i].Created = store.Entry{}.Created
	}
	if diff := cmp.Diff(want, got.Entries, sameKey); diff != "" {
		b.Error(diff)
	}
}

// A javaStore is a file for Java to open.
type javaStore struct {
	format      store.Format
	name        string
	keyPassword store.Password // empty: the store's
}

// java returns what Java sees of stores, by the file's name.
func (b bench) java(files ...javaStore) map[string]*store.Store {
	b.Helper()
	program, err := filepath.Abs("testdata/Dump.java")
	if err != nil {
		b.Fatal(err)
	}
	args := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", program}
	for _, f := range files {
		if f.keyPassword == "" {
			f.keyPassword = password
		}
		args = append(args, f.format.String(), f.name, string(password), string(f.keyPassword))
	}
	stores := make(map[string]*store.Store)
	for line := range strings.Lines(string(b.run("java", args...))) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		s := stores[fields[0]]
		if s == nil {
			s = new(store.Store)
			stores[fields[0]] = s
		}
		e := store.Entry{Alias: fields[1], Trusted: fields[2] == ""}
		if !e.Trusted {
			e.Key = b.parseKey(fields[2])
		}
		for _, text := range fields[3:] {
			e.Chain = append(e.Chain, b.decode(text))
		}
		s.Entries = append(s.Entries, e)
	}
	return stores
}

func (b bench) parseKey(text string) crypto.Signer {
	b.Helper()
	key, err := x509.ParsePKCS8PrivateKey(b.decode(text))
	if err != nil {
		b.Fatal(err)
	}
	return key.(crypto.Signer)
}

func (b bench) decode(text string) []byte {
	b.Helper()
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b.Fatal(err)
	}
	return der
}

// sameKey compares a private key in PEM with one that was given away.
func (b bench) sameKey(pem []byte, p store.Password, want crypto.Signer) {
	b.Helper()
	got, err := store.ParseKey(pem, p)
	if err != nil {
		b.Fatal(err)
	}
	if !cmp.Equal(got, want, sameKey) {
		b.Error("another private key came back")
	}
}
