package quietlog_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/refimpl/quietlog"
)

// newLog returns a log and what was written to it since the last look.
func newLog(lines int) (*slog.Logger, *quietlog.Handler, func() []string) {
	var out lockedBuffer
	text := slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	h := quietlog.New(text, quietlog.Config{Lines: lines, Window: time.Minute})
	return slog.New(h), h, func() []string { return strings.Split(strings.TrimSpace(out.take()), "\n") }
}

// A lockedBuffer is written by timers too.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// take returns what was written since the last time.
func (b *lockedBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.buf.Reset()
	return b.buf.String()
}

func refuse(log *slog.Logger, reason string, n int) {
	for i := range n {
		log.With("door", "mqtt").Info("refused", "stage", "connect", "reason", reason, "n", i)
	}
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

const one = "level=INFO msg=refused door=mqtt stage=connect reason=a n=%d"

func TestFewLinesAndACount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, written := newLog(2)
		refuse(log, "a", 1000)
		want(t, written(), fmt.Sprintf(one, 0), fmt.Sprintf(one, 1))
		time.Sleep(time.Minute)
		synctest.Wait()
		want(t, written(), "level=INFO msg=refused stage=connect reason=a suppressed=998")
		refuse(log, "a", 1)
		want(t, written(), fmt.Sprintf(one, 0))
	})
}

func TestWhatIsNotSuppressed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, written := newLog(1)
		refuse(log, "a", 1)
		refuse(log, "b", 1)
		for range 3 {
			log.Error("accept", "err", "full")
		}
		if got := len(written()); got != 5 {
			t.Errorf("%d lines, want each reason and everything that has none", got)
		}
		for range 3 { // one a window is never too many
			time.Sleep(time.Minute)
			refuse(log, "a", 1)
		}
		if got := len(written()); got != 3 {
			t.Errorf("%d lines, want 3", got)
		}
	})
}

func TestCloseReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, written := newLog(1)
		refuse(log, "a", 3)
		written()
		h.Close()
		want(t, written(), "level=INFO msg=refused stage=connect reason=a suppressed=2")
		refuse(log, "a", 2)
		if got := len(written()); got != 2 {
			t.Errorf("%d lines after Close, want all", got)
		}
	})
}

// Reasons without end must not fill the memory.
func TestManyReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, h, written := newLog(1)
		for i := range 3000 {
			refuse(log, fmt.Sprint("reason", i), 1)
		}
		h.Close()
		if got := len(written()); got != 1002 {
			t.Errorf("%d lines, want 1000, one for all others, and their count", got)
		}
	})
}
