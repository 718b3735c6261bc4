package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/claim"
)

// A matrixRow is one run of the specs against the reference platform: with a
// deviation, or as it is. Its lists hold ids of specs without their axes.
type matrixRow struct {
	deviation refimpl.Deviation // the zero value: as it is
	claim     claim.Claim

	outcome      reports.Outcome
	ran          []string // every spec that was run
	found        []string // fail or warn: the platform contradicted them
	inconclusive []string
	faults       []string // error: ours
}

// read takes down what a report says of each spec.
func (r *matrixRow) read(report reports.Report) {
	r.outcome = report.Outcome
	note := func(list *[]string, id string) {
		if !slices.Contains(*list, id) {
			*list = append(*list, id)
		}
	}
	for _, s := range report.Specs {
		switch s.Verdict {
		case reports.NotApplicable:
			continue
		case reports.Fail, reports.Warn:
			note(&r.found, s.Spec)
		case reports.Inconclusive:
			note(&r.inconclusive, s.Spec)
		case reports.Error:
			note(&r.faults, s.Spec)
		}
		note(&r.ran, s.Spec)
	}
	for _, list := range []*[]string{&r.ran, &r.found, &r.inconclusive, &r.faults} {
		slices.Sort(*list)
	}
}

func (r matrixRow) title() string { return cmp.Or(r.deviation.Name, "as it is") }

// claimed are the specs of this run that must find the deviation.
func (r matrixRow) claimed() []string {
	return slices.DeleteFunc(slices.Clone(r.ran), func(id string) bool { return !r.claim.Finds(id) })
}

// summary is the row in one line.
func (r matrixRow) summary() string {
	switch {
	case r.deviation.Name == "":
		return fmt.Sprintf("as it is: %s", r.outcome)
	case r.claim.Unreliable != "":
		return fmt.Sprintf("%s (%s): %s, as an unreliable platform must be", r.deviation.Name, r.deviation.Clause, r.outcome)
	}
	claimed := r.claimed()
	missed := without(claimed, r.found)
	return fmt.Sprintf("%s (%s): found by %d of %d specs that claim it", r.deviation.Name, r.deviation.Clause, len(claimed)-len(missed), len(claimed))
}

// problems says what did not come out as it must, a line each.
func (r matrixRow) problems() []string {
	var all []string
	add := func(what string, ids []string) {
		for _, id := range ids {
			all = append(all, what+": "+id)
		}
	}
	add("our own fault", r.faults)
	switch {
	case r.deviation.Name == "":
		add("does not pass", r.found)
		add("inconclusive", r.inconclusive)
		if r.outcome != reports.Conformant {
			all = append(all, "the platform as it is must be conformant")
		}
		return all
	case r.outcome == reports.Conformant:
		all = append(all, "the platform was found conformant")
	}
	if r.claim.Unreliable != "" {
		return all
	}
	claimed := r.claimed()
	if len(claimed) == 0 {
		all = append(all, "no spec that claims it was run")
	}
	add("did not find it", without(claimed, r.found))
	for _, id := range r.ran {
		passed := !slices.Contains(r.found, id) && !slices.Contains(r.inconclusive, id)
		switch explained := r.claim.Explains(id); {
		case slices.Contains(r.found, id) && !explained:
			all = append(all, "found it, and nobody claims so: "+id)
		case slices.Contains(r.inconclusive, id) && !explained && r.claim.Inconclusive == "":
			all = append(all, "inconclusive, and nobody said why: "+id)
		case passed && explained && !r.claim.Finds(id):
			all = append(all, "is said to be dragged along, and passed: "+id)
		}
	}
	return all
}

// without returns what of a is not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
