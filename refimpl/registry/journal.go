package registry

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// A Change is one row that is written, or removed where Value is nil.
type Change struct {
	// Kind is what the row is about, such as users. There are few kinds.
	Kind string
	// Key names the row within its kind.
	Key string
	// Value is what the row holds. It must not be changed any more.
	Value []byte
}

// A Journal keeps a registry over the end of the process. It is safe for concurrent use;
// whoever opened it closes it, after the last use of the registry.
type Journal interface {
	// Each calls row for every row of a kind, as it was when the journal was opened, in
	// order of the keys, and returns the first error.
	Each(kind string, row func(key string, value []byte) error) error
	// Write takes changes that belong together: after a crash all of them are there, or
	// none. It does not wait, and the order of its calls is kept.
	Write(changes []Change)
	// Sync returns when everything that was written before is on disk. An error says that
	// something is not; what the registry shows from then on may be lost.
	Sync() error
}

// The kinds of rows.
const (
	kindTenant  = "tenants"
	kindUser    = "users"
	kindOption  = "options"
	kindAnchor  = "anchors"
	kindDevice  = "devices"
	kindRequest = "requests"
	kindAudit   = "audit"
	kindSetting = "settings"
)

// Sync returns when everything that the registry was told before is on disk; in memory
// that is at once. Nobody may be told of a change, or of anything that follows from it,
// before Sync has returned without an error.
func (r *Registry) Sync() error {
	if r.journal == nil {
		return nil
	}
	r.mu.RLock()
	unkept := r.unkept
	r.mu.RUnlock()
	if unkept != nil {
		return unkept
	}
	return r.journal.Sync()
}

// A batch is changes that belong together.
type batch struct {
	changes []Change
	err     error
}

// put writes a row as JSON.
func (b *batch) put(kind string, value any, key ...string) {
	encoded, err := json.Marshal(value)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("encode row of %s: %w", kind, err)
	}
	b.changes = append(b.changes, Change{kind, joinKey(key), encoded})
}

func (b *batch) remove(kind string, key ...string) {
	b.changes = append(b.changes, Change{kind, joinKey(key), nil})
}

// number writes the last number that was given out beside the row that has it.
func (b *batch) number(last int) { b.put(kindSetting, last, lastIDSetting) }

// keep hands changes to the journal, if there is one. It needs the lock, so that the journal
// has the changes in the order in which they happened.
func (r *Registry) keep(build func(*batch)) {
	if r.journal == nil {
		return
	}
	var b batch
	build(&b)
	if b.err != nil {
		r.unkept = b.err
		return
	}
	r.journal.Write(b.changes)
}

// joinKey makes one key of several parts, whatever bytes they hold.
func joinKey(parts []string) string {
	quoted := make([]string, len(parts))
	for i, p := range parts {
		quoted[i] = strconv.Quote(p)
	}
	return strings.Join(quoted, " ")
}

// splitKey takes apart what joinKey made of n parts.
func splitKey(key string, n int) ([]string, error) {
	var parts []string
	for rest := key; rest != ""; rest = strings.TrimPrefix(rest, " ") {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil, fmt.Errorf("read key %q: %w", key, err)
		}
		part, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("read key %q: %w", key, err)
		}
		parts, rest = append(parts, part), rest[len(quoted):]
	}
	if len(parts) != n {
		return nil, fmt.Errorf("read key %q: %d parts, want %d", key, len(parts), n)
	}
	return parts, nil
}
