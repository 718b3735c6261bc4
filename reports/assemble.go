package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// End is how a run came to its end. The zero value: it ran through.
type End struct {
	Finished    time.Time
	Interrupted bool // Somebody stopped it; what had been judged is reported.
	// Unreachable is the reason why the target could not be tried at all.
	// Ignored when there are results, which then say it better.
	Unreachable string
	// Fault is a fault of the tester outside any spec. Optional.
	Fault string
	// Notes go into the report as they are. Optional.
	Notes []string
}

// Assemble makes the report of a run from its three parts, none of which it
// changes: what was known before, the results, and how it ended. Results are
// put into the order of Selected, so that the order in which parallel specs
// ended does not show; those that were not selected come last.
func Assemble(h Header, results []Result, end End) Report {
	h.Waivers, results = waive(h, results)
	outcome, reasons := Judge(h.Selected, results, h.Strict, end.Interrupted)
	if owed := notRun(h.MustRun, results); len(owed) > 0 {
		reasons = append(reasons, fmt.Sprintf("%s that the profile must run did not apply: %s", specs(len(owed)), strings.Join(owed, ", ")))
		if outcome == Conformant {
			outcome = Incomplete
		}
	}
	if broken := brokenWaivers(h.Waivers); len(broken) > 0 {
		reasons = append(reasons, broken...)
		if outcome == Conformant || outcome == Incomplete {
			outcome = NotConformant
		}
	}
	switch {
	case end.Unreachable != "" && len(results) == 0:
		outcome, reasons = Unreachable, []string{end.Unreachable}
	case end.Fault != "":
		outcome, reasons = Faulty, slices.Concat([]string{end.Fault}, reasons)
	}
	ordered := inOrder(h.Selected, results)
	h.Clauses, h.Untested = RollUp(h.Clauses, h.Untested, ordered)
	return canonical(Report{
		Outcome:  outcome,
		ExitCode: outcome.ExitCode(),
		Reasons:  reasons,
		Counts:   Count(h.Selected, results),
		Header:   h,
		Finished: end.Finished,
		Specs:    ordered,
		Notes:    end.Notes,
	})
}

// notRun lists what must be run and was not applicable. What has no result at all
// is missing, and counted as such.
func notRun(must []string, results []Result) []string {
	var owed []string
	for _, r := range results {
		if r.Verdict == NotApplicable && slices.Contains(must, r.ID) {
			owed = append(owed, r.ID)
		}
	}
	slices.Sort(owed)
	return owed
}

// inOrder returns a copy of results sorted as selected has their ids.
func inOrder(selected []string, results []Result) []Result {
	at := make(map[string]int, len(selected))
	for i, id := range slices.Backward(selected) {
		at[id] = i
	}
	place := func(r Result) int {
		if i, ok := at[r.ID]; ok {
			return i
		}
		return len(selected)
	}
	sorted := append([]Result{}, results...)
	slices.SortStableFunc(sorted, func(a, b Result) int { return place(a) - place(b) })
	return sorted
}

// canonical is r as it is written: with its schema, with empty lists instead
// of none, with addresses that show no credentials.
func canonical(r Report) Report {
	r.Schema = Schema
	r.Header = canonicalHeader(r.Header)
	if r.Specs == nil {
		r.Specs = []Result{}
	}
	return r
}

func canonicalHeader(h Header) Header {
	h.Target = h.Target.redacted()
	if h.Clauses == nil {
		h.Clauses = []Clause{}
	}
	if h.Untested == nil {
		h.Untested = []Untested{}
	}
	if h.Selected == nil {
		h.Selected = []string{}
	}
	return h
}
