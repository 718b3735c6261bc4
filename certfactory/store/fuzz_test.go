package store_test

import (
	"bytes"
	"crypto/x509"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// fuzzed is what a fuzzed file may cost: enough for the corpus.
const fuzzed = 20_000

// FuzzOpen reads any bytes as a store. What can be read can be listed, and written
// again to the same entries.
func FuzzOpen(f *testing.F) {
	entries := append([]store.Entry{device(f, certfactory.P256)}, anchors(f)...)
	for _, format := range []store.Format{store.PKCS12, store.JKS} {
		f.Add(mustEncode(f, entries, store.Config{Format: format, Password: password, Iterations: 2}))
	}
	for _, p := range []store.Password{"", password} {
		f.Add(mustEncode(f, entries[:1], store.Config{Format: store.PEM, Password: p, Iterations: 2}))
	}
	for _, encoder := range []*pkcs12.Encoder{pkcs12.LegacyRC2, pkcs12.LegacyDES, pkcs12.Modern2026} {
		cert, err := x509.ParseCertificate(entries[0].Chain[0])
		if err != nil {
			f.Fatal(err)
		}
		data, err := encoder.WithIterations(2).Encode(entries[0].Key, cert, nil, string(password))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(unprotected(f, entries))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := store.OpenWithin(data, store.Config{Password: password}, fuzzed)
		if err != nil {
			return
		}
		var text bytes.Buffer
		if err := s.List(&text); err != nil {
			t.Fatal(err)
		}
		again, err := store.Encode(s.Entries, store.Config{Format: s.Format, Password: password, Iterations: 1, Unchecked: true})
		if err != nil {
			return // an alias that is empty, a key without a certificate
		}
		got, err := store.OpenWithin(again, store.Config{Password: password}, fuzzed)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if len(got.Entries) < len(s.Entries) {
			t.Fatalf("%d entries became %d", len(s.Entries), len(got.Entries))
		}
	})
}

// unprotected returns a PKCS #12 file without enciphering and integrity check, so
// that a fuzzer gets past them.
func unprotected(f *testing.F, entries []store.Entry) []byte {
	f.Helper()
	certs, err := entries[0].Certificates()
	if err != nil {
		f.Fatal(err)
	}
	data, err := pkcs12.Passwordless.Encode(entries[0].Key, certs[0], certs[1:], "")
	if err != nil {
		f.Fatal(err)
	}
	return data
}

// FuzzParseKey reads any bytes as a private key. What can be read can be written.
func FuzzParseKey(f *testing.F) {
	for _, alg := range algorithms {
		for _, p := range []store.Password{"", password} {
			data, err := store.MarshalKey(device(f, alg).Key, store.Config{Password: p, Iterations: 2})
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte("-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00000000000000000000000000000000\n\nMAA=\n-----END EC PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := store.ParseKeyWithin(data, password, fuzzed)
		if err != nil {
			return
		}
		if _, err := store.MarshalKey(key, store.Config{}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzCertificates reads any bytes as a bundle and puts it in order. The order of
// what is in order stays.
func FuzzCertificates(f *testing.F) {
	chain := device(f, certfactory.P256).Chain
	f.Add(store.MarshalCertificates(chain))
	f.Add(store.MarshalCertificates([][]byte{chain[2], chain[0], chain[1]}))
	f.Fuzz(func(t *testing.T, data []byte) {
		bundle, err := store.ParseCertificates(data)
		if err != nil {
			return
		}
		again, err := store.ParseCertificates(store.MarshalCertificates(bundle))
		if err != nil || len(again) != len(bundle) {
			t.Fatalf("%d certificates became %d: %v", len(bundle), len(again), err)
		}
		sorted, err := store.Sort(bundle)
		if err != nil {
			return
		}
		if len(sorted) != len(bundle) {
			t.Fatalf("%d certificates became %d", len(bundle), len(sorted))
		}
	})
}
