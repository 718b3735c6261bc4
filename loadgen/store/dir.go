package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Dir is a folder: one file an object, one folder an element of its name. It works
// on one machine, and on a shared file system that renames atomically.
type Dir struct{ path string }

// NewDir makes the folder if there is none.
func NewDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return &Dir{path: path}, nil
}

// Put writes a temporary file, syncs it and renames it. Its name begins with a dot,
// so that List never shows it.
func (d *Dir) Put(_ context.Context, name string, data []byte) error {
	if err := d.put(name, data); err != nil {
		return fmt.Errorf("put object: %w", err)
	}
	return nil
}

func (d *Dir) put(name string, data []byte) (err error) {
	if err := checkName(name); err != nil {
		return err
	}
	path := filepath.Join(d.path, filepath.FromSlash(name))
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".put-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes a rename outlive a crash of the machine.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Get reads the file of that name.
func (d *Dir) Get(_ context.Context, name string) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, fmt.Errorf("get object: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(d.path, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("get object %q: %w", name, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get object: %w", err)
	}
	return data, nil
}

// List walks the part of the folder that the prefix leads to.
func (d *Dir) List(ctx context.Context, prefix string) ([]string, error) {
	from := d.path
	if i := strings.LastIndex(prefix, "/"); i >= 0 {
		if err := checkName(prefix[:i]); err != nil {
			return nil, fmt.Errorf("list objects: %w", err)
		}
		from = filepath.Join(d.path, filepath.FromSlash(prefix[:i]))
	}
	var names []string
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // of this name, or put away meanwhile
			return nil
		case err != nil:
			return err
		case entry.IsDir(), strings.HasPrefix(entry.Name(), "."):
			return ctx.Err()
		}
		relative, err := filepath.Rel(d.path, path)
		if name := filepath.ToSlash(relative); err == nil && strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	slices.Sort(names)
	return names, nil
}
