package reports_test

import (
	"testing"

	"github.com/chainmail-iot/chainmail/reports"
)

func TestVerdictWorse(t *testing.T) {
	order := append([]reports.Verdict{""}, reports.Verdicts()...)
	for i, a := range order {
		for j, b := range order {
			if got, want := a.Worse(b), i > j; got != want {
				t.Errorf("%q.Worse(%q) = %t, want %t", a, b, got, want)
			}
		}
	}
}

func TestVerdictUnknownIsAsBadAsError(t *testing.T) {
	passed := reports.Verdict("passed")
	if passed.Known() {
		t.Error("a word of another tool is a known verdict")
	}
	if !passed.Worse(reports.Fail) {
		t.Error("an unknown verdict must not hide behind a fail")
	}
	if passed.Worse(reports.Error) {
		t.Error("an unknown verdict is no worse than error")
	}
}

// An id is missing once, however often it was selected.
func TestCountMissing(t *testing.T) {
	want := reports.Counts{Pass: 2, Error: 1, Missing: 1}
	got := reports.Count([]string{"a", "a", "b"}, []reports.Result{{ID: "b", Verdict: reports.Pass}, {ID: "b", Verdict: reports.Pass}, {ID: "x", Verdict: "unheard of"}})
	if got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}
