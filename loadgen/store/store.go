// Package store is what the shards of a load run share, and all that they share: a
// place to put named objects, get them back and list them. It knows nothing of plans
// or chunks. An object is put once as a whole; nobody ever sees half of one.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is what Get wraps where there is no object of that name.
var ErrNotFound = errors.New("no such object")

// A Store holds objects by name. A name is one or more elements of letters, digits,
// '.', '-' and '_', separated by slashes; no element begins with a dot. All methods
// are safe for concurrent use, by other processes too.
type Store interface {
	// Put keeps data under that name, in place of what was there. When it returns nil
	// the object outlives a crash of the machine.
	Put(ctx context.Context, name string, data []byte) error
	// Get returns the object of that name; its error wraps [ErrNotFound] if there is none.
	Get(ctx context.Context, name string) ([]byte, error)
	// List returns the names that begin with prefix, sorted.
	List(ctx context.Context, prefix string) ([]string, error)
}

// Open returns the store that a URL names. There is one kind: dir:PATH, a folder,
// which is made where it is missing.
func Open(url string) (Store, error) {
	kind, rest, ok := strings.Cut(url, ":")
	if !ok || kind != "dir" || rest == "" {
		return nil, fmt.Errorf("open store %q: want dir:PATH", url)
	}
	return NewDir(rest)
}

// checkName keeps objects inside the store, whatever it is made of.
func checkName(name string) error {
	for element := range strings.SplitSeq(name, "/") {
		if element == "" || element[0] == '.' || strings.IndexFunc(element, notOfName) >= 0 {
			return fmt.Errorf("name %q: want elements of letters, digits, '.', '-' and '_', separated by slashes", name)
		}
	}
	return nil
}

func notOfName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_", r)
}
