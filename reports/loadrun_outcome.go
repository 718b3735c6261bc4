package reports

import (
	"fmt"
	"slices"
)

// LoadOutcome is what a load run comes to.
type LoadOutcome string

// The outcomes of a load run. Unreachable is decided before the first arrival.
const (
	LoadMet           LoadOutcome = "met"            // Every threshold, and nobody was wrongly admitted.
	LoadNotConformant LoadOutcome = "not-conformant" // A bad device was admitted.
	LoadIncomplete    LoadOutcome = "incomplete"     // Holes, or arrivals without a result.
	LoadUnreachable   LoadOutcome = "unreachable"    // The target accepts no connection.
	LoadFaulty        LoadOutcome = "error"          // Our own fault.
	LoadMissed        LoadOutcome = "missed"         // A threshold.
	LoadDisturbed     LoadOutcome = "disturbed"      // The generator was the bottleneck.
	LoadInterrupted   LoadOutcome = "interrupted"
)

// LoadOutcomes returns every outcome of a load run.
func LoadOutcomes() []LoadOutcome {
	return []LoadOutcome{
		LoadMet, LoadNotConformant, LoadIncomplete, LoadUnreachable, LoadFaulty, LoadMissed, LoadDisturbed, LoadInterrupted,
	}
}

// Known reports whether o is one of LoadOutcomes.
func (o LoadOutcome) Known() bool { return slices.Contains(LoadOutcomes(), o) }

// ExitCode returns the exit code of the command for o. An outcome that is not
// known is our own fault.
func (o LoadOutcome) ExitCode() int {
	switch o {
	case LoadMet:
		return 0
	case LoadNotConformant:
		return 1
	case LoadIncomplete:
		return 3
	case LoadUnreachable:
		return 4
	case LoadMissed:
		return 6
	case LoadDisturbed:
		return 7
	case LoadInterrupted:
		return 130
	default:
		return 5
	}
}

// LoadEnd says how a load run ended, beside what was measured.
type LoadEnd struct {
	// Unreachable and Fault say what ended the run before its time. Optional.
	Unreachable, Fault string
	Interrupted        bool
}

// JudgeLoad computes the outcome of r, and the reasons in the order of their
// weight, from what r holds and how the run ended. Where several outcomes hold,
// unreachable wins over error, that over interrupted, not conformant, disturbed,
// incomplete, missed, in this order.
func JudgeLoad(r LoadReport, end LoadEnd) (LoadOutcome, []string) {
	var reasons []string
	outcome := LoadMet
	add := func(o LoadOutcome, lines ...string) {
		if len(lines) > 0 && outcome == LoadMet {
			outcome = o
		}
		reasons = append(reasons, lines...)
	}
	if end.Unreachable != "" {
		add(LoadUnreachable, end.Unreachable)
	}
	if end.Fault != "" {
		add(LoadFaulty, end.Fault)
	}
	if end.Interrupted {
		add(LoadInterrupted, "the run was interrupted")
	}
	add(LoadNotConformant, r.wronglyAdmitted()...)
	add(LoadDisturbed, r.Disturbed...)
	for _, o := range r.Overlaps {
		add(LoadDisturbed, fmt.Sprintf("two attempts of shard %d both told of %s", o.Shard, o))
	}
	add(LoadIncomplete, r.lacks()...)
	for _, t := range r.Thresholds {
		if !t.Met && (t.Measured || r.due() > 0) { // of a run without arrivals enough is said
			add(LoadMissed, fmt.Sprintf("threshold missed: %s, observed %s", t.Text, t.Observed))
		}
	}
	return outcome, reasons
}

// wronglyAdmitted says how many bad devices the platform let in.
func (r LoadReport) wronglyAdmitted() []string {
	var n uint64
	for _, a := range r.Arrivals {
		n += a.Admitted
	}
	if n == 0 {
		return nil
	}
	reason := tallied(n, "device that must be refused was", "devices that must be refused were") + " admitted"
	for i, a := range r.Admitted {
		reason += map[bool]string{true: ": ", false: ", "}[i == 0] + fmt.Sprintf("%s (%d)", a.Case, a.Count)
	}
	return []string{reason}
}

// due counts the arrivals whose moment has come.
func (r LoadReport) due() (n uint64) {
	for _, a := range r.Arrivals {
		n += a.Due
	}
	return n
}

// lacks says what the run owes.
func (r LoadReport) lacks() []string {
	var reasons []string
	if r.BrokeOff {
		reasons = append(reasons, "the run broke off before its report was written")
	}
	for _, h := range r.Holes {
		reasons = append(reasons, fmt.Sprintf("shard %d told nothing of %s", h.Shard, h))
	}
	due := r.due()
	var unaccounted int64
	for _, a := range r.Arrivals {
		unaccounted += a.Unaccounted
	}
	switch {
	case unaccounted == 1:
		reasons = append(reasons, "1 arrival has no result")
	case unaccounted != 0:
		reasons = append(reasons, fmt.Sprintf("%d arrivals have no result", unaccounted))
	}
	if planned := uint64(max(r.Plan.Devices, 0)); due < planned && r.Early == "" {
		reasons = append(reasons, fmt.Sprintf("%d of %d arrivals never came due", planned-due, planned))
	}
	if due == 0 {
		reasons = append(reasons, "nothing was measured")
	}
	return reasons
}

// String writes the span as a person reads it.
func (s LoadSpan) String() string {
	if s.To == 0 {
		return shortSpan(s.From) + " to the end"
	}
	return shortSpan(s.From) + " to " + shortSpan(s.To)
}

func tallied(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
