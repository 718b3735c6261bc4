package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/loadgen/store"
)

func open(t *testing.T) (store.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	s, err := store.Open("dir:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func TestPutGetList(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	for _, name := range []string{"plan", "chunk/1.0.2", "chunk/0.0.1", "ready/0.0", "chunk/0.0.1"} {
		if err := s.Put(t.Context(), name, []byte("of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	data, err := s.Get(t.Context(), "chunk/0.0.1")
	if err != nil || string(data) != "of chunk/0.0.1" {
		t.Errorf("got %q, %v", data, err)
	}
	// Left by a process that was killed while it wrote.
	if err := os.WriteFile(filepath.Join(dir, "chunk", ".put-123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{
		"":          {"chunk/0.0.1", "chunk/1.0.2", "plan", "ready/0.0"},
		"chunk/":    {"chunk/0.0.1", "chunk/1.0.2"},
		"chunk/1.":  {"chunk/1.0.2"},
		"nothing/x": nil,
	} {
		got, err := s.List(t.Context(), prefix)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("list %q (-want +got):\n%s", prefix, diff)
		}
	}
}

func TestGetOfNothing(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	if _, err := s.Get(t.Context(), "go"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}

// A name never leads out of the store.
func TestNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, name := range []string{"", "..", "../x", "a/../../x", "/etc/x", "a//b", "a/", ".put-1", "a b", "ä"} {
		if err := s.Put(t.Context(), name, nil); err == nil {
			t.Errorf("put %q: no error", name)
		}
		if _, err := s.Get(t.Context(), name); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("get %q: error %v, want one about the name", name, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "run", "dir:", "s3://bucket"} {
		if _, err := store.Open(url); err == nil {
			t.Errorf("open %q: no error", url)
		}
	}
}

// Many writers of one object leave one of theirs, whole.
func TestPutAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			if err := s.Put(t.Context(), "x", fmt.Appendf(nil, "%064d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	if data, err := s.Get(t.Context(), "x"); err != nil || len(data) != 64 {
		t.Errorf("got %q, %v", data, err)
	}
}
