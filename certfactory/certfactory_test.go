package certfactory_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

var (
	seed = certfactory.Seed{1, 2, 3}
	now  = time.Date(2031, time.March, 4, 5, 6, 7, 8, time.UTC)
)

// path describes leaf, two intermediates and root.
func path(f *certfactory.Factory, opts ...certfactory.Option) *certfactory.Certificate {
	root := f.Root("root", certfactory.PathLen(2))
	upper := f.Intermediate(root, "upper", certfactory.PathLen(1))
	return f.Device(f.Intermediate(upper, "lower", certfactory.PathLen(0)), "device", opts...)
}

func mustChain(t testing.TB, leaf *certfactory.Certificate) [][]byte {
	t.Helper()
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

func mustParse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestSeed(t *testing.T) {
	s := certfactory.NewSeed()
	got, err := certfactory.ParseSeed(s.String())
	if err != nil || got != s {
		t.Errorf("parsed %v (%v), want %v", got, err, s)
	}
	if len(s.String()) != 26 {
		t.Errorf("%q has %d characters, want 26", s, len(s.String()))
	}
	if s == certfactory.NewSeed() {
		t.Error("two new seeds are equal")
	}
	zero := certfactory.Seed{}.String()
	for _, bad := range []string{"", "a", zero[:25], zero + "a", zero[:25] + "b", "A" + zero[1:], zero[:25] + "1", zero + zero} {
		if got, err := certfactory.ParseSeed(bad); err == nil {
			t.Errorf("ParseSeed(%q) = %v, want an error", bad, got)
		}
	}
}

func FuzzParseSeed(f *testing.F) {
	f.Add(seed.String())
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := certfactory.ParseSeed(s); err == nil && got.String() != s {
			t.Errorf("%q reads as %q", s, got)
		}
	})
}

func TestSameSeedSameBytes(t *testing.T) {
	opts := map[string][]certfactory.Option{
		"plain":   nil,
		"mutated": {certfactory.Mutate(certfactory.FlipSignatureBit())},
		"ed25519": {certfactory.WithKey(certfactory.Ed25519)},
		"p521":    {certfactory.WithKey(certfactory.P521)},
		"rsa1024": {certfactory.WithKey(certfactory.RSA1024)},
		"rsa512":  {certfactory.WithKey(certfactory.RSA512)},
	}
	for name, opts := range opts {
		t.Run(name, func(t *testing.T) {
			want := mustChain(t, path(certfactory.New(seed, now), opts...))
			same := mustChain(t, path(certfactory.New(seed, now.Add(time.Second)), opts...))
			other := mustChain(t, path(certfactory.New(certfactory.Seed{9}, now), opts...))
			later := mustChain(t, path(certfactory.New(seed, now.Add(time.Minute)), opts...))
			for i := range want {
				if !bytes.Equal(want[i], same[i]) {
					t.Errorf("certificate %d has other bytes for the same seed and minute", i)
				}
				if bytes.Equal(want[i], other[i]) || bytes.Equal(want[i], later[i]) {
					t.Errorf("certificate %d is the same for another seed or minute", i)
				}
			}
		})
	}
}

func TestPSSIsReproducible(t *testing.T) {
	leaf := func() []byte {
		f := certfactory.New(seed, now)
		root := f.Root("root", certfactory.WithKey(certfactory.RSA1024))
		pss := certfactory.With(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSAPSS })
		return mustChain(t, f.Device(root, "device", pss))[0]
	}
	if !bytes.Equal(leaf(), leaf()) {
		t.Error("same seed and moment, other bytes")
	}
}

func TestKeysOfEveryKindSign(t *testing.T) {
	f := certfactory.New(seed, now)
	for alg := certfactory.P256; alg <= certfactory.RSA2048; alg++ {
		t.Run(alg.String(), func(t *testing.T) {
			if back, err := certfactory.ParseAlg(alg.String()); err != nil || back != alg {
				t.Errorf("ParseAlg(%q) = %v, %v", alg, back, err)
			}
			root := f.Root("root", certfactory.WithKey(alg))
			chain := mustChain(t, f.Device(root, "device"))
			err := mustParse(t, chain[0]).CheckSignatureFrom(mustParse(t, chain[1]))
			// The standard library verifies nothing with a key of 512 bits.
			if (err == nil) != (alg != certfactory.RSA512) {
				t.Errorf("check signature: %v", err)
			}
			if err := mustParse(t, chain[1]).CheckSignatureFrom(mustParse(t, chain[1])); alg != certfactory.RSA512 && err != nil {
				t.Errorf("check own signature: %v", err)
			}
		})
	}
	if key := f.Key(-1, "x"); key != nil {
		t.Errorf("Key(-1) = %v, want nil", key)
	}
	if _, err := certfactory.ParseAlg("rsa"); err == nil {
		t.Error("ParseAlg knows rsa")
	}
}

func TestProfile(t *testing.T) {
	chain := mustChain(t, path(certfactory.New(seed, now)))
	leaf, ca, root := mustParse(t, chain[0]), mustParse(t, chain[1]), mustParse(t, chain[3])
	if want := x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment; leaf.KeyUsage != want {
		t.Errorf("leaf keyUsage %b, want %b", leaf.KeyUsage, want)
	}
	if leaf.IsCA || !leaf.BasicConstraintsValid || len(leaf.ExtKeyUsage) > 0 {
		t.Error("leaf is not as v3_signed has it")
	}
	if want := x509.KeyUsageDigitalSignature | x509.KeyUsageCRLSign | x509.KeyUsageCertSign; ca.KeyUsage != want {
		t.Errorf("CA keyUsage %b, want %b", ca.KeyUsage, want)
	}
	if !bytes.Equal(leaf.AuthorityKeyId, ca.SubjectKeyId) || len(leaf.SubjectKeyId) != 20 {
		t.Error("key identifiers of the leaf do not link")
	}
	if !bytes.Equal(root.AuthorityKeyId, root.SubjectKeyId) || len(root.SubjectKeyId) != 20 {
		t.Error("key identifiers of the root do not link")
	}
	if root.MaxPathLen != 2 || !ca.MaxPathLenZero {
		t.Errorf("pathLenConstraint %d and zero %v, want 2 and true", root.MaxPathLen, ca.MaxPathLenZero)
	}
	if n := len(leaf.SerialNumber.Bytes()); leaf.SerialNumber.Sign() <= 0 || n != 16 {
		t.Errorf("serial number %v of %d octets, want 16", leaf.SerialNumber, n)
	}
	if got, want := leaf.NotBefore, now.Truncate(time.Minute).Add(-time.Hour); !got.Equal(want) {
		t.Errorf("notBefore %v, want %v", got, want)
	}
	rsa := mustParse(t, mustChain(t, path(certfactory.New(seed, now), certfactory.WithKey(certfactory.RSA1024)))[0])
	if rsa.KeyUsage&x509.KeyUsageKeyEncipherment == 0 {
		t.Error("RSA leaf lacks keyEncipherment")
	}
}

// TestNoPathLenByDefault also shows that the later option wins.
func TestNoPathLenByDefault(t *testing.T) {
	f := certfactory.New(seed, now)
	for _, root := range []*certfactory.Certificate{f.Root("a"), f.Root("a", certfactory.PathLen(3), certfactory.NoPathLen())} {
		if cert := mustParse(t, mustChain(t, root)[0]); cert.MaxPathLen != -1 {
			t.Errorf("pathLenConstraint %d, want none", cert.MaxPathLen)
		}
	}
}

func TestOpenSSLVerifies(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.Ed25519, certfactory.RSA2048} {
		t.Run(alg.String(), func(t *testing.T) {
			chain := mustChain(t, path(certfactory.New(seed, time.Now()), certfactory.WithKey(alg)))
			dir := t.TempDir()
			for name, der := range map[string][][]byte{"leaf": chain[:1], "cas": chain[1:3], "root": chain[3:]} {
				if err := os.WriteFile(filepath.Join(dir, name), certfactory.PEM(der...), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), openssl, "verify", "-x509_strict", "-purpose", "sslclient",
				"-CAfile", "root", "-untrusted", "cas", "leaf")
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("openssl verify: %v\n%s", err, out)
			}
		})
	}
}

func TestFactoryIsSafeForConcurrentUse(t *testing.T) {
	f := certfactory.New(seed, now)
	root := f.Root("root")
	keys := make(chan crypto.Signer)
	for i := range 8 {
		go func() {
			if _, err := f.Device(root, fmt.Sprint("device ", i)).DER(); err != nil {
				t.Error(err)
			}
			keys <- f.Key(certfactory.RSA1024, "shared")
		}()
	}
	first := <-keys
	for range 7 {
		if key := <-keys; key != first {
			t.Error("one name, two RSA keys")
		}
	}
}

func TestTag(t *testing.T) {
	f := certfactory.New(seed, now)
	tag := f.Tag("a")
	if len(tag) != 10 || tag != f.Tag("a") || tag == f.Tag("b") || tag == certfactory.New(certfactory.Seed{9}, now).Tag("a") {
		t.Errorf("tag %q is not of its name and seed", tag)
	}
}
