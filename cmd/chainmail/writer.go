package main

import (
	"io"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"github.com/chainmail-iot/chainmail/reports"
)

// A writer keeps the report folder of one run.
type writer struct {
	dir    string
	header reports.Header
	stream *reports.Writer
	err    error // the first that a result met on its way to the stream
}

func (w *writer) create(dir string, h reports.Header) error {
	stream, err := reports.Create(dir, h)
	if err != nil {
		return &exit{code: exitUsage, err: err, hint: "name a folder that can be written with --out"}
	}
	w.dir, w.header, w.stream = dir, h, stream
	return setEvidenceAside(dir)
}

// add streams one result; the first error is kept for finish.
func (w *writer) add(r reports.Result) {
	if err := w.stream.Add(r); err != nil && w.err == nil {
		w.err = err
	}
}

func (w *writer) close() { _ = w.stream.Close() }

// finish writes every report, results.json last: where it is, all are.
func (w *writer) finish(r reports.Report) error {
	if w.err != nil {
		return w.err
	}
	junit := func(out io.Writer) error { return reports.JUnit(out, r) }
	if err := reports.WriteFile(filepath.Join(w.dir, "junit.xml"), junit); err != nil {
		return err
	}
	return w.stream.Finish(r)
}

func (w *writer) files() []string {
	return []string{filepath.Join(w.dir, "results.json"), filepath.Join(w.dir, "junit.xml")}
}

// terminal says how to write the summary to out.
func terminal(out io.Writer, files []string) reports.TerminalOptions {
	o := reports.TerminalOptions{Files: files}
	if width, ok := terminalWidth(out); ok {
		o.Width, o.Color = min(width, 120), os.Getenv("NO_COLOR") == ""
	}
	return o
}

// terminalWidth returns the columns of a terminal, and false for anything else.
func terminalWidth(out io.Writer) (int, bool) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(file.Fd()))
	return width, err == nil
}
