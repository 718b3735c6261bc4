package target_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/suites/target"
)

func TestAllowsLoad(t *testing.T) {
	remote := strings.ReplaceAll(whole, "127.0.0.1", "192.0.2.1") + "safety: {allowRemote: true"
	tests := []struct {
		name, file  string
		connections int
		rate        float64
		want        string // of the error; "" for none
	}{
		{"loopback", whole, 1_000_000, 1e6, ""},
		{"remote without a word", remote + "}", 1, 1, "does not allow load"},
		{"remote", remote + ", allowLoad: true}", 1_000_000, 1e6, ""},
		{"at the limits", remote + ", allowLoad: true, maxConnections: 10, maxRate: 2.5}", 10, 2.5, ""},
		{"too many", remote + ", allowLoad: true, maxConnections: 10}", 11, 1, "11 devices connected at once, safety.maxConnections allows 10"},
		{"too fast", remote + ", allowLoad: true, maxRate: 2.5}", 1, 2.6, "2.6 arrivals a second, safety.maxRate allows 2.5"},
		{"too many on loopback", whole + "safety: {maxConnections: 3}", 4, 1, "safety.maxConnections allows 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			loaded, err := target.Load(write(t, strings.Replace(tt.file, "http://192.0.2.1", "https://192.0.2.1", 1)))
			if err != nil {
				t.Fatal(err)
			}
			err = loaded.AllowsLoad(tt.connections, tt.rate)
			if tt.want == "" {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
				return
			}
			var refused *target.NotAllowedError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) || refused.Hint == "" {
				t.Errorf("error %v, want one with a hint that contains %q", err, tt.want)
			}
		})
	}
}
