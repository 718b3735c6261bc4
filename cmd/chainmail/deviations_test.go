package main

import (
	"slices"
	"testing"

	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

// What no deviation breaks, no spec is known to notice: every clause that a platform
// must or should meet has one.
func TestEveryPlatformClauseIsBrokenBySomeDeviation(t *testing.T) {
	for _, c := range clause.All() {
		if c.Binds != clause.Platform || c.Level == clause.May {
			continue
		}
		if !slices.ContainsFunc(refimpl.Deviations(), func(d refimpl.Deviation) bool { return d.Clause == c.ID }) {
			t.Errorf("%s (%s): no deviation breaks it", c.ID, c.Text)
		}
	}
}
