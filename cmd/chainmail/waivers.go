package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/strictyaml"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// waiversFile is a file of waivers as it is written: strict YAML, every key
// required unless its comment says otherwise.
type waiversFile struct {
	APIVersion string       `yaml:"apiVersion"` // chainmail/v1
	Kind       string       `yaml:"kind"`       // Waivers
	Waivers    []fileWaiver `yaml:"waivers"`
}

// fileWaiver is one waiver; [reports.Waiver] says what its fields mean.
type fileWaiver struct {
	Specs   []string         `yaml:"specs,flow"`
	Expect  fileWaiverExpect `yaml:"expect,flow"`
	Reason  string           `yaml:"reason"`
	URL     string           `yaml:"url"`
	Owner   string           `yaml:"owner"`
	Added   string           `yaml:"added"`
	Expires string           `yaml:"expires"`
}

type fileWaiverExpect struct {
	Verdict string `yaml:"verdict"`
	Layer   string `yaml:"layer,omitempty"` // optional
}

// readWaivers reads a file of waivers; "" names none. What is wrong with it comes
// back with its lines.
func readWaivers(name string, now time.Time) ([]reports.Waiver, error) {
	if name == "" {
		return nil, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, usage(`"chainmail conform --write-waivers FILE" proposes one`, "read waivers: %v", err)
	}
	var file waiversFile
	source, err := strictyaml.Read(name, data, &file)
	if err != nil {
		return nil, err
	}
	if file.APIVersion != target.APIVersion {
		source.Wrong("", fmt.Sprintf("apiVersion is %q: want %q", file.APIVersion, target.APIVersion), "apiVersion")
	}
	if file.Kind != "Waivers" {
		source.Wrong("", fmt.Sprintf("kind is %q: want Waivers", file.Kind), "kind")
	}
	waivers := make([]reports.Waiver, 0, len(file.Waivers))
	for i, w := range file.Waivers {
		w.check(now, func(hint, text string, path ...any) {
			source.Wrong(hint, text, append([]any{"waivers", i}, path...)...)
		})
		waivers = append(waivers, reports.Waiver{
			Specs: w.Specs, Expect: reports.WaiverExpect{Verdict: reports.Verdict(w.Expect.Verdict), Layer: w.Expect.Layer},
			Reason: w.Reason, URL: w.URL, Owner: w.Owner, Added: w.Added, Expires: w.Expires,
		})
	}
	return waivers, source.Err()
}

// check tells wrong what is wrong with one waiver.
func (w fileWaiver) check(now time.Time, wrong func(hint, text string, path ...any)) {
	if len(w.Specs) == 0 {
		wrong("", "a waiver names no specs")
	}
	for i, glob := range w.Specs {
		if _, err := path.Match(glob, ""); err != nil || !strings.Contains(glob, "/") {
			wrong(`write it as in "chainmail list specs", with * for a part`, fmt.Sprintf("%q is no id of a spec", glob), "specs", i)
		}
	}
	if v := reports.Verdict(w.Expect.Verdict); !slices.Contains(reports.Waivable(), v) {
		wrong("", fmt.Sprintf("expect.verdict is %q: want one of %v", v, reports.Waivable()), "expect", "verdict")
	}
	if w.Expect.Layer != "" && !slices.Contains(reports.Layers(), w.Expect.Layer) {
		wrong("", fmt.Sprintf("expect.layer is %q: want one of %v", w.Expect.Layer, reports.Layers()), "expect", "layer")
	}
	for _, field := range []struct{ key, value, hint string }{
		{"reason", w.Reason, "say why the trouble may stand for a while"},
		{"owner", w.Owner, "name who sees to it"},
		{"url", w.URL, "name where it is followed up, such as an issue"},
	} {
		if strings.TrimSpace(field.value) == "" {
			wrong(field.hint, field.key+" is empty", field.key)
		}
	}
	if u, err := url.Parse(w.URL); w.URL != "" && (err != nil || u.Scheme == "" || u.Host == "") {
		wrong("", fmt.Sprintf("url is %q: want https://…", w.URL), "url")
	}
	w.checkDays(now, wrong)
}

func (w fileWaiver) checkDays(now time.Time, wrong func(hint, text string, path ...any)) {
	day := func(key, value string) (time.Time, bool) {
		t, err := time.Parse(time.DateOnly, value)
		if err != nil {
			wrong("", fmt.Sprintf("%s is %q: want a day such as 2026-12-31", key, value), key)
		}
		return t, err == nil
	}
	added, ok := day("added", w.Added)
	expires, also := day("expires", w.Expires)
	switch {
	case !ok || !also:
	case w.Added > reports.Day(now):
		wrong("", "added is in the future", "added")
	case expires.Before(added):
		wrong("", "expires is before added", "expires")
	case expires.Sub(added) > reports.LongestWaiver:
		wrong("look at it again before then", fmt.Sprintf("expires is %d days after added: want %d at most",
			int(expires.Sub(added).Hours()/24), int(reports.LongestWaiver.Hours()/24)), "expires")
	}
}

// markUnmatched notes on each waiver the globs that match nothing that the
// profile can run; a run of only a part of it says nothing about the rest.
func markUnmatched(waivers []reports.Waiver, known []suites.Runnable) {
	for i, w := range waivers {
		for _, glob := range w.Specs {
			one := reports.Waiver{Specs: []string{glob}}
			if !slices.ContainsFunc(known, func(k suites.Runnable) bool { return one.Covers(k.ID, k.Spec) }) {
				waivers[i].Problems = append(waivers[i].Problems, glob+" matches no spec of the profile")
			}
		}
	}
}

// givenWaivers reads the waivers of a run, and says whether proposed ones may be
// written: a file that is there may hold what somebody has thought about.
func (f conformFlags) givenWaivers() ([]reports.Waiver, error) {
	if f.failFast && (f.waivers != "" || f.writeWaivers != "") {
		return nil, usage("leave one of them out", "--fail-fast cuts a run short, waivers are for a whole one")
	}
	if f.writeWaivers != "" {
		if _, err := os.Lstat(f.writeWaivers); !errors.Is(err, fs.ErrNotExist) {
			return nil, usage("name another file; copy from it what is wanted", "--write-waivers: %s is there already", f.writeWaivers)
		}
	}
	return readWaivers(f.waivers, time.Now())
}

const proposalHead = `# Proposed from the troubles of a run on %s. Nobody has looked at them yet: chainmail refuses this
# file until every waiver that stays has a reason, an url and an owner. Delete the others.
`

// proposeWaivers writes waivers for the troubles of a run, where that was asked for.
func (f conformFlags) proposeWaivers(stderr io.Writer, r reports.Report) error {
	if f.writeWaivers == "" {
		return nil
	}
	proposed := reports.Propose(r)
	if len(proposed) == 0 {
		say(stderr, "note", "nothing went wrong that a waiver could excuse; "+f.writeWaivers+" is not written")
		return nil
	}
	file := waiversFile{APIVersion: target.APIVersion, Kind: "Waivers"}
	for _, w := range proposed {
		file.Waivers = append(file.Waivers, fileWaiver{
			Specs: w.Specs, Expect: fileWaiverExpect{Verdict: string(w.Expect.Verdict), Layer: w.Expect.Layer}, Added: w.Added, Expires: w.Expires,
		})
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, proposalHead, reports.Day(r.Started))
	data, err := yaml.Dump(file)
	if err != nil {
		return fmt.Errorf("encode waivers: %w", err)
	}
	text.Write(data)
	if err := os.WriteFile(f.writeWaivers, text.Bytes(), 0o644); err != nil {
		return &exit{code: exitUsage, err: fmt.Errorf("write waivers: %w", err), hint: "name a file that can be written with --write-waivers"}
	}
	say(stderr, "note", fmt.Sprintf("%s: %d waivers to be filled in", f.writeWaivers, len(proposed)))
	return nil
}
