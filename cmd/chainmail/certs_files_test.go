package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeFiles writes all or none, and never over what somebody else has made in the
// meantime.
func TestWriteFiles(t *testing.T) {
	tests := []struct {
		name  string
		there map[string]string
		force bool
		paths []string
		want  map[string]string
		fails bool
	}{
		{"new", nil, false, []string{"a", "b"}, map[string]string{"a": "new", "b": "new"}, false},
		{"the second is there", map[string]string{"b": "old"}, false, []string{"a", "b"}, map[string]string{"b": "old"}, true},
		{"the second cannot be", nil, false, []string{"a", "nowhere/b"}, nil, true},
		{"by force", map[string]string{"b": "old"}, true, []string{"a", "b"}, map[string]string{"a": "new", "b": "new"}, false},
		{"by force, and the second cannot be", map[string]string{"a": "old"}, true, []string{"a", "nowhere/b"}, map[string]string{"a": "old"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tt.there {
				write(t, filepath.Join(dir, name), []byte(text))
			}
			var files []output
			for _, path := range tt.paths {
				files = append(files, output{filepath.Join(dir, path), []byte("new"), 0o600})
			}
			err := writeFiles(tt.force, files...)
			if (err != nil) != tt.fails {
				t.Errorf("error %v, want one: %t", err, tt.fails)
			}
			if diff := cmp.Diff(tt.want, contents(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriteFilesSaysWhatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, []byte("old"))
	err := writeFiles(false, output{path, []byte("new"), 0o600})
	if !errors.Is(err, fs.ErrExist) || err.Error() != path+": keep what is there: file exists" {
		t.Errorf("error %v, want one that wraps fs.ErrExist and names the file", err)
	}
	if e, ok := errors.AsType[*exit](err); !ok || e.code != exitUsage || e.hint != "--force replaces it" {
		t.Errorf("error %+v, want exit code 2 with the hint of --force", e)
	}
}

// contents returns all files of a folder, hidden ones too; nil if there are none.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found map[string]string
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if found == nil {
			found = make(map[string]string)
		}
		found[e.Name()] = string(data)
	}
	return found
}
