package store_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// The vectors of RFC 2268 §5 whose key has no fewer effective bits than bits.
func TestRC2(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ key, plain, want string }{
		{"ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"},
		{"3000000000000000", "1000000000000001", "30649edf9be7d2c2"},
		{"88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"},
	} {
		c := store.NewRC2(mustHex(t, tt.key))
		got, plain := make([]byte, 8), make([]byte, 8)
		c.Encrypt(got, mustHex(t, tt.plain))
		c.Decrypt(plain, got)
		if !bytes.Equal(got, mustHex(t, tt.want)) || !bytes.Equal(plain, mustHex(t, tt.plain)) {
			t.Errorf("key %s: %x and back %x, want %s", tt.key, got, plain, tt.want)
		}
	}
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
