package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	good, other := device(t, certfactory.P256), device(t, certfactory.Ed25519)
	change := func(edit func(*store.Entry)) []store.Entry {
		e := good
		e.Chain = slices.Clone(good.Chain)
		edit(&e)
		return []store.Entry{e}
	}
	for _, tt := range []struct {
		name    string
		entries []store.Entry
		config  store.Config
		want    string
	}{
		{"nothing", nil, store.Config{}, "no entry"},
		{"no alias", change(func(e *store.Entry) { e.Alias = "" }), store.Config{}, "alias is empty"},
		{"long alias", change(func(e *store.Entry) { e.Alias = strings.Repeat("x", 256) }), store.Config{}, "alias is longer"},
		{"odd alias", change(func(e *store.Entry) { e.Alias = "a\x00" }), store.Config{}, "U+0000"},
		{"no certificate", change(func(e *store.Entry) { e.Chain = nil }), store.Config{}, "no certificate"},
		{"empty certificate", change(func(e *store.Entry) { e.Chain[1] = nil }), store.Config{Unchecked: true}, "certificate 2 is empty"},
		{"bad certificate", change(func(e *store.Entry) { e.Chain[1] = []byte{0x30, 0} }), store.Config{}, "certificate 2"},
		{"wrong key", change(func(e *store.Entry) { e.Key = other.Key }), store.Config{}, "does not belong"},
		{"wrong order", change(func(e *store.Entry) { slices.Reverse(e.Chain[1:]) }), store.Config{}, "certificate 2 is out of order"},
		{"chain without key", change(func(e *store.Entry) { e.Key = nil }), store.Config{}, "each needs an entry"},
		{"alias twice", append(anchors(t), store.Entry{Alias: "SECOND", Chain: good.Chain[2:], Trusted: true}), store.Config{}, "taken"},
		{"non-ASCII password", []store.Entry{good}, store.Config{Password: "Schlüssel"}, "printable ASCII"},
		{"line break in password", []store.Entry{good}, store.Config{Format: store.JKS, Password: "a\nbcdef"}, "printable ASCII"},
		{"iterations", []store.Entry{good}, store.Config{Iterations: store.MaxIterations}, "iteration count 5000000 is above"},
		{"negative iterations", []store.Entry{good}, store.Config{Iterations: -1}, "iteration count is below 1"},
		{"two keys in PEM", []store.Entry{good, other}, store.Config{Format: store.PEM}, "one private key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := store.Encode(tt.entries, tt.config)
			checkLine(t, err, tt.want)
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	e := device(t, certfactory.P256)
	e.Key = device(t, certfactory.RSA2048).Key
	slices.Reverse(e.Chain[1:])
	var order *store.OrderError
	if err := e.Check(); !errors.Is(err, store.ErrKeyMismatch) || !errors.As(err, &order) {
		t.Errorf("got %v, want both faults", err)
	}
}

// Bad certificates are what tests are about: every format takes them when told to.
func TestUnchecked(t *testing.T) {
	t.Parallel()
	e := device(t, certfactory.P256)
	e.Key = device(t, certfactory.P384).Key
	e.Chain = [][]byte{{0x30, 1, 5}, e.Chain[2]}
	for _, format := range []store.Format{store.PKCS12, store.JKS, store.PEM} {
		got := mustOpen(t, mustEncode(t, []store.Entry{e}, store.Config{Format: format, Password: password, Unchecked: true}), password)
		if diff := cmp.Diff(e.Chain[0], got.Entries[0].Chain[0]); diff != "" {
			t.Errorf("%v: %s", format, diff)
		}
		if got.Entries[0].Check() == nil {
			t.Errorf("%v: no fault found", format)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for p, want := range map[store.Password]error{
		"":          store.ErrShortPassword,
		"five5":     store.ErrShortPassword,
		"sixsix":    nil,
		" ~ab!\"$":  nil,
		"sechsß":    store.ErrPasswordCharacters,
		"tab\there": store.ErrPasswordCharacters,
	} {
		if err := store.CheckPassword(p); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", string(p), err, want)
		}
	}
}

func TestParseFormat(t *testing.T) {
	t.Parallel()
	for _, f := range []store.Format{0, store.PEM, store.PKCS12, store.JKS} {
		if got, err := store.ParseFormat(f.String()); err != nil || got != f {
			t.Errorf("%v comes back as %v, %v", f, got, err)
		}
	}
	if _, err := store.ParseFormat("bks"); err == nil {
		t.Error("bks is taken")
	}
}

func TestMarshalKeyRefuses(t *testing.T) {
	t.Parallel()
	key := device(t, certfactory.P256).Key
	for _, iterations := range []int{-1, store.MaxIterations} {
		_, err := store.MarshalKey(key, store.Config{Password: password, Iterations: iterations})
		checkLine(t, err, "iteration count")
	}
}

// The highest count that is written uses half of what may be spent on reading.
func TestMostIterations(t *testing.T) {
	t.Parallel()
	entries := []store.Entry{device(t, certfactory.P256)}
	most := store.MaxIterations / 2 / 3
	_, err := store.Encode(entries, store.Config{Iterations: most + 1})
	checkLine(t, err, "is above 833333, the most for 3 derivations")
	c := store.Config{Password: password, Iterations: most / 100}
	if _, err := store.OpenWithin(mustEncode(t, entries, c), c, store.MaxIterations/100); err != nil {
		t.Error(err)
	}
}
