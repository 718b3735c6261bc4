package store_test

import (
	"crypto"
	"crypto/x509"
	"testing"

	"github.com/google/go-cmp/cmp"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// A reader and writer that shares no code with ours, and is there on every machine.

func TestGoPKCS12Reads(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		want := device(t, alg)
		key, leaf, issuers, err := pkcs12.DecodeChain(mustEncode(t, []store.Entry{want}, store.Config{Password: password}), string(password))
		if err != nil {
			t.Fatalf("%v: %v", alg, err)
		}
		got := store.Entry{Alias: want.Alias, Key: key.(crypto.Signer), Chain: [][]byte{leaf.Raw}}
		for _, cert := range issuers {
			got.Chain = append(got.Chain, cert.Raw)
		}
		if diff := cmp.Diff(want, got, sameKey); diff != "" {
			t.Errorf("%v: %s", alg, diff)
		}
	}
	certs, err := pkcs12.DecodeTrustStore(mustEncode(t, anchors(t), store.Config{Password: password}), string(password))
	if err != nil || len(certs) != 2 {
		t.Errorf("%d trusted certificates, %v", len(certs), err)
	}
}

func TestGoPKCS12Writes(t *testing.T) {
	t.Parallel()
	encoders := map[string]*pkcs12.Encoder{
		"LegacyRC2": pkcs12.LegacyRC2, "LegacyDES": pkcs12.LegacyDES, "Modern2023": pkcs12.Modern2023,
		"Modern2026": pkcs12.Modern2026, "Passwordless": pkcs12.Passwordless,
	}
	for name, encoder := range encoders {
		for _, alg := range algorithms {
			t.Run(name+"/"+alg.String(), func(t *testing.T) {
				p := password
				if name == "Passwordless" {
					p = ""
				}
				want := device(t, alg)
				certs, err := want.Certificates()
				if err != nil {
					t.Fatal(err)
				}
				data, err := encoder.Encode(want.Key, certs[0], certs[1:], string(p))
				if err != nil {
					t.Fatal(err)
				}
				want.Alias = "1" // it writes none
				if diff := cmp.Diff([]store.Entry{want}, mustOpen(t, data, p).Entries, sameKey); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestGoPKCS12WritesTrustStore(t *testing.T) {
	t.Parallel()
	var entries []pkcs12.TrustStoreEntry
	for _, e := range anchors(t) {
		cert, err := x509.ParseCertificate(e.Chain[0])
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, pkcs12.TrustStoreEntry{Cert: cert, FriendlyName: e.Alias})
	}
	data, err := pkcs12.Modern2023.EncodeTrustStoreEntries(entries, string(password))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(anchors(t), mustOpen(t, data, password).Entries); diff != "" {
		t.Error(diff)
	}
}
