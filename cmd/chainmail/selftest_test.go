package main

import (
	"path/filepath"
	"testing"
)

// The reference platform passes every spec; with a deviation exactly the specs
// that claim it do not pass. The program is built as a user builds it: under the
// race detector, which other tests run it with, these runs would take minutes; the
// whole matrix is run by make selftest.
func TestSelftest(t *testing.T) {
	program := filepath.Join(t.TempDir(), "chainmail")
	if said, err := foreign(t, "", "go", "build", "-o", program, "."); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	said, err := foreign(t, "", program, "selftest", "--deviation", "accepts-expired", "--out", filepath.Join(t.TempDir(), "matrix"))
	if err != nil {
		t.Errorf("chainmail selftest: %v\n%s", err, said)
	}
	t.Log(said)
}
