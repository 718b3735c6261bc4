package disk

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// version of the format. It goes up with whatever an older chainmail would read wrong.
const version = 1

const (
	// format is what the file says it is.
	format = "chainmail reference platform"
	// stateBucket has one row about all the others.
	stateBucket = "state"
	// rowsPrefix begins the name of the bucket of each kind.
	rowsPrefix = "rows/"
)

var stateKey = []byte("state")

// A sum is the sum of the SHA-256 of all rows: it does not depend on their order, and a commit
// can change it without a look at the rows that stay.
type sum [sha256.Size]byte

// toggle adds a row to the sum or, if it is in it, takes it out.
func (s *sum) toggle(kind string, stored []byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s ", len(kind), kind)
	_, _ = h.Write(stored)
	subtle.XORBytes(s[:], s[:], h.Sum(nil))
}

// state is what the file says of itself.
type state struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Sum is a sum in hex.
	Sum []byte `json:"sum"`
}

func putState(tx *bolt.Tx, s sum) error {
	b, err := tx.CreateBucketIfNotExists([]byte(stateBucket))
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(state{format, version, s[:]})
	if err != nil {
		return err
	}
	return b.Put(stateKey, encoded)
}

// initialise makes an empty file one of ours.
func initialise(tx *bolt.Tx) error { return putState(tx, sum{}) }

// storedKey is under what a key is stored: bbolt's keys are short.
func storedKey(key string) []byte {
	h := sha256.Sum256([]byte(key))
	return h[:16]
}

// storedValue is how a row is stored, with its key in front.
func storedValue(key string, value []byte) []byte {
	out := binary.AppendUvarint(make([]byte, 0, len(key)+len(value)+4), uint64(len(key)))
	return append(append(out, key...), value...)
}

// readStored takes a stored value apart; it must be stored where it belongs.
func readStored(at, stored []byte) (row, error) {
	length, n := binary.Uvarint(stored)
	if n <= 0 || length > uint64(len(stored)-n) {
		return row{}, damaged("a row has no key")
	}
	key := string(stored[n : n+int(length)])
	if !bytes.Equal(at, storedKey(key)) {
		return row{}, damaged("a row has another key than the one under which it is stored")
	}
	return row{key, stored[n+int(length):]}, nil
}

// damaged is an ErrDamaged that says more.
func damaged(what string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(what, args...))
}
