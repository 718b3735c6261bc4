package certfactory_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// shared is one factory for tests that make many RSA keys.
var shared = sync.OnceValue(func() *certfactory.Factory { return certfactory.New(seed, now) })

// fleet is n devices under an intermediate.
func fleet(f *certfactory.Factory, n int, alg certfactory.Alg) *certfactory.Fleet {
	return f.Fleet(f.Intermediate(f.Root("root"), "fleet ca"), n, alg)
}

func mustDevice(t testing.TB, from interface {
	Device(int) ([][]byte, crypto.Signer, error)
}, i int,
) ([][]byte, crypto.Signer) {
	t.Helper()
	chain, key, err := from.Device(i)
	if err != nil {
		t.Fatal(err)
	}
	return chain, key
}

func TestFleetMakesGoodDevices(t *testing.T) {
	for _, alg := range []certfactory.Alg{certfactory.P256, certfactory.Ed25519, certfactory.RSA1024} {
		t.Run(alg.String(), func(t *testing.T) {
			fl := fleet(shared(), 20, alg)
			names := make(map[string]bool)
			serials := make(map[string]bool)
			keys := make(map[string]int)
			for i := range fl.Len() {
				chain, key := mustDevice(t, fl, i)
				if len(chain) != 3 {
					t.Fatalf("chain of %d, want 3", len(chain))
				}
				cert, issuer := mustParse(t, chain[0]), mustParse(t, chain[1])
				if err := cert.CheckSignatureFrom(issuer); err != nil {
					t.Error(err)
				}
				if cert.Subject.CommonName != fl.CommonName(i) || cert.IsCA {
					t.Errorf("device %d is %v, CA %v", i, cert.Subject, cert.IsCA)
				}
				public, _ := x509.MarshalPKIXPublicKey(key.Public())
				if !bytes.Equal(public, cert.RawSubjectPublicKeyInfo) {
					t.Errorf("device %d has another key than its certificate", i)
				}
				names[cert.Subject.CommonName], serials[cert.SerialNumber.String()] = true, true
				keys[string(public)]++
			}
			wantKeys := 20
			if alg == certfactory.RSA1024 {
				wantKeys = certfactory.PoolSize
			}
			if len(names) != 20 || len(serials) != 20 || len(keys) != wantKeys {
				t.Errorf("%d names, %d serial numbers, %d keys; want 20, 20, %d", len(names), len(serials), len(keys), wantKeys)
			}
		})
	}
}

// A device is the same whoever asks, whenever, and however large the fleet is.
func TestFleetIsReproducible(t *testing.T) {
	small, large := fleet(certfactory.New(seed, now), 3, certfactory.P256), fleet(certfactory.New(seed, now), 50, certfactory.P256)
	if err := large.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range small.Len() {
		one, oneKey := mustDevice(t, small, i)
		two, twoKey := mustDevice(t, large, i)
		again, _, err := small.Make(i)
		if err != nil || !bytes.Equal(one[0], two[0]) || !bytes.Equal(one[0], again[0]) {
			t.Errorf("device %d differs (%v)", i, err)
		}
		if !oneKey.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(twoKey.Public()) {
			t.Errorf("device %d has two keys", i)
		}
	}
	for what, other := range map[string]*certfactory.Fleet{
		"seed": fleet(certfactory.New(certfactory.Seed{9}, now), 1, certfactory.P256),
		"kind": fleet(certfactory.New(seed, now), 1, certfactory.P384),
		"CA": func() *certfactory.Fleet {
			f := certfactory.New(seed, now)
			return f.Fleet(f.Root("another"), 1, certfactory.P256)
		}(),
	} {
		if other.CommonName(0) == small.CommonName(0) {
			t.Errorf("another %s, the same common name", what)
		}
	}
}

func TestFleetIsSafeForConcurrentUse(t *testing.T) {
	fl := fleet(certfactory.New(seed, now), 50, certfactory.P256)
	var wg sync.WaitGroup
	first := make([][]byte, fl.Len())
	for w := range 4 {
		wg.Go(func() {
			for i := range fl.Len() {
				chain, _, err := fl.Device(i)
				if err != nil {
					t.Error(err)
				} else if w == 0 {
					first[i] = chain[0]
				}
			}
		})
	}
	wg.Wait()
	for i := range first {
		chain, _ := mustDevice(t, fl, i)
		if &chain[0][0] != &first[i][0] {
			t.Errorf("device %d is kept twice", i)
		}
	}
}

func TestPrepareStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fleet(certfactory.New(seed, now), 10, certfactory.P256).Prepare(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("prepare after the end: %v", err)
	}
	if err := fleet(certfactory.New(seed, now), 10, certfactory.Alg(-1)).Prepare(t.Context()); err == nil {
		t.Error("a fleet without keys was prepared")
	}
}

// TestFleetMemory bounds what a device costs that has signed once.
func TestFleetMemory(t *testing.T) {
	const n, bound = 500, 1536
	fl := fleet(certfactory.New(seed, now), n, certfactory.P256)
	if _, err := fl.Above(); err != nil {
		t.Fatal(err)
	}
	before := heap()
	for i := range n {
		sign(t, fl, i)
	}
	perDevice := int64(heap()-before) / n
	runtime.KeepAlive(fl)
	if perDevice > bound {
		t.Errorf("%d bytes a device, want at most %d", perDevice, bound)
	}
	t.Logf("%d bytes a device", perDevice)
}

func sign(tb testing.TB, fl *certfactory.Fleet, i int) {
	tb.Helper()
	_, key := mustDevice(tb, fl, i)
	digest := sha256.Sum256([]byte("handshake"))
	if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
		tb.Fatal(err)
	}
}

// heap is what lives after two collections: the first lets go of what weak
// references still held.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAdopt(t *testing.T) {
	elsewhere := certfactory.New(certfactory.Seed{5}, now)
	root := elsewhere.Root("root", certfactory.WithKey(certfactory.RSA1024))
	ca := elsewhere.Intermediate(root, "ca")
	chain := mustChain(t, ca)

	f := certfactory.New(seed, now)
	above, err := f.Adopt(chain[1], nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	adopted, err := f.Adopt(chain[0], ca.Signer(), above)
	if err != nil {
		t.Fatal(err)
	}
	device, _ := mustDevice(t, f.Fleet(adopted, 1, certfactory.P256), 0)
	if len(device) != 3 || !bytes.Equal(device[1], chain[0]) || !bytes.Equal(device[2], chain[1]) {
		t.Fatalf("chain of %d is not that of the adopted CA", len(device))
	}
	cert := mustParse(t, device[0])
	if err := cert.CheckSignatureFrom(mustParse(t, chain[0])); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(cert.AuthorityKeyId, mustParse(t, chain[0]).SubjectKeyId) {
		t.Error("authorityKeyIdentifier does not link to the adopted CA")
	}

	if _, _, err := f.Fleet(above, 1, certfactory.P256).Device(0); !errors.Is(err, certfactory.ErrNoSigner) {
		t.Errorf("signed without a key: %v", err)
	}
	for what, err := range map[string]error{
		"key of another":  adopt(f, chain[0], root.Signer(), above),
		"another issuer":  adopt(f, chain[0], ca.Signer(), f.Root("stranger")),
		"no certificate":  adopt(f, []byte{0x30, 0}, nil, nil),
		"issuer is wrong": adopt(f, chain[1], nil, adopted),
	} {
		if err == nil {
			t.Errorf("%s: adopted", what)
		}
	}
}

func adopt(f *certfactory.Factory, der []byte, key crypto.Signer, issuer *certfactory.Certificate) error {
	_, err := f.Adopt(der, key, issuer)
	return err
}

func ExampleFleet() {
	f := certfactory.New(certfactory.Seed{}, now)
	fl := f.Fleet(f.Root("Example CA"), 1000, certfactory.P256)
	chain, key, err := fl.Device(999)
	fmt.Println(fl.CommonName(999), len(chain), key != nil, err)
	// Output: device-000999-l7ajkil6ut 2 true <nil>
}
