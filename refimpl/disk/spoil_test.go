package disk_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	bolt "go.etcd.io/bbolt"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// cut keeps one part in n of a file, or of one page.
func cut(t *testing.T, path string, n int) {
	t.Helper()
	data := read(t, path)
	if n > 10 {
		write(t, path, data[:n])
		return
	}
	write(t, path, data[:len(data)/n])
}

// edit changes a file as bbolt would.
func edit(t *testing.T, path string, options *bolt.Options, change func(tx *bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func foreign(t *testing.T, path string, options *bolt.Options) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	edit(t, path, options, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("theirs"))
		if err != nil {
			return err
		}
		return b.Put([]byte("a"), []byte("b"))
	})
}

// setState changes what the file says of itself, and leaves the sum.
func setState(t *testing.T, path, text string) {
	t.Helper()
	edit(t, path, &bolt.Options{NoFreelistSync: true}, func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("state"))
		state := map[string]any{}
		if err := errors.Join(json.Unmarshal(b.Get([]byte("state")), &state), json.Unmarshal([]byte(text), &state)); err != nil {
			return err
		}
		encoded, err := json.Marshal(state)
		if err != nil {
			return err
		}
		return b.Put([]byte("state"), encoded)
	})
}

// addRow adds a row that looks like any other, but is not in the sum.
func addRow(t *testing.T, path string) {
	t.Helper()
	edit(t, path, &bolt.Options{NoFreelistSync: true}, func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte("rows/users"))
		key, value := b.Cursor().First()
		return errors.Join(b.Delete(key), tx.Bucket([]byte("rows/options")).Put(key, value))
	})
}

func inUse(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
