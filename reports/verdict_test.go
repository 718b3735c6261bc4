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
