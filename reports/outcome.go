package reports

import (
	"fmt"
	"slices"
)

// Outcome is what a whole run comes to.
type Outcome string

// The outcomes. Unreachable is never computed from results: it is decided
// before the first spec, when the target does not answer at all.
const (
	Conformant    Outcome = "conformant"
	NotConformant Outcome = "not-conformant"
	Incomplete    Outcome = "incomplete"
	Unreachable   Outcome = "unreachable"
	Faulty        Outcome = "error" // The tester's own fault.
	Interrupted   Outcome = "interrupted"
)

// Outcomes returns every outcome.
func Outcomes() []Outcome {
	return []Outcome{Conformant, NotConformant, Incomplete, Unreachable, Faulty, Interrupted}
}

// Known reports whether o is one of Outcomes.
func (o Outcome) Known() bool { return slices.Contains(Outcomes(), o) }

// ExitCode returns the exit code of the command for o. An outcome that is not
// known is the tester's own fault.
func (o Outcome) ExitCode() int {
	switch o {
	case Conformant:
		return 0
	case NotConformant:
		return 1
	case Incomplete:
		return 3
	case Unreachable:
		return 4
	case Interrupted:
		return 130
	default:
		return 5
	}
}

// Judge computes the outcome of a run from the ids it owed, the results it
// has, and nothing else; with it come the reasons, one line each, in the order
// of their weight. It is conformant only if every selected id is there once
// and has exactly one result, none of the results harms, and at least one of
// them judged the target. A result that was not selected counts too, since a
// contradiction must not be lost, and makes the run incomplete.
//
// Where several outcomes hold, error wins over interrupted, that over not
// conformant, that over incomplete.
func Judge(selected []string, results []Result, strict, interrupted bool) (Outcome, []string) {
	c := Count(nil, results)
	var reasons []string
	outcome := Conformant
	add := func(o Outcome, lines ...string) {
		if len(lines) > 0 && outcome == Conformant {
			outcome = o
		}
		reasons = append(reasons, lines...)
	}
	add(Faulty, tally(c.Error, "ended in an error of the tester")...)
	if interrupted {
		add(Interrupted, "the run was interrupted")
	}
	add(NotConformant, tally(c.Fail, "failed")...)
	add(NotConformant, tally(c.UnexpectedPass, "passed that a waiver says does not")...)
	if strict {
		add(NotConformant, tally(c.Warn, "broke a SHOULD, which strict counts as a MUST")...)
	}
	add(Incomplete, tally(c.Inconclusive, "inconclusive")...)
	add(Incomplete, gaps(selected, results)...)
	if len(selected) > 0 && c.Pass+c.Warn+c.Fail+c.UnexpectedPass == 0 {
		add(Incomplete, "no spec judged the target")
	}
	return outcome, reasons
}

// gaps compares what a run owes with what it has.
func gaps(selected []string, results []Result) []string {
	if len(selected) == 0 {
		return []string{"no spec was selected"}
	}
	owed, got := make(map[string]int), make(map[string]int)
	for _, id := range selected {
		owed[id]++
	}
	for _, r := range results {
		got[r.ID]++
	}
	var missing, repeated, stray, ambiguous int
	for id, n := range owed {
		switch {
		case n > 1:
			ambiguous++
		case got[id] == 0:
			missing++
		case got[id] > 1:
			repeated++
		}
	}
	for id := range got {
		if owed[id] == 0 {
			stray++
		}
	}
	return slices.Concat(
		tally(missing, "selected, without a result"),
		tally(repeated, "with more than one result"),
		tally(stray, "with a result, not selected"),
		tally(ambiguous, "selected more than once"),
	)
}

// tally is a reason about n specs, or none.
func tally(n int, what string) []string {
	switch n {
	case 0:
		return nil
	case 1:
		return []string{"1 spec " + what}
	default:
		return []string{fmt.Sprintf("%d specs %s", n, what)}
	}
}
