package cadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ErrLocked says that another process works on the directory.
var ErrLocked = errors.New("CA directory is in use")

// lockPoll is how often a lock is asked for while another process holds it.
const lockPoll = 10 * time.Millisecond

// A lock keeps other processes of this package off a directory. OpenSSL's ca
// takes no lock at all and is not to be run at the same moment.
type lock struct{ file *os.File }

// acquire waits for the lock. The system frees it when its holder dies, so that
// the file may stay; its text names the holder.
func acquire(path string, now time.Time, wait time.Duration) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock CA directory: %w", err)
	}
	for deadline := time.Now().Add(wait); ; time.Sleep(lockPoll) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if errors.Is(err, syscall.EWOULDBLOCK) && time.Now().Before(deadline) {
			continue
		}
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%w: %s", ErrLocked, holder(path))
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	// Who cannot be named holds the lock all the same.
	_ = f.Truncate(0)
	_, _ = fmt.Fprintf(f, "process %d (%s) since %s\n", os.Getpid(), filepath.Base(os.Args[0]), now.UTC().Format(time.RFC3339))
	return &lock{f}, nil
}

func holder(path string) string {
	text, err := os.ReadFile(path)
	if line := strings.TrimSpace(string(text)); err == nil && line != "" {
		return line
	}
	return "another process"
}

func (l *lock) release() error {
	_ = l.file.Truncate(0)
	return l.file.Close()
}
