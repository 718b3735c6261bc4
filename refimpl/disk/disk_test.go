package disk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/chainmail-iot/chainmail/refimpl/disk"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const shortWait = 20 * time.Millisecond

func open(t testing.TB, dir string) *disk.Folder {
	t.Helper()
	f, err := disk.Open(disk.Config{Path: dir, Wait: shortWait})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func closeFolder(t testing.TB, f *disk.Folder) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// rows returns what a folder had when it was opened, as kind/key to value.
func rows(t testing.TB, f *disk.Folder, kinds ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, kind := range kinds {
		if err := f.Each(kind, func(key string, value []byte) error {
			out[kind+"/"+key] = string(value)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// filled makes a folder with rows enough for several pages of each sort, and returns them.
func filled(t testing.TB, dir string) map[string]string {
	t.Helper()
	f := open(t, dir)
	want := map[string]string{}
	for i := range 600 {
		key, value := fmt.Sprint("key ", i), fmt.Sprint("value ", i)
		f.Write([]registry.Change{{Kind: "users", Key: key, Value: []byte(value)}})
		want["users/"+key] = value
	}
	long := string(make([]byte, 40_000)) // longer than a page, and than a key of bbolt's
	f.Write([]registry.Change{{Kind: "options", Key: long, Value: []byte(long)}, {Kind: "options", Key: "", Value: []byte{}}})
	want["options/"+long], want["options/"] = long, ""
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		f.Write([]registry.Change{{Kind: "users", Key: fmt.Sprint("key ", i), Value: nil}, {Kind: "users", Key: "key 200", Value: []byte("changed")}})
		delete(want, fmt.Sprint("users/key ", i))
	}
	want["users/key 200"] = "changed"
	closeFolder(t, f)
	return want
}

func TestWhatWasWrittenIsThereAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	want := filled(t, dir)
	f := open(t, dir)
	defer closeFolder(t, f)
	if diff := cmp.Diff(want, rows(t, f, "users", "options", "nothing")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, filepath.Join(dir, disk.File): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v, want the file alone", entries, err)
	}
}

func TestSyncAfterCloseFails(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir())
	closeFolder(t, f)
	closeFolder(t, f)
	f.Write([]registry.Change{{Kind: "users", Key: "late", Value: []byte("x")}})
	if err := f.Sync(); err == nil {
		t.Error("a closed folder says that something is on disk")
	}
}

func TestNothingIsKeptAfterAFailure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, dir)
	f.Write([]registry.Change{{Kind: "users", Key: "good", Value: []byte("x")}})
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := f.Break(); err != nil {
		t.Fatal(err)
	}
	f.Write([]registry.Change{{Kind: "users", Key: "lost", Value: []byte("x")}})
	if err := f.Sync(); err == nil {
		t.Fatal("no error from what cannot be written")
	}
	f.Write([]registry.Change{{Kind: "users", Key: "later", Value: []byte("x")}})
	if err := f.Sync(); err == nil {
		t.Error("what stands on a lost change is said to be on disk")
	}
	if err := f.Close(); err == nil {
		t.Error("closing does not tell of the failure")
	}
	f = open(t, dir)
	defer closeFolder(t, f)
	if diff := cmp.Diff(map[string]string{"users/good": "x"}, rows(t, f, "users")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestRefusedFoldersAreNotTouched(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  error
	}{
		{"empty", func(t *testing.T, path string) { write(t, path, nil) }, disk.ErrDamaged},
		{"text", func(t *testing.T, path string) { write(t, path, []byte("not a database\n")) }, disk.ErrForeign},
		{"long text", func(t *testing.T, path string) { write(t, path, make([]byte, 1<<17)) }, disk.ErrForeign},
		{"another program's bbolt file", func(t *testing.T, path string) { foreign(t, path, nil) }, disk.ErrForeign},
		{"another program's, laid out like ours", func(t *testing.T, path string) {
			foreign(t, path, &bolt.Options{NoFreelistSync: true})
		}, disk.ErrForeign},
		{"half", func(t *testing.T, path string) { cut(t, path, 2) }, disk.ErrDamaged},
		{"less than a page", func(t *testing.T, path string) { cut(t, path, 1000) }, disk.ErrDamaged},
		{"later version", func(t *testing.T, path string) {
			setState(t, path, `{"format":"chainmail reference platform","version":2}`)
		}, disk.ErrVersion},
		{"other format", func(t *testing.T, path string) { setState(t, path, `{"format":"x","version":1}`) }, disk.ErrForeign},
		{"a row too many", addRow, disk.ErrDamaged},
		{"in use", inUse, disk.ErrInUse},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			filled(t, dir)
			path := filepath.Join(dir, disk.File)
			tt.spoil(t, path)
			before := read(t, path)
			_, err := disk.Open(disk.Config{Path: dir, Wait: shortWait})
			if !errors.Is(err, tt.want) {
				t.Errorf("open: %v, want %v", err, tt.want)
			}
			if string(before) != string(read(t, path)) {
				t.Error("the file was changed")
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
				t.Errorf("the folder has %v, %v, want the file alone", entries, err)
			}
		})
	}
}

// A byte that is changed is found, or does not matter: then all rows are as they were.
func TestFlippedBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := filled(t, dir)
	path := filepath.Join(dir, disk.File)
	whole := read(t, path)
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for i := range 300 {
		at := random.IntN(len(whole))
		if i < 150 { // what leads to the rows is dense at the front of pages
			at = random.IntN(len(whole)/os.Getpagesize())*os.Getpagesize() + random.IntN(80)
		}
		spoilt := append([]byte(nil), whole...)
		spoilt[at] ^= 1 << random.IntN(8)
		write(t, path, spoilt)
		f, err := disk.Open(disk.Config{Path: dir, Wait: shortWait})
		if err != nil {
			if refused++; string(spoilt) != string(read(t, path)) {
				t.Fatalf("byte %d: refused, and the file was changed", at)
			}
			continue
		}
		got := rows(t, f, "users", "options")
		closeFolder(t, f)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("byte %d: opened with other rows (-want +got):\n%s", at, diff)
		}
	}
	if t.Logf("%d refused", refused); refused < 50 {
		t.Errorf("%d of 300 damaged files were refused: do the flips hit anything?", refused)
	}
}

// Two processes that begin at once on a new folder do not get in each other's way.
func TestOneOfManyGetsANewFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	var got sync.Map
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			f, err := disk.Open(disk.Config{Path: dir, Wait: shortWait})
			if err == nil {
				got.Store(f, true)
			} else if !errors.Is(err, disk.ErrInUse) {
				t.Errorf("open: %v", err)
			}
		})
	}
	all.Wait()
	n := 0
	got.Range(func(f, _ any) bool {
		n++
		closeFolder(t, f.(*disk.Folder))
		return true
	})
	if n > 1 {
		t.Errorf("%d have the folder open, want one at most", n)
	}
}

func TestWaitsForTheOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir)
	opened := make(chan error, 1)
	go func() {
		second, err := disk.Open(disk.Config{Path: dir, Wait: 20 * time.Second})
		if err == nil {
			err = second.Close()
		}
		opened <- err
	}()
	closeFolder(t, first)
	if err := <-opened; err != nil {
		t.Errorf("after the first was closed: %v", err)
	}
}

// BenchmarkSync writes one row and waits for the disk, alone and with others.
func BenchmarkSync(b *testing.B) {
	for _, writers := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			f := open(b, b.TempDir())
			defer closeFolder(b, f)
			b.SetParallelism(max(writers/2, 1))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					f.Write([]registry.Change{{Kind: "users", Key: fmt.Sprint(rand.Int64()), Value: make([]byte, 300)}})
					if err := f.Sync(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
