package store_test

import (
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// written is every form in which a benchmark takes a key store.
var written = []struct {
	name   string
	config store.Config
}{
	{"format=pkcs12/iterations=10000", store.Config{Format: store.PKCS12, Password: password, Iterations: 10_000}},
	{"format=pkcs12/iterations=2048", store.Config{Format: store.PKCS12, Password: password, Iterations: 2048}},
	{"format=jks", store.Config{Format: store.JKS, Password: password}},
	{"format=pem", store.Config{Format: store.PEM}},
}

func BenchmarkEncode(b *testing.B) {
	for _, w := range written {
		b.Run(w.name, func(b *testing.B) {
			entries := []store.Entry{device(b, certfactory.P256)}
			for b.Loop() {
				if _, err := store.Encode(entries, w.config); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, w := range written {
		b.Run(w.name, func(b *testing.B) {
			data := mustEncode(b, []store.Entry{device(b, certfactory.P256)}, w.config)
			for b.Loop() {
				if _, err := store.Open(data, password); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
