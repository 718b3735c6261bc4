// Package disk keeps what the reference platform remembers in a folder: one bbolt file, with
// the rows of a registry.
//
// A Folder is opened by one process at a time, and only if all of it is as it was written:
// bbolt does not sum up its pages, so the file carries a sum over all rows, and every page
// that leads to one is looked at before bbolt may work on it. What is damaged, of another
// version, or in use is refused and left as it is.
//
// Writing does not wait. Whoever needs to know that something is on disk calls Sync; all who
// wait at the same moment share one commit, so that a thousand devices that register at once
// do not cost a thousand times the disk's latency.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// File is the name of the file in the folder.
const File = "platform.db"

// What can be wrong with a folder.
var (
	// ErrInUse says that another process has the folder open.
	ErrInUse = errors.New("in use by another process")
	// ErrDamaged says that the file is not as it was written.
	ErrDamaged = errors.New("damaged")
	// ErrForeign says that the file was not written by a reference platform.
	ErrForeign = errors.New("not a reference platform's")
	// ErrVersion says that the file was written in another version of the format.
	ErrVersion = errors.New("of another version")
)

// Config says how a folder is opened.
type Config struct {
	// Path is the folder. It is made if it is not there. Required.
	Path string
	// Wait is how long to wait for another process to let the folder go. Default 3 s.
	Wait time.Duration
	// Patience bounds how long Sync waits for the disk. Default 10 s.
	Patience time.Duration
}

// A Folder is an open data folder. It is a registry.Journal.
type Folder struct {
	db       *bolt.DB
	patience time.Duration
	saved    map[string][]row // by kind, as it was when the folder was opened
	sum      sum              // of all rows; belongs to run
	wake     chan struct{}    // has one element when there is something to do
	ended    chan struct{}    // closed when run has returned

	mu      sync.Mutex // guards all below
	pending []registry.Change
	written uint64 // how many changes were written
	kept    uint64 // how many of them are on disk
	commit  chan struct{}
	closing bool
	err     error // why nothing is kept any more
}

// A row is one row of a kind.
type row struct {
	key   string
	value []byte
}

// Open opens a data folder. The error is ErrInUse, ErrDamaged, ErrForeign or ErrVersion, or one
// of the file system's; then the folder was not changed.
func Open(c Config) (*Folder, error) {
	if c.Wait == 0 {
		c.Wait = 3 * time.Second
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	path := filepath.Join(c.Path, File)
	db, found, err := open(path, c.Wait)
	if err != nil {
		return nil, fmt.Errorf("open data folder %s: %w", c.Path, err)
	}
	f := &Folder{
		db: db, patience: c.Patience, saved: found.rows, sum: found.sum,
		wake: make(chan struct{}, 1), ended: make(chan struct{}), commit: make(chan struct{}),
	}
	go f.run()
	return f, nil
}

// open checks the file, made if need be, and opens it for writing.
func open(path string, wait time.Duration) (*bolt.DB, contents, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, contents{}, err
		}
	}
	found, err := inspect(path, wait)
	if err != nil {
		return nil, contents{}, err
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: wait, NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, contents{}, ErrInUse
	}
	if err != nil {
		return nil, contents{}, err
	}
	// Between the two, another process may have been here.
	err = db.View(func(tx *bolt.Tx) error {
		if uint64(tx.ID()) != found.transaction {
			return ErrInUse
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		return nil, contents{}, errors.Join(err, db.Close())
	}
	return db, found, nil
}

// create makes the file, whole or not at all: it appears under its name when it is complete.
func create(path string) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dir, "."+File+".") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if err := draft.Close(); err != nil {
		return err
	}
	db, err := bolt.Open(draft.Name(), 0o600, &bolt.Options{Timeout: time.Second, NoFreelistSync: true})
	if err != nil {
		return err
	}
	if err := errors.Join(db.Update(initialise), db.Close()); err != nil {
		return err
	}
	// Not a rename: another process may just have made a file that must not be replaced.
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes a new name in a folder last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Each calls use for every row of a kind, as it was when the folder was opened, in order of
// the keys.
func (f *Folder) Each(kind string, use func(key string, value []byte) error) error {
	rows := f.saved[kind]
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.key, b.key) })
	for _, r := range rows {
		if err := use(r.key, r.value); err != nil {
			return err
		}
	}
	return nil
}
