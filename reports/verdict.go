package reports

import "slices"

// Verdict is what a spec found. The zero value is no verdict.
type Verdict string

// The verdicts, from the mildest to the worst. Not-applicable is milder than
// pass so that a clause with one spec that passed and one that did not apply
// has passed. Inconclusive is worse than warn, because what could not be seen
// may have been a broken MUST; fail is worse than inconclusive, because later
// silence cannot undo a contradiction that was seen. Error is the worst: a
// fault of the tester makes everything around it doubtful.
const (
	// NotApplicable: the target does not declare what the spec needs.
	NotApplicable Verdict = "not-applicable"
	// Pass: the target did what the clause asks.
	Pass Verdict = "pass"
	// Waived: the spec went wrong in the way that a waiver expects.
	Waived Verdict = "waived"
	// Warn: the target contradicted a clause or case that is a SHOULD.
	Warn Verdict = "warn"
	// Inconclusive: the evidence allows neither pass nor fail; the control was
	// refused, the preamble failed, or a time-out left nothing to judge.
	Inconclusive Verdict = "inconclusive"
	// UnexpectedPass: the spec passed, and a waiver says that it does not.
	UnexpectedPass Verdict = "unexpected-pass"
	// Fail: the target contradicted the clause.
	Fail Verdict = "fail"
	// Error: the tester itself is at fault.
	Error Verdict = "error"
)

// Verdicts returns every verdict, from the mildest to the worst.
func Verdicts() []Verdict {
	return []Verdict{NotApplicable, Pass, Waived, Warn, Inconclusive, UnexpectedPass, Fail, Error}
}

// Known reports whether v is one of Verdicts.
func (v Verdict) Known() bool { return slices.Contains(Verdicts(), v) }

// Worse reports whether v is worse than the verdict than, in the order of
// Verdicts; only then may it overwrite it. Every verdict is worse than none,
// and a verdict that is not known is as bad as Error.
func (v Verdict) Worse(than Verdict) bool { return v.rank() > than.rank() }

func (v Verdict) rank() int {
	if v == "" {
		return -1
	}
	if i := slices.Index(Verdicts(), v); i >= 0 {
		return i
	}
	return len(Verdicts()) - 1
}

// Counts says how many results have which verdict.
type Counts struct {
	Pass          int `json:"pass"`
	Fail          int `json:"fail"`
	Warn          int `json:"warn"`
	Inconclusive  int `json:"inconclusive"`
	NotApplicable int `json:"notApplicable"`
	Error         int `json:"error"`
	// Waived and UnexpectedPass are what waivers have made of other verdicts.
	Waived         int `json:"waived"`
	UnexpectedPass int `json:"unexpectedPass"`
	// Missing counts the selected ids that have no result.
	Missing int `json:"missing"`
}

// Count tallies results by verdict; one that is not known counts as Error.
// Missing are the ids in selected that no result bears.
func Count(selected []string, results []Result) Counts {
	var c Counts
	seen := make(map[string]bool, len(results))
	for _, r := range results {
		seen[r.ID] = true
		*c.of(r.Verdict)++
	}
	for _, id := range selected {
		if !seen[id] {
			seen[id] = true
			c.Missing++
		}
	}
	return c
}

// Of returns the number of results with verdict v.
func (c Counts) Of(v Verdict) int { return *c.of(v) }

// Total returns the number of results, the missing ones not among them.
func (c Counts) Total() int {
	return c.Pass + c.Fail + c.Warn + c.Inconclusive + c.NotApplicable + c.Error + c.Waived + c.UnexpectedPass
}

func (c *Counts) of(v Verdict) *int {
	switch v {
	case Pass:
		return &c.Pass
	case Fail:
		return &c.Fail
	case Warn:
		return &c.Warn
	case Inconclusive:
		return &c.Inconclusive
	case NotApplicable:
		return &c.NotApplicable
	case Waived:
		return &c.Waived
	case UnexpectedPass:
		return &c.UnexpectedPass
	default:
		return &c.Error
	}
}
