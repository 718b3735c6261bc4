package disk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// contents is what a file has in it.
type contents struct {
	rows        map[string][]row // by kind
	sum         sum
	transaction uint64
}

// inspect reads all of a file and changes nothing. bbolt is asked for the lock only: on a file
// that is damaged it may read where there is nothing, which ends the process.
func inspect(path string, wait time.Duration) (contents, error) {
	if info, err := os.Stat(path); err != nil {
		return contents{}, err
	} else if info.Size() == 0 {
		return contents{}, damaged("%s is empty", path)
	}
	lock, refused := bolt.Open(path, 0o600, &bolt.Options{Timeout: wait, ReadOnly: true})
	if errors.Is(refused, bolterrors.ErrTimeout) {
		return contents{}, ErrInUse
	}
	if lock != nil {
		defer lock.Close()
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return contents{}, err
	}
	found, err := read(data)
	if err == nil && refused != nil {
		err = damaged("%v", refused)
	}
	return found, err
}

// read reads the bytes of a file.
func read(data []byte) (contents, error) {
	m, err := readMeta(data)
	if err != nil {
		return contents{}, err
	}
	w := walk{data: data, meta: m, seen: map[uint64]bool{}, out: contents{rows: map[string][]row{}, transaction: m.transaction}}
	if err := w.tree(m.root, nil, nil, w.bucket); err != nil {
		return contents{}, err
	}
	switch s := w.state; {
	case s.Format != format:
		return contents{}, ErrForeign
	case s.Version != version:
		return contents{}, fmt.Errorf("%w: it has the format %d, this chainmail reads %d", ErrVersion, s.Version, version)
	case !bytes.Equal(s.Sum, w.out.sum[:]):
		return contents{}, damaged("the rows are not those that were written")
	}
	return w.out, nil
}

// bucket reads one bucket of the root.
func (w *walk) bucket(e element) error {
	if e.flags != bucketElement || len(e.value) < bucketHeader {
		return ErrForeign
	}
	name, root := string(e.key), word(e.value, 0)
	kind, rows := strings.CutPrefix(name, rowsPrefix)
	visit := func(e element) error { return w.row(kind, e) }
	if !rows {
		visit = w.readState
	}
	if root == 0 { // small: the one page of the bucket is in its element
		return w.page(e.value[bucketHeader:], nil, nil, visit)
	}
	return w.tree(root, nil, nil, visit)
}

// row reads one row of a kind.
func (w *walk) row(kind string, e element) error {
	if e.flags != 0 {
		return damaged("a row is no row")
	}
	r, err := readStored(e.key, e.value)
	if err != nil {
		return err
	}
	w.out.sum.toggle(kind, e.value)
	w.out.rows[kind] = append(w.out.rows[kind], r)
	return nil
}

// readState reads what the file says of itself.
func (w *walk) readState(e element) error {
	if !bytes.Equal(e.key, stateKey) {
		return ErrForeign
	}
	if json.Unmarshal(e.value, &w.state) != nil {
		return damaged("what the file says of itself cannot be read")
	}
	return nil
}
