package web

import (
	"bytes"
	"testing"
)

// A piece that is not there any more would make a deviation do nothing.
func TestPiecesStandInTheScriptOnce(t *testing.T) {
	for _, c := range changes() {
		if n := bytes.Count(script, []byte(c.piece)); n != 1 {
			t.Errorf("%s: its piece stands in the script %d times, want 1", c.name, n)
		}
	}
}
