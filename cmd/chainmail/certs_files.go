package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// maxFile is above what any package reads, so that its own message is the one seen.
const maxFile = 32 << 20

// readFile reads a file that was named in a command line.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, wrong(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, wrong(path, err)
	}
	if len(data) == 0 {
		return nil, wrong(path, errors.New("file is empty"))
	}
	return data, nil
}

// A fileError says what is the matter with a file, in one line.
type fileError struct {
	path string
	err  error
}

func (e *fileError) Error() string {
	text := e.err.Error()
	var pathError *fs.PathError
	if errors.As(e.err, &pathError) {
		text = pathError.Err.Error()
		if pathError.Path != e.path {
			text = pathError.Path + ": " + text
		}
	} else if errors.Is(e.err, store.ErrPassword) {
		text = store.ErrPassword.Error() // on which line and in which layer helps nobody
	}
	return e.path + ": " + strings.ReplaceAll(text, "\n", "; ")
}

func (e *fileError) Unwrap() error { return e.err }

// wrong says that a file or folder is not what it has to be.
func wrong(path string, err error) error {
	var e *exit
	if err == nil || errors.As(err, &e) {
		return err
	}
	return &exit{code: exitUsage, err: &fileError{path, err}, hint: remedy(path, err)}
}

// remedy says what can be done about a file.
func remedy(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrExist):
		return "--force replaces it"
	case errors.Is(err, store.ErrPassword):
		return "is it the password of this very file?"
	case errors.Is(err, store.ErrKeyMismatch):
		return `"chainmail certs show" tells the key of each file`
	case errors.Is(err, cadir.ErrNotAuthority):
		return `"chainmail certs ca ` + quote(path) + `" makes one`
	case errors.Is(err, cadir.ErrLocked):
		return "another command works on it; try again"
	case strings.Contains(err.Error(), "in DER, not PEM"):
		return "turn it into PEM: openssl x509 -inform der -in " + quote(path) + " -out " + quote(path+".pem")
	}
	return ""
}

// An output is a file that is about to be written.
type output struct {
	path string
	data []byte
	mode fs.FileMode
}

// refuseExisting says which of the files is there already, before anybody is asked
// for a password or a key is made. Empty paths stand for files not asked for.
func refuseExisting(force bool, paths ...string) error {
	seen := make(map[string]bool)
	for _, path := range paths {
		if path == "" {
			continue
		}
		if clean := filepath.Clean(path); seen[clean] {
			return usage("", "%s: named for two files", path)
		}
		seen[filepath.Clean(path)] = true
		info, err := os.Lstat(path)
		switch {
		case err == nil && info.IsDir():
			return wrong(path, errors.New("is a directory"))
		case err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0:
			return wrong(path, errors.New("is no regular file")) // a device must not be renamed away
		case err == nil && !force:
			return wrong(path, fmt.Errorf("keep what is there: %w", fs.ErrExist))
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return wrong(path, err)
		}
	}
	return nil
}

// writeFiles writes all files or none: each beside its place first, then moved.
func writeFiles(force bool, files ...output) (err error) {
	var temps, placed []string
	defer func() {
		for _, temp := range temps {
			_ = os.Remove(temp) // gone already where it was renamed
		}
		if err != nil && !force {
			for _, path := range placed {
				_ = os.Remove(path)
			}
		}
	}()
	for _, f := range files {
		temp, err := writeTemp(f)
		if err != nil {
			return wrong(f.path, err)
		}
		temps = append(temps, temp)
	}
	for i, f := range files {
		if err := place(temps[i], f.path, force); err != nil {
			return wrong(f.path, err)
		}
		placed = append(placed, f.path)
	}
	return nil
}

// place moves a file to its path. Without force it never replaces one, even if
// that was made in the meantime.
func place(temp, path string, force bool) error {
	if force {
		return os.Rename(temp, path)
	}
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		var link *os.LinkError
		if errors.As(err, &link) {
			return fmt.Errorf("keep what is there: %w", link.Err)
		}
		return err
	}
	return os.Rename(temp, path) // a file system without hard links
}

func writeTemp(f output) (path string, err error) {
	temp, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".*")
	if err != nil {
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err // the name of the temporary file tells nobody anything
		}
		return "", err
	}
	defer func() {
		if err = errors.Join(err, temp.Close()); err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	if err := temp.Chmod(f.mode); err != nil {
		return "", err
	}
	if _, err := temp.Write(f.data); err != nil {
		return "", err
	}
	return temp.Name(), temp.Sync()
}
