package store_test

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

const password = store.Password("correct horse 1")

var moment = time.Date(2031, 1, 2, 3, 4, 0, 0, time.UTC)

// algorithms are the kinds of key that every form is tried with.
var algorithms = []certfactory.Alg{certfactory.P256, certfactory.P384, certfactory.RSA2048, certfactory.Ed25519}

// fixture is what the tests put into stores. RSA keys take a while to make, so that
// there is one fixture for all.
var fixture = sync.OnceValue(func() *certfactory.Factory { return certfactory.New(certfactory.Seed{1}, moment) })

// device returns a key with a chain of three.
func device(t testing.TB, alg certfactory.Alg) store.Entry {
	t.Helper()
	f := fixture()
	leaf := f.Device(f.Intermediate(f.Root("our root"), "our intermediate"), "device-1", certfactory.WithKey(alg))
	return store.Entry{Alias: store.DeviceAlias, Key: leaf.Signer(), Chain: mustChain(t, leaf)}
}

// anchors returns two trusted certificates.
func anchors(t testing.TB) []store.Entry {
	t.Helper()
	f := fixture()
	var list []store.Entry
	for _, alias := range []string{store.ServerAlias, "second"} {
		list = append(list, store.Entry{Alias: alias, Chain: mustChain(t, f.Root(alias)), Trusted: true})
	}
	return list
}

func mustChain(t testing.TB, leaf *certfactory.Certificate) [][]byte {
	t.Helper()
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

func mustEncode(t testing.TB, entries []store.Entry, c store.Config) []byte {
	t.Helper()
	if c.Iterations == 0 {
		c.Iterations = 64
	}
	data, err := store.Encode(entries, c)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustOpen(t testing.TB, data []byte, p store.Password) *store.Store {
	t.Helper()
	s, err := store.Open(data, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sameKey is how private keys are compared with go-cmp.
var sameKey = cmp.Comparer(func(a, b crypto.Signer) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.(interface{ Equal(crypto.PrivateKey) bool }).Equal(b)
})

var sameTime = cmp.Comparer(func(a, b time.Time) bool { return max(a.UnixMilli(), 0) == max(b.UnixMilli(), 0) })

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		key := device(t, alg)
		both := append([]store.Entry{key}, anchors(t)...)
		unnamed := key
		unnamed.Alias = "1"
		tests := []struct {
			name    string
			entries []store.Entry
			format  store.Format
		}{
			{"key store", []store.Entry{key}, store.PKCS12},
			{"both", both, store.PKCS12},
			{"key store", []store.Entry{key}, store.JKS},
			{"both", both, store.JKS},
			{"key and chain", []store.Entry{unnamed}, store.PEM},
		}
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s/%s/%s", alg, tt.format, tt.name), func(t *testing.T) {
				data := mustEncode(t, tt.entries, store.Config{Format: tt.format, Password: password})
				got := mustOpen(t, data, password)
				if got.Format != tt.format {
					t.Errorf("format %v, want %v", got.Format, tt.format)
				}
				want := tt.entries
				if tt.format == store.JKS && len(want) > 1 { // sorted by alias
					want = []store.Entry{want[0], want[2], want[1]}
				}
				if diff := cmp.Diff(want, got.Entries, sameKey, sameTime); diff != "" {
					t.Error(diff)
				}
				for _, e := range got.Entries {
					if err := e.Check(); err != nil {
						t.Errorf("entry %v: %v", e, err)
					}
				}
			})
		}
	}
}

func TestTrustStoreRoundTrip(t *testing.T) {
	t.Parallel()
	for _, format := range []store.Format{store.PKCS12, store.JKS, store.PEM} {
		for _, p := range []store.Password{password, ""} {
			got := mustOpen(t, mustEncode(t, anchors(t), store.Config{Format: format, Password: p}), p)
			if len(got.Entries) != 2 {
				t.Fatalf("%v: %d entries, want 2", format, len(got.Entries))
			}
			for _, want := range anchors(t) {
				if format == store.PEM { // knows no alias
					want.Alias = map[string]string{store.ServerAlias: "1", "second": "2"}[want.Alias]
				}
				e, ok := got.Entry(strings.ToUpper(want.Alias))
				if !ok || e.Kind() != store.TrustedCertificate || !bytes.Equal(e.Chain[0], want.Chain[0]) {
					t.Errorf("%v: entry %q is %v, found %v", format, want.Alias, e, ok)
				}
			}
			if _, err := got.Pool(); err != nil {
				t.Errorf("%v: %v", format, err)
			}
		}
	}
}

// The anchor of a key's own chain may be trusted as well, and two keys may share
// their issuers.
func TestSharedCertificates(t *testing.T) {
	t.Parallel()
	f := fixture()
	ca := f.Root("shared")
	entries := []store.Entry{}
	for _, name := range []string{"one", "two"} {
		leaf := f.Device(ca, name)
		entries = append(entries, store.Entry{Alias: name, Key: leaf.Signer(), Chain: mustChain(t, leaf)})
	}
	entries = append(entries, store.Entry{Alias: "anchor", Chain: mustChain(t, ca), Trusted: true})
	got := mustOpen(t, mustEncode(t, entries, store.Config{Password: password}), password)
	if diff := cmp.Diff(entries, got.Entries, sameKey); diff != "" {
		t.Error(diff)
	}
	if _, err := got.Device(); err == nil {
		t.Error("two private keys taken for one device")
	}
}

// A certificate that is neither trusted nor anybody's is kept and told apart.
func TestLooseCertificate(t *testing.T) {
	t.Parallel()
	entries := []store.Entry{{Alias: "loose", Chain: anchors(t)[0].Chain}}
	got := mustOpen(t, mustEncode(t, entries, store.Config{Password: password}), password)
	if diff := cmp.Diff(entries, got.Entries); diff != "" {
		t.Error(diff)
	}
	if got.Entries[0].Kind() != store.Certificate {
		t.Errorf("kind %v", got.Entries[0].Kind())
	}
	if _, err := got.Pool(); err == nil {
		t.Error("a certificate without the mark is trusted")
	}
	if _, err := store.Encode(entries, store.Config{Format: store.JKS}); err == nil {
		t.Error("JKS took it")
	}
}

func TestSameBytes(t *testing.T) {
	t.Parallel()
	entries := append([]store.Entry{device(t, certfactory.P256)}, anchors(t)...)
	for _, format := range []store.Format{store.PKCS12, store.JKS} {
		var files [3][]byte
		for i, stream := range []string{"a", "a", "b"} {
			files[i] = mustEncode(t, entries, store.Config{Format: format, Password: password, Rand: fixture().Stream(stream)})
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%v: the same randomness made two files", format)
		}
		if bytes.Equal(files[0], files[2]) {
			t.Errorf("%v: the randomness went unused", format)
		}
	}
}

// A source of randomness that gives less than asked for must not lead to a salt that
// is half zeros.
func TestShortRandomness(t *testing.T) {
	t.Parallel()
	for _, format := range []store.Format{store.PKCS12, store.JKS, store.PEM} {
		_, err := store.Encode([]store.Entry{device(t, certfactory.P256)},
			store.Config{Format: format, Password: password, Rand: strings.NewReader("short")})
		if err == nil {
			t.Errorf("%v: written with 5 bytes of randomness", format)
		}
	}
}

// JKS alone has a password of its own for the private key.
func TestKeyPassword(t *testing.T) {
	t.Parallel()
	entries := []store.Entry{device(t, certfactory.P256)}
	c := store.Config{Format: store.JKS, Password: password, KeyPassword: "another 2"}
	data := mustEncode(t, entries, c)
	if _, err := store.Open(data, password); !errors.Is(err, store.ErrPassword) {
		t.Errorf("opened by the store's password alone: %v", err)
	}
	got, err := store.OpenWith(data, c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(entries, got.Entries, sameKey, sameTime); diff != "" {
		t.Error(diff)
	}
	c.Format = store.PKCS12
	if _, err := store.Encode(entries, c); err == nil {
		t.Error("PKCS#12 written with a password that Java does not take")
	}
}

func TestAliasesOfJKS(t *testing.T) {
	t.Parallel()
	e := device(t, certfactory.P256)
	e.Alias, e.Created = "DeviceKeyEntry", moment
	got := mustOpen(t, mustEncode(t, []store.Entry{e}, store.Config{Format: store.JKS, Password: password}), password)
	if got.Entries[0].Alias != "devicekeyentry" {
		t.Errorf("alias %q, which Java does not find", got.Entries[0].Alias)
	}
	if !got.Entries[0].Created.Equal(moment) {
		t.Errorf("created %v, want %v", got.Entries[0].Created, moment)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	t.Parallel()
	e := device(t, certfactory.RSA2048)
	c := store.Config{Password: password, KeyPassword: password}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{password, c, &c, e, &e, []store.Entry{e}} {
			text := fmt.Sprintf(format, value)
			if strings.Contains(text, string(password)) || strings.Contains(text, fmt.Sprintf("%x", string(password))) {
				t.Errorf("%s of %T shows the password", format, value)
			}
			if len(text) > 400 {
				t.Errorf("%s of %T has %d characters", format, value, len(text))
			}
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	entries := append([]store.Entry{device(t, certfactory.P256)}, anchors(t)...)
	entries[1].Alias = "serv\x1b[2Jer"
	entries[2].Chain = [][]byte{{0x30, 0}}
	var b strings.Builder
	if err := (&store.Store{Format: store.JKS, Entries: entries, Ignored: 1}).List(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"format: jks\n", "entries: 3\n", "neither certificate nor private key: 1\n",
		"alias: devicekeyentry\nkind: private key\nchain length: 3\n", `alias: "serv\x1b[2Jer"` + "\nkind: trusted certificate\n",
		"subject: CN=device-1,O=Chainmail\n", "valid: 2031-01-02T02:04:00Z to 2032-01-02T03:04:00Z\n", "unreadable: ", "fault: certificate 1: ",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
