package reports_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

func encode(t testing.TB, r reports.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLoadIsStrict(t *testing.T) {
	good := encode(t, everyVerdict())
	once := func(old, replacement string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("nothing to replace: %s", old)
		}
		return strings.Replace(good, old, replacement, 1)
	}
	tests := []struct {
		name, content, want string
	}{
		{"good", good, ""},
		{"empty", "", "line 1: unexpected end of JSON input"},
		{"cut short", good[:len(good)/2], "unexpected end of JSON input"},
		{"no JSON", "<testsuites/>", "line 1: invalid character"},
		{"another schema", once("results/v1", "results/v2"), `schema is "chainmail/results/v2", this version reads "chainmail/results/v1"`},
		{"unknown key", once(`"outcome"`, `"color": "green", "outcome"`), `unknown field "color"`},
		{"key twice", once(`"outcome"`, `"exitCode": 0, "outcome"`), `line 4: key "exitCode" stands twice`},
		{"key twice, in another case", once(`"verdict": "pass"`, `"verdict": "fail", "Verdict": "pass"`), `key "Verdict" stands twice`},
		{"type", once(`"cpus": 2`, `"cpus": "two"`), `"environment.cpus" cannot hold a JSON string`},
		{"trailing value", good + "{}", "invalid character '{' after top-level value"},
		{"unknown verdict", once(`"verdict": "warn"`, `"verdict": "meh"`), `unknown verdict "meh"`},
		{"unknown outcome", once(`"outcome": "error"`, `"outcome": "green"`), `unknown outcome "green"`},
		{"exit code", once(`"exitCode": 5`, `"exitCode": 0`), `exit code is 0, but the outcome "error" has 5`},
		{"counts", once(`"fail": 2`, `"fail": 0`), "counts are"},
		{"null", "null", `schema is ""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "results.json")
			if err := os.WriteFile(path, []byte(tt.content), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := reports.Load(path)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Load: %v", err)
			case tt.want != "" && err == nil:
				t.Errorf("Load accepts it, want %q", tt.want)
			case tt.want != "" && !(strings.Contains(err.Error(), tt.want) && strings.Contains(err.Error(), path)):
				t.Errorf("Load: %v\nwant %q and the path", err, tt.want)
			}
		})
	}
}

func TestLoadNoFile(t *testing.T) {
	if _, err := reports.Load(filepath.Join(t.TempDir(), "none.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of no file: %v", err)
	}
	if _, err := reports.Load(t.TempDir()); err == nil {
		t.Error("Load of an empty directory gives a report")
	}
}

func TestLoadRecoversAStream(t *testing.T) {
	tests := []struct {
		name    string
		results []reports.Result
		owed    []string
		cut     int
		want    reports.Outcome
		counts  reports.Counts
		notes   int
	}{
		{"before the first result", nil, []string{"chain/a"}, 0, reports.Incomplete, reports.Counts{Missing: 1}, 1},
		{"some missing", passes(), []string{"chain/a"}, 0, reports.Incomplete, reports.Counts{Pass: 4, Missing: 1}, 1},
		{"only the end missing", passes(), nil, 0, reports.Incomplete, reports.Counts{Pass: 4}, 1},
		{"last line cut short", passes(), nil, 10, reports.Incomplete, reports.Counts{Pass: 3, Missing: 1}, 2},
		{"last line without its end", passes(), nil, 1, reports.Incomplete, reports.Counts{Pass: 3, Missing: 1}, 2},
		{"with a failure", append(passes(), failure()), []string{"chain/a"}, 0, reports.NotConformant, reports.Counts{Pass: 4, Fail: 1, Missing: 1}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			w := record(t, dir, run(tt.results, reports.End{}, tt.owed...))
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, reports.StreamName)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, info.Size()-int64(tt.cut)); err != nil {
				t.Fatal(err)
			}
			got, err := reports.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got.Outcome != tt.want || got.ExitCode != tt.want.ExitCode() {
				t.Errorf("outcome %q (%d), want %q", got.Outcome, got.ExitCode, tt.want)
			}
			if diff := cmp.Diff(tt.counts, got.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if len(got.Notes) != tt.notes || len(got.Reasons) == 0 {
				t.Errorf("notes %q, reasons %q", got.Notes, got.Reasons)
			}
			if got.Clauses[0].Text == "" {
				t.Error("the clauses have lost their text")
			}
		})
	}
}

func TestLoadRefusesADamagedStream(t *testing.T) {
	dir := t.TempDir()
	if err := record(t, dir, run(passes(), reports.End{})).Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, reports.StreamName)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(good, []byte("\n"))
	tests := []struct {
		name    string
		content []byte
		want    string
	}{
		{"no header", bytes.Join(lines[1:], nil), "header: "},
		{"header cut short", lines[0][:len(lines[0])/2], "header: "},
		{"another schema", bytes.Replace(good, []byte("stream/v1"), []byte("stream/v9"), 1), "this version reads"},
		{"a line in the middle", bytes.Join([][]byte{lines[0], lines[1][:9], []byte("\n"), lines[2]}, nil), "result in line 2 of the stream"},
		{"empty", nil, "header: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(path, tt.content, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := reports.Load(path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load: %v, want %q", err, tt.want)
			}
		})
	}
}

// FuzzParse: no input makes Parse panic, and what it accepts it accepts again,
// with the same meaning, after it was written.
func FuzzParse(f *testing.F) {
	// Small seeds: the engine spends its time minimizing large ones.
	small := reports.Header{Tool: header().Tool, Selected: []string{failure().ID}}
	f.Add([]byte(encode(f, reports.Assemble(small, []reports.Result{failure()}, reports.End{}))))
	f.Add([]byte(encode(f, reports.Assemble(small, nil, reports.End{Interrupted: true, Notes: []string{"a note"}}))))
	f.Add([]byte(encode(f, reports.Assemble(small, nil, reports.End{Unreachable: "connection refused"}))))
	f.Add([]byte(`{"schema":"chainmail/results/v1"}`))
	f.Add([]byte(`{"schema":"chainmail/results/v1","SCHEMA":[[{"a":1,"A":2}]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := reports.Parse(data)
		if err != nil {
			return
		}
		again, err := reports.Parse([]byte(encode(t, r)))
		if err != nil {
			t.Fatalf("written, it is refused: %v", err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("written, it means something else (-first +again):\n%s", diff)
		}
		if reports.Count(r.Selected, r.Specs) != again.Counts {
			t.Error("counts do not fit the results")
		}
	})
}

// FuzzRecover: no stream makes Load panic, or conformant.
func FuzzRecover(f *testing.F) {
	dir := f.TempDir()
	h := reports.Header{Tool: header().Tool, Selected: []string{passes()[0].ID}}
	w, err := reports.Create(dir, h)
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range passes()[:1] {
		if err := w.Add(r); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(filepath.Join(dir, reports.StreamName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-20])
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := reports.Recover(data)
		if err == nil && r.Outcome == reports.Conformant {
			t.Error("a run that broke off is conformant")
		}
	})
}
