package cadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// disk writes files so that each is either as before or complete, whenever the
// process or the machine dies.
type disk struct {
	// step is asked before each change to the disk and can refuse it or never
	// come back. Nil: everything is allowed. For tests.
	step func(what, path string) error
	// volatile leaves out flushing, by far the slowest part. For tests, in which
	// processes die but no machine does.
	volatile bool
}

func (d disk) allow(what, path string) error {
	if d.step == nil {
		return nil
	}
	if err := d.step(what, path); err != nil {
		return &fs.PathError{Op: what, Path: path, Err: err}
	}
	return nil
}

// put writes a new file and flushes it.
func (d disk) put(path string, data []byte, mode fs.FileMode) (err error) {
	if err := d.allow("create", path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// The umask is not to decide who can read a key or a CRL.
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := d.allow("write", path); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := d.allow("sync", path); err != nil {
		return err
	}
	if d.volatile {
		return nil
	}
	return f.Sync()
}

// replace sets the contents of a file, which keeps its mode; a new one gets 0644.
func (d disk) replace(path string, data []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	// Not ".new": that is where OpenSSL prepares its own.
	temp := path + ".tmp"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := d.put(temp, data, mode); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, ignoreMissing(os.Remove(temp))))
	}
	if err := d.move(temp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, ignoreMissing(os.Remove(temp))))
	}
	return nil
}

// move renames a file and flushes the directory.
func (d disk) move(from, to string) error {
	if err := d.allow("rename", to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return d.flush(filepath.Dir(to))
}

// flush makes the names within a directory last.
func (d disk) flush(dir string) error {
	if d.volatile {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// mkdir makes a directory that may be there already.
func (d disk) mkdir(dir string, mode fs.FileMode) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := d.allow("mkdir", dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	return d.flush(filepath.Dir(dir))
}

// remove takes away a directory and all that is in it.
func (d disk) remove(dir string) error {
	if err := d.allow("remove", dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
