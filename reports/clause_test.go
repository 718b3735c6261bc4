package reports_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

func TestRollUp(t *testing.T) {
	catalogue := []reports.Clause{
		{ID: "DC-A-01", Level: reports.LevelMust, Text: "first"},
		{ID: "DC-A-02", Level: reports.LevelMust, Text: "second"},
		{ID: "DC-A-03", Level: reports.LevelShould, Text: "third"},
		{ID: "DC-A-04", Level: reports.LevelMay, Text: "fourth"},
	}
	reasons := []reports.Untested{
		{ID: "DC-A-03", Reason: "binds the device"},
		{ID: "DC-A-02", Reason: "outdated: a spec cites it"},
		{ID: "DC-Z-01", Reason: "of another edition"},
	}
	results := []reports.Result{
		{ID: "x/1", Clauses: []string{"DC-A-01", "DC-A-02"}, Verdict: reports.Pass},
		{ID: "x/2", Clauses: []string{"DC-A-01"}, Verdict: reports.Fail},
		{ID: "x/3", Clauses: []string{"DC-A-01", "DC-A-01"}, Verdict: reports.Inconclusive},
		{ID: "x/4", Clauses: []string{"DC-A-02"}, Verdict: reports.NotApplicable},
		{ID: "x/5", Clauses: []string{"DC-NEW-01"}, Level: reports.LevelMust, Verdict: reports.Warn},
	}
	clauses, untested := reports.RollUp(catalogue, reasons, results)
	wantClauses := []reports.Clause{
		{ID: "DC-A-01", Level: "must", Text: "first", Verdict: reports.Fail, Specs: []string{"x/1", "x/2", "x/3"}},
		{ID: "DC-A-02", Level: "must", Text: "second", Verdict: reports.Pass, Specs: []string{"x/1", "x/4"}},
		{ID: "DC-A-03", Level: "should", Text: "third"},
		{ID: "DC-A-04", Level: "may", Text: "fourth"},
		{ID: "DC-NEW-01", Level: "must", Verdict: reports.Warn, Specs: []string{"x/5"}},
	}
	wantUntested := []reports.Untested{
		{ID: "DC-A-03", Reason: "binds the device"},
		{ID: "DC-A-04", Reason: reports.ReasonNotSelected},
		{ID: "DC-Z-01", Reason: "of another edition"},
	}
	if diff := cmp.Diff(wantClauses, clauses); diff != "" {
		t.Errorf("clauses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantUntested, untested); diff != "" {
		t.Errorf("untested (-want +got):\n%s", diff)
	}
	if catalogue[0].Verdict != "" {
		t.Error("the catalogue was changed")
	}
}

func TestRollUpAgainGivesTheSame(t *testing.T) {
	catalogue := []reports.Clause{{ID: "DC-A-01", Level: "must", Text: "first"}, {ID: "DC-A-02", Level: "may", Text: "second"}}
	results := []reports.Result{{ID: "x/1", Clauses: []string{"DC-A-01"}, Verdict: reports.Pass}}
	clauses, untested := reports.RollUp(catalogue, nil, results)
	again, untestedAgain := reports.RollUp(clauses, untested, results)
	if diff := cmp.Diff(clauses, again); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(untested, untestedAgain); diff != "" {
		t.Error(diff)
	}
}
