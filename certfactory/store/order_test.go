package store_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	chain := device(t, certfactory.P256).Chain
	stranger := anchors(t)[0].Chain[0]
	at := func(places ...int) [][]byte {
		var list [][]byte
		for _, i := range places {
			list = append(list, chain[i])
		}
		return list
	}
	for _, tt := range []struct {
		name      string
		chain     [][]byte
		wantIndex int      // of the certificate out of order, 0: none
		want      [][]byte // sorted, nil: refused
	}{
		{"in order", chain, 0, chain},
		{"reversed", at(2, 1, 0), 1, chain},
		{"issuers swapped", at(0, 2, 1), 1, chain},
		{"intermediate first", at(1, 0, 2), 1, chain},
		{"anchor left out", at(1, 0), 1, at(0, 1)},
		{"one alone", at(1), 0, at(1)},
		{"one missing", at(0, 2), 1, nil},
		{"one twice", at(0, 1, 2, 2), 0, nil},
		{"a stranger", append(slices.Clone(chain), stranger), 3, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := store.CheckOrder(tt.chain)
			var order *store.OrderError
			if errors.As(err, &order); (order != nil) != (tt.wantIndex > 0) || order != nil && order.Index != tt.wantIndex {
				t.Errorf("order: %v, want index %d", err, tt.wantIndex)
			}
			got, err := store.Sort(tt.chain)
			if (err == nil) != (tt.want != nil) {
				t.Fatalf("sort: %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Two issuers of one name, as after a CA got a new key: the signature decides.
func TestOrderOfNamesakes(t *testing.T) {
	t.Parallel()
	f := fixture()
	old, renewed := f.Root("namesake"), f.Root("namesake", certfactory.Label("renewed"))
	chain := mustChain(t, f.Device(renewed, "device-1"))
	wrong := [][]byte{chain[0], mustChain(t, old)[0]}
	var order *store.OrderError
	if err := store.CheckOrder(wrong); !errors.As(err, &order) {
		t.Errorf("the old key is taken for the issuer: %v", err)
	}
	// In a file with both the key's chain is that of the signature.
	entries := []store.Entry{
		{Alias: "old", Chain: wrong[1:], Trusted: true},
		{Alias: store.DeviceAlias, Key: f.Device(renewed, "device-1").Signer(), Chain: chain},
	}
	e, err := mustOpen(t, mustEncode(t, entries, store.Config{Password: password}), password).Device()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(chain, e.Chain); diff != "" {
		t.Error(diff)
	}
}

// A CA that certified its own new key has a certificate with one name for issuer and
// subject, which does not end the chain.
func TestOrderOfSelfIssued(t *testing.T) {
	t.Parallel()
	f := fixture()
	old := f.Root("rollover")
	self := f.Intermediate(old, "rollover", certfactory.Label("new key"))
	chain := mustChain(t, f.Device(self, "device-1"))
	if len(chain) != 3 {
		t.Fatalf("chain of %d", len(chain))
	}
	got, err := store.Sort([][]byte{chain[2], chain[0], chain[1]})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(chain, got); diff != "" {
		t.Error(diff)
	}
}
