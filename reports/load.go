package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Load reads the report at path: a results.json, a stream, or the directory
// of a run. In a directory the stream comes first, because it is there only if
// the latest run broke off.
//
// It is strict. A key that is unknown or stands twice, a word that is not of
// the vocabulary, sums that disagree with the results are errors that name the
// file and what is wrong with it.
//
// A stream is recovered: what it holds becomes a report that is never
// conformant, and whose notes say that it was recovered.
func Load(path string) (Report, error) {
	path, data, err := open(path)
	if err != nil {
		return Report{}, fmt.Errorf("read results: %w", err)
	}
	parse := Parse
	if strings.HasSuffix(path, ".jsonl") {
		parse = Recover
	}
	r, err := parse(data)
	if err != nil {
		return Report{}, fmt.Errorf("read results %s: %w", path, err)
	}
	return r, nil
}

// open reads path, or of a directory the file that counts, and says which.
func open(path string) (string, []byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		dir := path
		path = filepath.Join(dir, StreamName)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			path = filepath.Join(dir, FileName)
		}
	}
	data, err := os.ReadFile(path)
	return path, data, err
}

// Parse reads the content of a results.json as strictly as Load.
func Parse(data []byte) (Report, error) {
	// The schema comes first, so that a file of another version is told so and
	// not that one of its keys is unknown.
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return Report{}, located(data, err)
	}
	if head.Schema != Schema {
		return Report{}, fmt.Errorf("schema is %q, this version reads %q", head.Schema, Schema)
	}
	var r Report
	if err := decodeStrictly(data, &r); err != nil {
		return Report{}, err
	}
	if err := r.Validate(); err != nil {
		return Report{}, err
	}
	return canonical(r), nil
}

// Recover makes a report of the content of a stream, as Load does. A last line
// that was cut short is left out, with a note; any other line that does not
// parse is an error.
func Recover(data []byte) (Report, error) {
	lines := bytes.SplitAfter(data, []byte("\n"))
	var head streamHead
	if err := decodeStrictly(lines[0], &head); err != nil {
		return Report{}, fmt.Errorf("header: %w", err)
	}
	if head.Schema != streamSchema {
		return Report{}, fmt.Errorf("schema is %q, this version reads %q", head.Schema, streamSchema)
	}
	end := End{
		Finished: head.Header.Started,
		Notes:    []string{"recovered from the stream of a run that broke off; what the run left behind on the target is not known"},
	}
	var results []Result
	for i, line := range lines[1:] {
		if !bytes.HasSuffix(line, []byte("\n")) {
			if len(line) > 0 {
				end.Notes = append(end.Notes, "the last line of the stream was cut short and is left out")
			}
			break
		}
		var r Result
		if err := decodeResult(line, &r); err != nil {
			return Report{}, fmt.Errorf("result in line %d of the stream: %w", i+2, err)
		}
		results = append(results, r)
		if t := r.Started.Add(r.Duration.Duration()); t.After(end.Finished) {
			end.Finished = t
		}
	}
	r := brokenOff(Assemble(head.Header, results, end))
	return r, r.Validate()
}

func decodeResult(line []byte, r *Result) error {
	if err := decodeStrictly(line, r); err != nil {
		return err
	}
	return r.Validate()
}

// brokenOff sees to it that r is not conformant: a run that has not come to
// its end may have left out more than its results show.
func brokenOff(r Report) Report {
	if r.Outcome == Conformant {
		r.Outcome, r.ExitCode = Incomplete, Incomplete.ExitCode()
	}
	r.Reasons = append(r.Reasons, "the run broke off before its report was written")
	return r
}

// decodeStrictly decodes the one JSON value of data into v, which knows every
// key of it.
func decodeStrictly(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return located(data, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("line %d: something follows the JSON value", lineAt(data, dec.InputOffset()))
	}
	return checkKeys(data)
}

// located adds the line to an error of encoding/json that knows its place.
func located(data []byte, err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("line %d: %w", lineAt(data, e.Offset), err)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("line %d: %q cannot hold a JSON %s", lineAt(data, e.Offset), strings.TrimPrefix(e.Field, "Header."), e.Value)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends before the JSON value does")
	}
	return err
}

func lineAt(data []byte, offset int64) int {
	offset = min(max(offset, 0), int64(len(data)))
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}
