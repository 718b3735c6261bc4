package main

import (
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Devices come from all of the addresses that they are to come from, in turn.
func TestLoadSourceAddresses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8 on loopback")
	}
	platform := serve(t)
	var mu sync.Mutex
	from := make(map[string]int)
	file, _ := behind(t, platform, &relay{seize: func(_ int, conn net.Conn) bool {
		host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
		mu.Lock()
		defer mu.Unlock()
		from[host]++
		return false
	}})
	loadReport(t, exitOK, quick(file, filepath.Join(t.TempDir(), "load"), "--source-addresses", "127.0.0.2-127.0.0.4,127.0.0.9,127.0.0.3"))
	mu.Lock()
	defer mu.Unlock()
	delete(from, "127.0.0.1") // the command itself, that sees whether anybody is there
	if want := map[string]int{"127.0.0.2": 3, "127.0.0.3": 3, "127.0.0.4": 3, "127.0.0.9": 3}; !cmp.Equal(from, want) {
		t.Errorf("connections by address: %v, want %v", from, want)
	}
}

func TestParseSources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		words []string
		want  []string // nil: an error
	}{
		{[]string{"127.0.0.1"}, []string{"127.0.0.1"}},
		{[]string{"127.0.0.1-127.0.0.1", " 127.0.0.1"}, []string{"127.0.0.1"}},
		{[]string{"127.0.0.254-127.0.1.1"}, []string{"127.0.0.254", "127.0.0.255", "127.0.1.0", "127.0.1.1"}},
		{[]string{"127.0.0.2-127.0.0.1"}, nil},
		{[]string{"127.0.0.1-::1"}, nil},
		{[]string{"localhost"}, nil},
		{[]string{""}, nil},
		{[]string{"127.0.0.1-127.255.0.0"}, nil}, // a range that was mistyped
		{[]string{"192.0.2.1"}, nil},             // of nobody, RFC 5737
	} {
		got, err := parseSources(tt.words)
		if (err == nil) != (tt.want != nil) || err == nil && !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, %v; want %q", tt.words, got, err, tt.want)
		}
	}
}
