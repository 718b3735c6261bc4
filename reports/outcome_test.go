package reports_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

// verdicts makes one result a verdict, with the ids "0", "1", ….
func verdicts(vs ...reports.Verdict) (selected []string, results []reports.Result) {
	for i, v := range vs {
		id := fmt.Sprint(i)
		selected = append(selected, id)
		results = append(results, reports.Result{ID: id, Verdict: v})
	}
	return selected, results
}

// TestJudgeEveryCombination tries every set of verdicts, with and without a
// missing spec, strict, and an interruption, against the rules as written down.
func TestJudgeEveryCombination(t *testing.T) {
	all := reports.Verdicts()
	for set := range 1 << len(all) {
		var vs []reports.Verdict
		has := map[reports.Verdict]bool{}
		for i, v := range all {
			if set&(1<<i) != 0 {
				vs = append(vs, v)
				has[v] = true
			}
		}
		for flags := range 8 {
			missing, strict, interrupted := flags&1 != 0, flags&2 != 0, flags&4 != 0
			selected, results := verdicts(vs...)
			if missing {
				selected = append(selected, "missing")
			}
			judged := has[reports.Pass] || has[reports.Warn] || has[reports.Fail] || has[reports.UnexpectedPass]
			want := reports.Conformant
			switch {
			case has[reports.Error]:
				want = reports.Faulty
			case interrupted:
				want = reports.Interrupted
			case has[reports.Fail], has[reports.UnexpectedPass], strict && has[reports.Warn]:
				want = reports.NotConformant
			case missing, has[reports.Inconclusive], !judged:
				want = reports.Incomplete
			}
			got, reasons := reports.Judge(selected, results, strict, interrupted)
			if got != want {
				t.Errorf("%v missing=%t strict=%t interrupted=%t: got %q, want %q", vs, missing, strict, interrupted, got, want)
			}
			if got, want := slices.Contains(reasons, "no spec judged the target"), !judged && len(selected) > 0; got != want {
				t.Errorf("%v missing=%t: said that no spec judged the target: %t, want %t", vs, missing, got, want)
			}
			if (got == reports.Conformant) != (len(reasons) == 0) {
				t.Errorf("%v missing=%t strict=%t interrupted=%t: %q with reasons %q", vs, missing, strict, interrupted, got, reasons)
			}
		}
	}
}

func TestJudgeRegistry(t *testing.T) {
	pass := func(ids ...string) (rs []reports.Result) {
		for _, id := range ids {
			rs = append(rs, reports.Result{ID: id, Verdict: reports.Pass})
		}
		return rs
	}
	fail := reports.Result{ID: "x", Verdict: reports.Fail}
	tests := []struct {
		name     string
		selected []string
		results  []reports.Result
		want     reports.Outcome
		reasons  []string
	}{
		{"each has one", []string{"a", "b"}, pass("b", "a"), reports.Conformant, nil},
		{"nothing selected", nil, nil, reports.Incomplete, []string{"no spec was selected"}},
		{"nothing selected, yet a result", nil, pass("a"), reports.Incomplete, []string{"no spec was selected"}},
		{"no results at all", []string{"a"}, nil, reports.Incomplete, []string{"1 spec selected, without a result", "no spec judged the target"}},
		{"one missing", []string{"a", "b", "c"}, pass("a"), reports.Incomplete, []string{"2 specs selected, without a result"}},
		{"one twice", []string{"a", "b"}, pass("a", "b", "b"), reports.Incomplete, []string{"1 spec with more than one result"}},
		{"one that was not selected", []string{"a"}, pass("a", "x"), reports.Incomplete, []string{"1 spec with a result, not selected"}},
		{"a failure that was not selected", []string{"a"}, append(pass("a"), fail), reports.NotConformant, []string{"1 spec failed", "1 spec with a result, not selected"}},
		{"one selected twice", []string{"a", "a"}, pass("a"), reports.Incomplete, []string{"1 spec selected more than once"}},
		{"all of that", []string{"a", "b", "c", "c"}, pass("b", "b", "x"), reports.Incomplete, []string{
			"1 spec selected, without a result", "1 spec with more than one result", "1 spec with a result, not selected", "1 spec selected more than once",
		}},
		{"one selected twice, run twice", []string{"a", "a"}, pass("a", "a"), reports.Incomplete, []string{"1 spec selected more than once"}},
		{"a word that is no verdict", []string{"a"}, []reports.Result{{ID: "a", Verdict: "passed"}}, reports.Faulty, []string{"1 spec ended in an error of the tester", "no spec judged the target"}},
		{"no verdict", []string{"a", "b"}, append(pass("a"), reports.Result{ID: "b"}), reports.Faulty, []string{"1 spec ended in an error of the tester"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, reasons := reports.Judge(tt.selected, tt.results, false, false)
			if got != tt.want {
				t.Errorf("outcome %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.reasons, reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOutcomeExitCode(t *testing.T) {
	want := map[reports.Outcome]int{
		reports.Conformant: 0, reports.NotConformant: 1, reports.Incomplete: 3,
		reports.Unreachable: 4, reports.Faulty: 5, reports.Interrupted: 130,
		"": 5, "green": 5,
	}
	for o, code := range want {
		if got := o.ExitCode(); got != code {
			t.Errorf("%q has exit code %d, want %d", o, got, code)
		}
	}
	for _, o := range reports.Outcomes() {
		if _, ok := want[o]; !ok {
			t.Errorf("%q is not in this table", o)
		}
	}
}

func TestAssembleEnd(t *testing.T) {
	selected, passed := verdicts(reports.Pass)
	h := reports.Header{Selected: selected}
	tests := []struct {
		name    string
		results []reports.Result
		end     reports.End
		want    reports.Outcome
		reasons []string
	}{
		{"ran through", passed, reports.End{}, reports.Conformant, nil},
		{"unreachable", nil, reports.End{Unreachable: "connection refused"}, reports.Unreachable, []string{"connection refused"}},
		{"unreachable, yet results", passed, reports.End{Unreachable: "connection refused"}, reports.Conformant, nil},
		{"fault outside a spec", passed, reports.End{Fault: "the disk is full", Interrupted: true}, reports.Faulty, []string{"the disk is full", "the run was interrupted"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := reports.Assemble(h, tt.results, tt.end)
			if r.Outcome != tt.want || r.ExitCode != tt.want.ExitCode() {
				t.Errorf("outcome %q (%d), want %q", r.Outcome, r.ExitCode, tt.want)
			}
			if diff := cmp.Diff(tt.reasons, r.Reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAssembleSortsAndKeepsTheInput(t *testing.T) {
	results := []reports.Result{{ID: "stray"}, {ID: "b"}, {ID: "a"}, {ID: "b", Title: "again"}}
	h := reports.Header{Selected: []string{"a", "b", "c"}, Clauses: []reports.Clause{{ID: "DC-ID-01"}}}
	r := reports.Assemble(h, results, reports.End{Finished: time.Unix(0, 0)})
	want := []reports.Result{{ID: "a"}, {ID: "b"}, {ID: "b", Title: "again"}, {ID: "stray"}}
	if diff := cmp.Diff(want, r.Specs); diff != "" {
		t.Errorf("specs (-want +got):\n%s", diff)
	}
	if results[0].ID != "stray" || len(h.Untested) != 0 {
		t.Error("the input was changed")
	}
	if r.Counts.Missing != 1 {
		t.Errorf("%d missing, want 1", r.Counts.Missing)
	}
}

// What must be run and was not applicable leaves a run incomplete, however well
// the rest of it went.
func TestAssembleMustRun(t *testing.T) {
	results := append(passes(), notApplicable("three"))
	for _, tt := range []struct {
		must    []string
		outcome reports.Outcome
	}{
		{nil, reports.Conformant},
		{[]string{passes()[0].ID}, reports.Conformant},
		{[]string{passes()[0].ID, notApplicable("three").ID}, reports.Incomplete},
	} {
		h := header()
		h.MustRun = tt.must
		for _, r := range results {
			h.Selected = append(h.Selected, r.ID)
		}
		r := reports.Assemble(h, results, reports.End{Finished: noon().Add(time.Minute)})
		if r.Outcome != tt.outcome || (len(r.Reasons) == 0) != (tt.outcome == reports.Conformant) {
			t.Errorf("must run %v: %s %q, want %s", tt.must, r.Outcome, r.Reasons, tt.outcome)
		}
	}
}
