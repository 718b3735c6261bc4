package main

import (
	"path/filepath"
	"testing"
)

// The reference platform passes every spec; with each deviation exactly the specs
// that claim it do not pass.
func TestSelftest(t *testing.T) {
	said, err := foreign(t, "", "chainmail", "selftest", "--out", filepath.Join(t.TempDir(), "matrix"))
	if err != nil {
		t.Errorf("chainmail selftest: %v\n%s", err, said)
	}
	t.Log(said)
}
