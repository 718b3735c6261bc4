package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// The files of a run in its directory. The stream is there only while a run is
// under way, or after one that broke off.
const (
	FileName   = "results.json"
	StreamName = "results.partial.jsonl"
)

// streamSchema names the format of the stream: this first line, then one
// Result a line.
const streamSchema = "chainmail/results-stream/v1"

type streamHead struct {
	Schema string `json:"schema"`
	Header Header `json:"header"`
}

// ErrUnreported means that a report lacks a result that was added to the
// stream. The stream is then kept.
var ErrUnreported = errors.New("result missing from the report")

// Writer puts a run on disk while it happens: each result as soon as it is
// known, the report at the end. Its methods may be called concurrently.
type Writer struct {
	dir string

	// mu guards what follows; it is held while a line is written.
	mu     sync.Mutex
	stream *os.File
	added  []string
}

// Create starts a run in dir, which it makes if need be. What an earlier run
// left there is set aside under the name "previous-…", so that nobody takes
// the old results for those of a run that is not finished. Close the Writer
// in every case.
func Create(dir string, h Header) (*Writer, error) {
	h = canonicalHeader(h)
	if err := h.validate(); err != nil {
		return nil, fmt.Errorf("start results in %s: %w", dir, err)
	}
	line, err := json.Marshal(streamHead{Schema: streamSchema, Header: h})
	if err != nil {
		return nil, fmt.Errorf("encode header of results: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make results directory: %w", err)
	}
	for _, name := range []string{FileName, StreamName} {
		if err := setAside(dir, name); err != nil {
			return nil, fmt.Errorf("set earlier results aside: %w", err)
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, StreamName), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open results stream: %w", err)
	}
	w := &Writer{dir: dir, stream: f}
	if err := w.writeLine(line); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Add appends r to the stream at once. It reaches the operating system before
// Add returns, so a crash of the tester loses nothing that was known. A result
// that is not valid is refused.
func (w *Writer) Add(r Result) error {
	if err := r.Validate(); err != nil {
		return fmt.Errorf("add result: %w", err)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode result %s: %w", r.ID, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.writeLine(line); err != nil {
		return err
	}
	w.added = append(w.added, r.ID)
	return nil
}

// writeLine writes line and its end in one call, so that a crash cuts at most
// the last line short.
func (w *Writer) writeLine(line []byte) error {
	if w.stream == nil {
		return fmt.Errorf("write results stream: %w", fs.ErrClosed)
	}
	if _, err := w.stream.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write results stream: %w", err)
	}
	return nil
}

// Finish writes r as results.json, whole or not at all, removes the stream and
// closes w. If it returns an error the stream is still there.
func (w *Writer) Finish(r Report) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stream == nil {
		return fmt.Errorf("finish results: %w", fs.ErrClosed)
	}
	r = canonical(r)
	if err := w.covers(r); err != nil {
		return fmt.Errorf("finish results: %w", err)
	}
	if err := r.Validate(); err != nil {
		return fmt.Errorf("finish results: %w", err)
	}
	if err := WriteFile(filepath.Join(w.dir, FileName), r.WriteJSON); err != nil {
		return err
	}
	if err := w.close(); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(w.dir, StreamName)); err != nil {
		return fmt.Errorf("remove results stream: %w", err)
	}
	return nil
}

// covers checks that r has every result that was added, as often.
func (w *Writer) covers(r Report) error {
	n := make(map[string]int, len(r.Specs))
	for _, s := range r.Specs {
		n[s.ID]++
	}
	for _, id := range w.added {
		if n[id]--; n[id] < 0 {
			return fmt.Errorf("%w: %s", ErrUnreported, id)
		}
	}
	return nil
}

// Close closes the stream and leaves it where it is. After Finish it does
// nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.close()
}

func (w *Writer) close() error {
	if w.stream == nil {
		return nil
	}
	err := w.stream.Close()
	w.stream = nil
	if err != nil {
		return fmt.Errorf("close results stream: %w", err)
	}
	return nil
}

// setAside renames an earlier file; one that was set aside before is lost.
func setAside(dir, name string) error {
	err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, "previous-"+name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
