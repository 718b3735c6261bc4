package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// program judges itself: it ends with exit code 1 where the answer is not right.
const program = `package main

import "os"

func answer() int { return 41 + 1 }

func unseen() int { return 7 }

func main() {
	for i := 0; i < 3; i++ {
		unseen()
	}
	if answer() != 42 {
		fail(1)
	}
}

func fail(code int) { os.Exit(code + 0) }
`

// workshop returns a lab for a module that holds the program alone.
func workshop(t *testing.T) *lab {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module program\n\ngo 1.26\n", "main.go": program} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := part{files: []string{"main.go"}}
	return &lab{
		subject: subject{
			parts:  []part{p},
			build:  []string{"go", "build", "-overlay", "{overlay}", "-o", "{bin}", "."},
			cover:  []string{"go", "build", "-cover", "-o", "{bin}", "."},
			judges: []judge{{"the program", []string{"{bin}", "{first}"}}},
		},
		root: dir, module: "program", dir: t.TempDir(), of: map[string]part{"main.go": p}, floor: time.Second,
	}
}

func TestFates(t *testing.T) {
	l := workshop(t)
	all, _, err := l.subject.mutants(l.root)
	if err != nil {
		t.Fatal(err)
	}
	fates := map[string]fate{
		"main.go answer operator: + → -":                    killed,
		"main.go unseen constant: 7 → 8":                    survived,
		"main.go main remove: i++ → ":                       timedOut,
		"main.go main remove: unseen() → { }":               survived,
		"main.go fail operator: + → -":                      survived,
		"main.go main constant: 1 → 2":                      survived,
		"main.go answer constant: 41 → 42":                  argued,
		"main.go answer early return:  → return *new(int);": killed,
	}
	var chosen []mutant
	want := make(map[string]fate)
	for _, m := range all {
		if f, ok := fates[m.key()]; ok {
			chosen = append(chosen, m)
			want[m.key()] = f
		}
	}
	known := arguments{"main.go answer constant: 41 → 42": "nobody counts"}
	verdicts, err := options{jobs: 2}.tryAll(t.Context(), l, chosen, known, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]fate)
	for _, v := range verdicts {
		got[v.key()] = v.Fate
		if unreached := v.Function == "fail" || v.Mutation == "constant: 1 → 2"; unreached != (v.By == "no judge reaches it") {
			t.Errorf("%s: decided by %q", v.key(), v.By)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(want) != 8 {
		t.Errorf("%d mutants of the program were known, want 8", len(want))
	}
}

// Judges that do not pass the code as it is are no judges.
func TestControlMustPass(t *testing.T) {
	l := workshop(t)
	l.subject.judges = []judge{{"the strict one", []string{"false"}}}
	if _, err := (options{}).tryAll(t.Context(), l, nil, nil, io.Discard); err == nil {
		t.Error("a judge that always fails was taken")
	}
}

func TestFirstBuilt(t *testing.T) {
	done := []tried{
		{3, verdict{Fate: survived}}, {0, verdict{Fate: unbuilt}}, {2, verdict{Fate: killed}}, {1, verdict{Fate: argued}},
	}
	var got []fate
	for _, v := range firstBuilt(done, 2) {
		got = append(got, v.Fate)
	}
	if diff := cmp.Diff([]fate{unbuilt, argued, killed}, got); diff != "" {
		t.Error(diff)
	}
}

func TestConclude(t *testing.T) {
	dir := t.TempDir()
	var stdout bytes.Buffer
	m := mutant{File: "a.go", Function: "f", Mutation: "constant: 1 → 2", Line: 7}
	verdicts := []verdict{{mutant: m, Fate: survived, Diff: "-1\n+2\n"}, {Fate: killed}, {Fate: timedOut}, {Fate: killed}, {Fate: argued}, {Fate: unbuilt}}
	code, err := conclude(&stdout, options{subject: "platform", seed: 3, out: dir}, verdicts, nil)
	if code != exitSurvived || err != nil {
		t.Errorf("exit code %d, error %v, want %d", code, err, exitSurvived)
	}
	want := "survived  a.go:7: f: constant: 1 → 2\n-1\n+2\n\n2 killed, 1 timed out, 1 survived (75.0 % noticed), 1 argued, 1 did not build\n"
	if diff := cmp.Diff(want, stdout.String()); diff != "" {
		t.Error(diff)
	}
	data, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r results
	if err := json.Unmarshal(data, &r); err != nil || len(r.Verdicts) != len(verdicts) || r.Seed != 3 {
		t.Errorf("results %+v, %v", r, err)
	}
	if code, _ := conclude(&stdout, options{out: dir}, verdicts[1:], nil); code != exitOK {
		t.Errorf("exit code %d where nothing survived, want %d", code, exitOK)
	}
}
