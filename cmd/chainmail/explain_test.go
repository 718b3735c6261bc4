package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplain(t *testing.T) {
	for name, id := range map[string]string{
		"case": "pathlen-0-below-1-root-of-1", "state": "anchor-in-two-tenants-one-disabled", "long": "chain-100", "upload": "upload-duplicate",
		"clause": "dc-chain-06", "tool": "DC-CERT-04", "spec": "chain/expired-leaf@tls1.2", "deviation": "accepts-expired", "profile": "device-certificates-2024",
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := explain(&got, id, false); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", "explain", name+".golden")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
				t.Errorf("differs from %s (-want +got); if that is meant, run with -update:\n%s", file, diff)
			}
		})
	}
}

// Whatever has an id can be explained, and a case that is to be refused shows what
// is broken.
func TestEverythingCanBeExplained(t *testing.T) {
	for _, id := range knownIDs() {
		if strings.Contains(id, "rsa") || strings.Contains(id, "spec-profile") {
			continue // keys that take long to find
		}
		var text bytes.Buffer
		if err := explain(&text, id, false); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if strings.Contains(text.String(), "must be refused") && strings.HasPrefix(text.String(), "case ") &&
			strings.Contains(text.String(), "sent, in this order") != strings.Contains(text.String(), "<== BROKEN") {
			t.Errorf("%s: nothing is marked as broken:\n%s", id, text.String())
		}
	}
}

func TestUnknownIDsHaveAHint(t *testing.T) {
	for id, want := range map[string]string{
		"acepts-expired": `"accepts-expired"`, "dc-chain-5": `"DC-CHAIN-05"`, "chain/expired-laef": `"chain/expired-leaf"`, "lookalike": `"anchor-lookalike-name"`,
	} {
		err := explain(io.Discard, id, false)
		e, ok := errors.AsType[*exit](err)
		if !ok || e.code != exitUsage || !strings.Contains(e.hint, want) {
			t.Errorf("%s: %v, want exit 2 and a hint with %s", id, err, want)
		}
	}
	if e, ok := errors.AsType[*exit](explain(io.Discard, strings.Repeat("x", 200), false)); !ok || !strings.Contains(e.hint, "chainmail list") {
		t.Error("nothing is like it, and the hint does not say where to look")
	}
}
