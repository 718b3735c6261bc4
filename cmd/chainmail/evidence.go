package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"text/template"
	"unicode"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// evidenceFolder is where the folders of results stand, in the folder of a report.
const evidenceFolder = "evidence"

//go:embed evidence.tmpl
var commandsText string

// An evidenceWriter keeps for each result that did not pass what was sent, as files
// that other programs read. Passwords and tokens are in none of them.
type evidenceWriter struct {
	dir     string // of the report
	target  *target.Target
	file    string // target file; "" the embedded platform
	waivers []reports.Waiver
	err     error // the first
}

// write puts a result's folder and returns its name, relative to the report. A
// result that passed has none, unless a waiver says that it does not pass.
func (w *evidenceWriter) write(r reports.Result, x suites.Exhibits) []string {
	wanted := r.Verdict == reports.Fail || r.Verdict == reports.Warn
	for _, waiver := range w.waivers {
		wanted = wanted || r.Verdict == reports.Pass && waiver.Covers(r.ID, r.Spec)
	}
	if !wanted || w.err != nil {
		return nil
	}
	folder := path.Join(evidenceFolder, r.ID)
	files, err := w.files(r, x)
	if err == nil {
		err = putFolder(filepath.Join(w.dir, filepath.FromSlash(folder)), files)
	}
	if err != nil {
		w.err = fmt.Errorf("write evidence of %s: %w", r.ID, err)
		return nil
	}
	return []string{folder + "/"}
}

// setEvidenceAside renames the evidence of an earlier run, as its results are; what
// was set aside before is lost.
func setEvidenceAside(dir string) error {
	now, previous := filepath.Join(dir, evidenceFolder), filepath.Join(dir, "previous-"+evidenceFolder)
	if _, err := os.Lstat(now); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.RemoveAll(previous); err != nil {
		return fmt.Errorf("set earlier evidence aside: %w", err)
	}
	if err := os.Rename(now, previous); err != nil {
		return fmt.Errorf("set earlier evidence aside: %w", err)
	}
	return nil
}

// putFolder writes a folder anew.
func putFolder(dir string, files []output) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for _, f := range files {
		full := filepath.Join(dir, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(full, f.data, f.mode); err != nil {
			return err
		}
	}
	return nil
}

// files are those of one result's folder.
func (w *evidenceWriter) files(r reports.Result, x suites.Exhibits) ([]output, error) {
	page := w.page(r, x)
	files := []output{{path: "transcript.txt", data: []byte(transcript(r)), mode: 0o644}}
	for i, a := range x.Anchors {
		body, err := json.MarshalIndent(target.NewUpload(a), "", "  ")
		if err != nil {
			return nil, err
		}
		files = append(files, output{page.Anchors[i].File + ".pem", certfactory.PEM(a.DER), 0o644}, output{page.Anchors[i].File + ".json", body, 0o644})
	}
	for i, a := range x.Attempts {
		sent, err := attemptFiles(&page.Attempts[i], a)
		if err != nil {
			return nil, err
		}
		files = append(files, sent...)
	}
	for name, from := range map[string]string{"ca.pem": w.target.MQTT.CAFile, "rest-ca.pem": restCA(w.target)} {
		if from == "" {
			continue
		}
		data, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		files = append(files, output{name, data, 0o644})
	}
	t, err := template.New("commands").Funcs(template.FuncMap{"quote": quote, "line": plainLine}).Parse(commandsText)
	if err != nil {
		return nil, err
	}
	var commands bytes.Buffer
	if err := t.Execute(&commands, page); err != nil {
		return nil, err
	}
	again, err := json.MarshalIndent(newReplay(w.file, r, x, page), "", "  ")
	if err != nil {
		return nil, err
	}
	return append(files, output{"commands.sh", commands.Bytes(), 0o755}, output{replayName, append(again, '\n'), 0o600}), nil
}

func restCA(t *target.Target) string {
	if t.REST == nil {
		return ""
	}
	return t.REST.CAFile
}

// transcript tells the result as a person reads it.
func transcript(r reports.Result) string {
	var b strings.Builder
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-14s %s\n", label, plainLine(text))
		}
	}
	line("spec", r.ID)
	line("", r.Title)
	line("clauses", strings.Join(r.Clauses, " "))
	line("verdict", string(r.Verdict))
	line("expected", r.Expected)
	line("observed", r.Observed)
	line("reason", r.Reason)
	line("started", r.Started.Format("2006-01-02T15:04:05.000Z07:00"))
	for _, e := range r.Evidence {
		line(e.Role, e.Line())
		line("", e.Detail)
		if t := e.Times; t != (reports.Times{}) {
			line("", fmt.Sprintf("TCP %v ms, TLS %v ms, CONNACK %v ms, REST %v ms", t.TCP, t.TLS, t.CONNACK, t.REST))
		}
	}
	for _, remark := range r.Remarks {
		line("remark", remark)
	}
	line("again", r.Again)
	return b.String()
}

// plainLine is a text on one line, without what a terminal or a shell would obey.
func plainLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
