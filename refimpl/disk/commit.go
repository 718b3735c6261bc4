package disk

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// errClosed is what a closed folder says to who still writes.
var errClosed = errors.New("data folder is closed")

// Write takes changes that belong together. It does not wait.
func (f *Folder) Write(changes []registry.Change) {
	f.mu.Lock()
	f.pending = append(f.pending, changes...)
	f.written += uint64(len(changes))
	f.mu.Unlock()
	f.prod()
}

// prod makes run look for work. It never waits: one reminder is enough.
func (f *Folder) prod() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Sync returns when everything that was written before is on disk. A disk that fails once is
// not trusted again: what came after would stand on what is missing.
func (f *Folder) Sync() error {
	var patience <-chan time.Time
	f.mu.Lock()
	defer f.mu.Unlock()
	for target := f.written; f.kept < target; {
		if f.err != nil {
			return f.err
		}
		commit := f.commit
		f.mu.Unlock()
		if patience == nil {
			timer := time.NewTimer(f.patience)
			defer timer.Stop()
			patience = timer.C
		}
		var late bool
		select {
		case <-commit:
		case <-patience:
			late = true
		}
		f.mu.Lock()
		if late && f.kept < target {
			return fmt.Errorf("the disk took longer than %v", f.patience)
		}
	}
	return f.err
}

// Close brings to disk what is not there yet and lets the folder go.
func (f *Folder) Close() error {
	f.mu.Lock()
	again := f.closing
	f.closing = true
	f.mu.Unlock()
	if again {
		<-f.ended
		return nil
	}
	f.prod()
	<-f.ended
	f.mu.Lock()
	err := f.err
	if err == nil {
		f.err = errClosed
	}
	close(f.commit) // who still waits is told
	f.mu.Unlock()
	return errors.Join(err, f.db.Close())
}

// run commits whatever is pending, again and again: what is written during one commit goes
// into the next.
func (f *Folder) run() {
	defer close(f.ended)
	for range f.wake {
		f.mu.Lock()
		changes, upTo, closing, failed := f.pending, f.written, f.closing, f.err != nil
		f.pending = nil
		f.mu.Unlock()
		if len(changes) > 0 && !failed {
			f.settle(upTo, f.store(changes))
		}
		if closing {
			return
		}
	}
}

// settle tells those who wait what came of a commit.
func (f *Folder) settle(upTo uint64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.err = fmt.Errorf("write data folder: %w", err)
	} else {
		f.kept = upTo
	}
	close(f.commit)
	f.commit = make(chan struct{})
}

// store writes changes to disk, all or none.
func (f *Folder) store(changes []registry.Change) error {
	next := f.sum
	err := f.db.Update(func(tx *bolt.Tx) error {
		for _, c := range changes {
			if err := apply(tx, &next, c); err != nil {
				return err
			}
		}
		return putState(tx, next)
	})
	if err == nil {
		f.sum = next
	}
	return err
}

// apply makes one change, in the file and in the sum.
func apply(tx *bolt.Tx, s *sum, c registry.Change) error {
	b, err := tx.CreateBucketIfNotExists([]byte(rowsPrefix + c.Kind))
	if err != nil {
		return err
	}
	key := storedKey(c.Key)
	if old := b.Get(key); old != nil {
		s.toggle(c.Kind, old)
	}
	if c.Value == nil {
		return b.Delete(key)
	}
	stored := storedValue(c.Key, c.Value)
	s.toggle(c.Kind, stored)
	return b.Put(key, stored)
}
