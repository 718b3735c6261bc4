package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// FuzzRead changes bytes of a good file, three bytes of an edit for the place and one for the
// change: what comes out is an error, or what was in the file.
func FuzzRead(f *testing.F) {
	dir := f.TempDir()
	folder, err := Open(Config{Path: dir})
	if err != nil {
		f.Fatal(err)
	}
	for i := range 100 {
		folder.Write([]registry.Change{{Kind: "users", Key: fmt.Sprint("key ", i), Value: make([]byte, 100)}})
	}
	if err := folder.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		f.Fatal(err)
	}
	want, err := read(whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	for page := range len(whole) / os.Getpagesize() {
		for _, at := range []int{0, 8, 10, 12, 16, 20, 24, 40} {
			at += page * os.Getpagesize()
			f.Add([]byte{byte(at >> 16), byte(at >> 8), byte(at), 0x81})
		}
	}
	f.Fuzz(func(t *testing.T, edits []byte) {
		data := append([]byte(nil), whole...)
		for ; len(edits) >= 4; edits = edits[4:] {
			data[(int(edits[0])<<16|int(edits[1])<<8|int(edits[2]))%len(data)] ^= edits[3]
		}
		got, err := read(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrVersion) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if diff := cmp.Diff(want.rows, got.rows, cmp.AllowUnexported(row{})); diff != "" {
			t.Errorf("other rows (-want +got):\n%s", diff)
		}
	})
}
