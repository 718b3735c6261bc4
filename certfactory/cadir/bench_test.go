package cadir_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkIssue shows what a line of the database costs: each command reads and
// writes all of them.
func BenchmarkIssue(b *testing.B) {
	for _, lines := range []int{0, 1000, 100_000} {
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			a := mustCreate(b, root(), quick())
			var text strings.Builder
			for i := range lines {
				fmt.Fprintf(&text, "V\t310305050607Z\t\t%08X\tunknown\t/O=Chainmail/CN=device-%d\n", 0x10000000+i, i)
			}
			mustWrite(b, filepath.Join(a.Dir(), "database.txt"), text.String())
			for b.Loop() {
				mustIssue(b, a, device("device"))
			}
		})
	}
}
