package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

// explainProfile says what a profile expects otherwise than the specification,
// and why.
func explainProfile(w io.Writer, profile suites.Profile) error {
	p := page{w: w}
	p.title("profile " + profile.Name)
	p.text(profile.Summary)
	p.field("length", fmt.Sprintf("chains of %d by default", profile.MaxChainLength))
	var without, texts, amended []string
	for _, e := range profile.Without {
		without = append(without, e.Clause+": "+e.Reason)
	}
	for _, id := range slices.Sorted(maps.Keys(profile.Texts)) {
		texts = append(texts, id+": "+profile.Texts[id])
	}
	for _, a := range profile.Amendments {
		amended = append(amended, a.Spec+": "+expected(a.Expectation)+"; "+a.Reason)
	}
	p.field("without", without...)
	p.field("clauses", texts...)
	p.field("amended", amended...)
	p.field("must run", profile.MustRun...)
	p.field("try it", "chainmail conform --profile "+profile.Name)
	return p.err
}

// amendments says which profiles expect something else of a spec.
func amendments(spec string) []string {
	var lines []string
	for _, p := range suites.Profiles() {
		for _, a := range p.Amendments {
			if a.Spec == spec {
				lines = append(lines, p.Name+": "+expected(a.Expectation)+"; "+a.Reason)
			}
		}
	}
	return lines
}

// amendedClauses says which profiles ask for something else by a clause, or do
// not ask at all.
func amendedClauses(c clause.Clause) []string {
	var lines []string
	for _, p := range suites.Profiles() {
		if text := p.Text(c); text != c.Text {
			lines = append(lines, p.Name+": "+text)
		}
		if why := p.Excludes(c.ID); why != "" {
			lines = append(lines, p.Name+": does not bind; "+why)
		}
	}
	return lines
}
