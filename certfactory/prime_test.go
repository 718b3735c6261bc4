package certfactory_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// The same seed makes the same RSA keys, however quick the search becomes: the
// digests are of public keys as the plainest search finds them.
func TestRSAKeysOfASeed(t *testing.T) {
	t.Parallel()
	f := certfactory.New(certfactory.Seed{1, 2, 3}, time.Unix(0, 0))
	for _, tt := range []struct {
		alg  certfactory.Alg
		name string
		want string
	}{
		{certfactory.RSA1024, "one", "f856e8c6a2641afebe44f39060124cd7dfc44ee48c89644f28d1094736a5b5e1"},
		{certfactory.RSA1024, "two", "90054a7e63c161b2c67349c727831c35d21308bcdaee27b20194e0d6573b4ac3"},
		{certfactory.RSA2047, "one", "e82955bf850c8c29090f68d0484767b45bae593720c59d485f6764ed0a9eb834"},
		{certfactory.RSA2048, "one", "8dc479073d9845198e8b8bd9adbffd5e44a6b52340f3dc78f9de2e8cd63c4d0d"},
		{certfactory.RSA2048, "two", "470c746e7c940e6cdeb363f9fe3a4660b5b4f907e14c18e8dd6197296935c4c3"},
		{certfactory.RSA3072, "two", "d5c0c527d4db827dfdc214ef9a4c93d5dbd39c2ddfa756a8da3c51307a2f2af6"},
	} {
		if got := digest(t, f.Key(tt.alg, tt.name).(*rsa.PrivateKey)); got != tt.want {
			t.Errorf("%s %s has the digest %s, want %s", tt.alg, tt.name, got, tt.want)
		}
	}
	const want = "7675949a9a1dc605cdbefb52390eabd99a8327cd8f90b01b508528385c971c02"
	e3 := sha256.Sum256(certfactory.DeriveRSA(2048, 3, f.Stream("x")).N.Bytes())
	if got := hex.EncodeToString(e3[:]); got != want {
		t.Errorf("the key of exponent 3 has the digest %s, want %s", got, want)
	}
}

func digest(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	info, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(info)
	return hex.EncodeToString(sum[:])
}

// What is remembered makes the same keys; a folder that was tampered with, or
// that belongs to another seed, makes them too.
func TestRemember(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	key := func(seed certfactory.Seed, dir string) []byte {
		f := certfactory.New(seed, now)
		if dir != "" {
			if err := f.Remember(dir); err != nil {
				t.Fatal(err)
			}
		}
		return x509.MarshalPKCS1PrivateKey(f.Key(certfactory.RSA1024, "one").(*rsa.PrivateKey))
	}
	want := key(seed, "")
	first := key(seed, dir)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the folder holds %q (%v), want one file", files, err)
	}
	written, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for path, wanted := range map[string]os.FileMode{dir: 0o700, files[0]: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != wanted {
			t.Errorf("%s has the mode %v (%v), want %v", path, info.Mode().Perm(), err, wanted)
		}
	}
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(files[0], long, long); err != nil {
		t.Fatal(err)
	}
	if second := key(seed, dir); !bytes.Equal(first, want) || !bytes.Equal(second, want) {
		t.Error("the key is another where it is remembered")
	}
	if info, err := os.Stat(files[0]); err != nil || !info.ModTime().Equal(long) {
		t.Errorf("the key was searched again, at %v (%v)", info.ModTime(), err)
	}
	for name, data := range map[string][]byte{
		"other numbers": append([]byte("0 2 0 4"), written[bytes.IndexByte(written, '\n'):]...),
		"not numbers":   []byte("hello"), "nothing": {}, "cut": written[:len(written)-2],
	} {
		if err := os.WriteFile(files[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(key(seed, dir), want) {
			t.Errorf("%s in the file: another key", name)
		}
		if mended, err := os.ReadFile(files[0]); err != nil || !bytes.Equal(mended, written) {
			t.Errorf("%s in the file: it was not written anew (%v)", name, err)
		}
	}
	if other := (certfactory.Seed{9}); bytes.Equal(key(other, dir), want) || !bytes.Equal(key(other, dir), key(other, "")) {
		t.Error("another seed takes what is not its own")
	}
}

func TestRememberNowhere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := certfactory.New(seed, now).Remember(filepath.Join(file, "keys")); err == nil {
		t.Error("a folder below a file gave no error")
	}
}
