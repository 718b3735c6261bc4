package main

import (
	"path"
	"regexp"
	"slices"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/claim"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

func TestSpecsAreWellFormed(t *testing.T) {
	id := regexp.MustCompile(`^[a-z]+/[a-z0-9][a-z0-9.-]*$`)
	levels := []clause.Level{clause.Must, clause.Should, clause.May} // hardest first
	seen := make(map[string]bool)
	for _, s := range specs() {
		if !id.MatchString(s.ID) || seen[s.ID] {
			t.Errorf("%q is no id, or stands twice", s.ID)
		}
		seen[s.ID] = true
		if s.Title == "" || s.Expected == "" || s.Run == nil || len(s.Clauses) == 0 {
			t.Errorf("%s lacks title, expectation, clause or body", s.ID)
		}
		hardest := len(levels)
		for _, id := range s.Clauses {
			c, ok := clause.ByID(id)
			if !ok {
				t.Errorf("%s cites %s, which is no clause", s.ID, id)
			}
			hardest = min(hardest, slices.Index(levels, c.Level))
		}
		if level := slices.Index(levels, s.Level); level < hardest {
			t.Errorf("%s has the level %q, which is none or harder than that of every clause that it cites", s.ID, s.Level)
		}
	}
}

// No case vanishes: each is run by exactly one spec that bears its id.
func TestEveryCaseHasItsSpec(t *testing.T) {
	runs := make(map[string]int)
	for _, s := range specs() {
		if s.Case != "" {
			runs[s.Case]++
		}
	}
	want := func(id, group string) {
		if runs[id] != 1 {
			t.Errorf("case %s (group %s) is run by %d specs, want 1", id, group, runs[id])
		}
	}
	for _, c := range cases.All() {
		want(c.ID, c.Group)
	}
	for _, c := range cases.AllUploads() {
		want(c.ID, c.Group)
	}
}

// Every deviation has one claim, which names specs that exist; every claim has
// its deviation.
func TestDeviationsAndClaimsKnowEachOther(t *testing.T) {
	all := specs()
	claimed := make(map[string]int)
	for _, c := range claim.All() {
		claimed[c.Deviation]++
		for _, glob := range c.Globs() {
			if !slices.ContainsFunc(all, func(s suites.Spec) bool { ok, _ := path.Match(glob, s.ID); return ok }) {
				t.Errorf("%s: no spec is called %s", c.Deviation, glob)
			}
		}
		for _, a := range c.Along {
			if a.Because == "" || len(a.Specs) == 0 {
				t.Errorf("%s drags specs along without a reason, or none", c.Deviation)
			}
		}
		if found := len(c.FoundBy) > 0; found == (c.Unreliable != "") {
			t.Errorf("%s: either specs find it, or it says why they differ", c.Deviation)
		}
	}
	for _, d := range refimpl.Deviations() {
		if claimed[d.Name] != 1 {
			t.Errorf("%d claims are about the deviation %s, want 1", claimed[d.Name], d.Name)
		}
		delete(claimed, d.Name)
		if _, ok := clause.ByID(d.Clause); !ok {
			t.Errorf("deviation %s breaks %s, which is no clause", d.Name, d.Clause)
		}
	}
	for name := range claimed {
		t.Errorf("a claim is about %s, which is no deviation", name)
	}
}
