package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/claim"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

// A matrixRow is one run of the specs against the reference platform: as it is,
// with a deviation, or with a pair of them. Its lists hold ids of specs without
// their axes.
type matrixRow struct {
	manner     string              // how it is as it is: "", or "refusing late"
	profile    suites.Profile      // what is asked
	config     string              // configuration file for that manner; "" none
	deviations []refimpl.Deviation // none: as it is
	claims     []claim.Claim       // about each of them
	others     []string            // nil: all; else which specs are run besides those of the claim

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

// title names the row.
func (r matrixRow) title() string {
	if len(r.deviations) > 0 {
		return strings.Join(r.names(), "+")
	}
	if r.manner != "" {
		return "as it is, " + r.manner
	}
	return "as it is"
}

func (r matrixRow) names() []string {
	var names []string
	for _, d := range r.deviations {
		names = append(names, d.Name)
	}
	return names
}

// args are what `chainmail conform` is told for this row. A deviation may break a
// SHOULD alone, so the run is strict. One TLS version is enough for what has
// nothing to do with TLS, and the page is left out, whose browser costs more than
// all else, where no spec of it is claimed; the platform as it is gets everything.
// A pair gets the specs that are claimed to find either.
func (r matrixRow) args() []string {
	args := []string{"--strict"}
	if r.profile.Name != "" {
		args = append(args, "--profile", r.profile.Name)
	}
	if r.config != "" {
		args = append(args, "--config", r.config)
	}
	if len(r.deviations) == 0 {
		return args
	}
	args = append(args, "--deviation", strings.Join(r.names(), ","))
	if !slices.ContainsFunc(r.claims, func(c claim.Claim) bool { return c.OverTLS }) {
		args = append(args, "--tls", "1.3")
	}
	var globs, finders []string
	for _, c := range r.claims {
		globs, finders = append(globs, c.Globs()...), append(finders, c.FoundBy...)
	}
	if len(r.deviations) > 1 {
		return append(args, "--only", strings.Join(finders, ","))
	}
	if r.others != nil {
		return append(args, "--only", strings.Join(append(globs, r.others...), ","))
	}
	args = append(args, "--only", strings.Join(append(globs, everySpec), ",")) // costly specs run where they are named
	if !slices.ContainsFunc(globs, func(glob string) bool { return strings.HasPrefix(glob, "web/") }) {
		args = append(args, "--skip", "web")
	}
	return args
}

// everySpec is the glob of all specs but the costly ones.
const everySpec = "*/*"

// claimed are the specs of this run that must find the deviation.
func (r matrixRow) claimed() []string {
	return slices.DeleteFunc(slices.Clone(r.ran), func(id string) bool {
		return r.amended(id) || !slices.ContainsFunc(r.claims, func(c claim.Claim) bool { return c.Finds(id) })
	})
}

// amended reports whether a spec asks for something else than the specification
// does, which is what claims are about.
func (r matrixRow) amended(id string) bool {
	return slices.ContainsFunc(r.profile.Amendments, func(a suites.Amendment) bool { return a.Spec == id })
}

// summary is the row in one line.
func (r matrixRow) summary() string {
	switch {
	case len(r.deviations) != 1:
		return fmt.Sprintf("%s: %s", r.title(), r.outcome)
	case r.claims[0].Unreliable != "":
		return fmt.Sprintf("%s (%s): %s, as an unreliable platform may be", r.title(), r.deviations[0].Clause, r.outcome)
	}
	claimed := r.claimed()
	missed := without(claimed, r.found)
	return fmt.Sprintf("%s (%s): found by %d of %d specs that claim it", r.title(), r.deviations[0].Clause, len(claimed)-len(missed), len(claimed))
}

// problems says what did not come out as it must, a line each.
func (r matrixRow) problems() []string {
	all := each("our own fault", r.faults)
	switch {
	case len(r.deviations) == 0:
		all = append(all, each("does not pass", r.found)...)
		all = append(all, each("inconclusive", r.inconclusive)...)
		if r.outcome != reports.Conformant {
			all = append(all, "the platform as it is must be conformant")
		}
		return all
	case r.outcome == reports.Conformant:
		all = append(all, "the platform was found conformant")
	}
	if len(r.deviations) > 1 || r.claims[0].Unreliable != "" {
		return all
	}
	return append(all, r.broken(r.claims[0])...)
}

// broken says in which ways the run does not keep the claim.
func (r matrixRow) broken(c claim.Claim) []string {
	claimed := r.claimed()
	missed := without(claimed, r.found)
	if len(r.profile.Amendments) > 0 && len(missed) < len(claimed) {
		missed = nil // where the platform is set up otherwise, some of those that claim it may not meet it
	}
	all := each("did not find it", missed)
	if len(claimed) == 0 {
		all = append(all, "no spec that claims it was run")
	}
	for _, id := range r.ran {
		if r.amended(id) {
			continue
		}
		found, inconclusive := slices.Contains(r.found, id), slices.Contains(r.inconclusive, id)
		switch explained := c.Explains(id); {
		case found && !explained:
			all = append(all, "found it, and nobody claims so: "+id)
		case inconclusive && !explained && c.Inconclusive == "":
			all = append(all, "inconclusive, and nobody said why: "+id)
		case !found && !inconclusive && r.others == nil && c.Drags(id):
			all = append(all, "is said to be dragged along, and passed: "+id)
		}
	}
	return all
}

// idle says of the specs that can fail which found no deviation in any run though
// nobody said why, and which did though somebody said that they would not.
func idle(rows []matrixRow, all []suites.Spec) []string {
	found := make(map[string]string) // spec to a row
	for _, r := range rows {
		if len(r.deviations) != 1 || r.claims[0].Unreliable != "" {
			continue
		}
		for _, id := range r.found {
			found[id] = r.title()
		}
	}
	var wrong []string
	for _, s := range all {
		row, finds := found[s.ID]
		switch because := claim.IdleBecause(s.ID); {
		case finds && because != "":
			wrong = append(wrong, fmt.Sprintf("%s: is said to find no deviation, and found %s", s.ID, row))
		case !finds && because == "" && s.Level != clause.May:
			wrong = append(wrong, s.ID+": found no deviation, and nobody said why")
		}
	}
	return wrong
}

func each(what string, ids []string) []string {
	var all []string
	for _, id := range ids {
		all = append(all, what+": "+id)
	}
	return all
}

// without returns what of a is not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
