// Package quietlog keeps a log readable while somebody is knocking at the door a thousand times
// a second: of the lines that tell of refusals for one reason it writes a few, and then
// how many more there were.
package quietlog

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"
)

// Keys of the attributes that make two lines alike, and of the one that counts them.
const (
	ReasonKey     = "reason"
	StageKey      = "stage"
	SuppressedKey = "suppressed"
)

// maxKinds bounds how many kinds of lines are told apart; any more count as one.
const maxKinds = 1000

// Config says how much is written.
type Config struct {
	// Lines is how many lines of a kind are written in a window. Default 20.
	Lines int
	// Window is how long the counting goes on. Default 10 s.
	Window time.Duration
}

// A Handler is a slog.Handler that writes few lines of a kind. Lines without a reason are none
// of its business.
type Handler struct {
	next slog.Handler
	*counts
}

// kind is what lines have in common.
type kind struct{ message, stage, reason string }

// counts is shared by all handlers that were made of one.
type counts struct {
	config Config
	root   slog.Handler // where the counts go: a kind has no attributes but its own

	mu      sync.Mutex // guards all below
	windows map[kind]*window
	closed  bool
}

// A window is the lines of a kind since its beginning.
type window struct {
	ends       time.Time
	lines      int
	suppressed int
	report     *time.Timer // at the end; nil: there is nothing to report
}

// New returns a handler that writes to another.
func New(next slog.Handler, c Config) *Handler {
	c.Lines, c.Window = cmp.Or(c.Lines, 20), cmp.Or(c.Window, 10*time.Second)
	return &Handler{next, &counts{config: c, root: next, windows: map[kind]*window{}}}
}

// Enabled is that of the other handler.
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// WithAttrs returns a handler that counts with this one.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{h.next.WithAttrs(attrs), h.counts}
}

// WithGroup returns a handler that counts with this one.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.next.WithGroup(name), h.counts}
}

// Handle writes a line, or counts it.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	k := kind{message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case ReasonKey:
			k.reason = a.Value.String()
		case StageKey:
			k.stage = a.Value.String()
		}
		return true
	})
	if k.reason != "" && h.suppress(k, r.Level) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// suppress counts a line and reports whether it is one too many.
func (h *Handler) suppress(k kind, level slog.Level) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.windows[k]
	if w == nil && len(h.windows) >= maxKinds {
		k.stage, k.reason = "", "other"
		w = h.windows[k]
	}
	now := time.Now()
	if w == nil || w.report == nil && !now.Before(w.ends) {
		w = &window{ends: now.Add(h.config.Window)}
		h.windows[k] = w
	}
	if w.lines++; w.lines <= h.config.Lines || h.closed {
		return false
	}
	w.suppressed++
	if w.report == nil {
		w.report = time.AfterFunc(w.ends.Sub(now), func() { h.end(k, level) })
	}
	return true
}

// end says how many lines of a kind were not written.
func (h *Handler) end(k kind, level slog.Level) {
	h.mu.Lock()
	w := h.windows[k]
	if w == nil || w.report == nil {
		h.mu.Unlock()
		return
	}
	suppressed := w.suppressed
	delete(h.windows, k)
	h.mu.Unlock()
	r := slog.NewRecord(time.Now(), level, k.message, 0)
	r.AddAttrs(slog.String(StageKey, k.stage), slog.String(ReasonKey, k.reason), slog.Int(SuppressedKey, suppressed))
	_ = h.root.Handle(context.Background(), r) // whoever cannot write a log cannot write that either
}

// Close reports what was suppressed and not reported yet. From then on every line is written.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	var open []kind
	for k, w := range h.windows {
		if w.report != nil && w.report.Stop() {
			open = append(open, k)
		}
	}
	h.mu.Unlock()
	for _, k := range open {
		h.end(k, slog.LevelInfo)
	}
}
