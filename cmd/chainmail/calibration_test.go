package main

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/claim"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

// A row comes out as it must, or its problem is said.
func TestMatrixRows(t *testing.T) {
	expired := []refimpl.Deviation{{Name: "accepts-expired", Clause: "DC-CHAIN-12"}}
	by := []claim.Claim{{
		Deviation: "accepts-expired", FoundBy: []string{"chain/expired-*"},
		Along: []claim.Along{{Specs: []string{"rest/upload-expired"}, Because: "the upload is walked too"}},
	}}
	unreliable := []claim.Claim{{Unreliable: "it depends"}}
	ran := []string{"chain/expired-leaf", "chain/expired-root", "chain/valid-direct", "rest/upload-expired"}
	found := []string{"chain/expired-leaf", "chain/expired-root", "rest/upload-expired"}
	notConformant, conformant := reports.NotConformant, reports.Conformant
	for name, tt := range map[string]struct {
		row  matrixRow
		want []string
	}{
		"as it is":           {matrixRow{outcome: conformant, ran: ran}, nil},
		"as it is, failing":  {matrixRow{outcome: notConformant, ran: ran, found: ran[:1]}, []string{"does not pass: chain/expired-leaf", "the platform as it is must be conformant"}},
		"found":              {matrixRow{deviations: expired, claims: by, outcome: notConformant, ran: ran, found: found}, nil},
		"found by one":       {matrixRow{deviations: expired, claims: by, outcome: notConformant, ran: ran, found: found[1:]}, []string{"did not find it: chain/expired-leaf"}},
		"found by another":   {matrixRow{deviations: expired, claims: by, outcome: notConformant, ran: ran, found: ran}, []string{"found it, and nobody claims so: chain/valid-direct"}},
		"not dragged along":  {matrixRow{deviations: expired, claims: by, outcome: notConformant, ran: ran, found: found[:2]}, []string{"is said to be dragged along, and passed: rest/upload-expired"}},
		"inconclusive":       {matrixRow{deviations: expired, claims: by, outcome: notConformant, ran: ran, found: found, inconclusive: ran[2:3]}, []string{"inconclusive, and nobody said why: chain/valid-direct"}},
		"our fault":          {matrixRow{deviations: expired, claims: by, outcome: reports.Faulty, ran: ran, found: found, faults: ran[2:3]}, []string{"our own fault: chain/valid-direct"}},
		"not run":            {matrixRow{deviations: expired, claims: by, outcome: conformant, ran: ran[2:3]}, []string{"the platform was found conformant", "no spec that claims it was run"}},
		"unreliable":         {matrixRow{deviations: expired, claims: unreliable, outcome: notConformant, ran: ran, inconclusive: ran}, nil},
		"unreliable, passed": {matrixRow{deviations: expired, claims: unreliable, outcome: conformant, ran: ran}, []string{"the platform was found conformant"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.row.problems(); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What the selftest measured stands in later reports of the same program, and a
// measure of another program in none.
func TestCalibrationIsKept(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if c, err := calibration(""); c != nil || err != nil {
		t.Fatalf("before anything was measured: %v, %v", c, err)
	}
	dir := t.TempDir()
	unreliable := []claim.Claim{{Unreliable: "it depends"}}
	rows := []matrixRow{
		{outcome: reports.Conformant},
		{deviations: []refimpl.Deviation{{Name: "a"}}, claims: unreliable, outcome: reports.NotConformant},
		{deviations: []refimpl.Deviation{{Name: "b"}}, claims: unreliable, outcome: reports.Conformant},
		{deviations: []refimpl.Deviation{{Name: "a"}, {Name: "b"}}, claims: append(unreliable, unreliable...), outcome: reports.Conformant},
	}
	kept, err := keepCalibration(dir, rows, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := calibration("")
	if err != nil || c == nil {
		t.Fatalf("after the selftest: %v, %v", c, err)
	}
	if c.Deviations != 2 || c.Killed != 1 || !slices.Equal(c.Survivors, []string{"b"}) || c.Pairs != 1 || !slices.Equal(c.MaskedPairs, []string{"a+b"}) {
		t.Errorf("calibration %+v, want 1 of 2, the survivor b and the masked pair a+b", c)
	}
	kept.Program = kept.Program[1:] + "0"
	other := filepath.Join(dir, "other.json")
	if err := kept.WriteFile(other); err != nil {
		t.Fatal(err)
	}
	if _, err := calibration(other); err == nil {
		t.Error("a calibration of another program was taken")
	}
}

// A spec that can fail finds some deviation, or somebody said why it does not.
func TestIdleSpecs(t *testing.T) {
	one := []refimpl.Deviation{{Name: "accepts-expired"}}
	row := matrixRow{deviations: one, claims: []claim.Claim{{}}, found: []string{"chain/a", "capability/clock"}}
	chance := matrixRow{deviations: one, claims: []claim.Claim{{Unreliable: "by chance"}}, found: []string{"chain/b"}}
	all := []suites.Spec{
		{ID: "chain/a", Level: clause.Must},
		{ID: "chain/b", Level: clause.Should},
		{ID: "chain/c", Level: clause.May},
		{ID: "capability/clock", Level: clause.Must},
		{ID: "capability/web-page", Level: clause.Must},
	}
	want := []string{
		"chain/b: found no deviation, and nobody said why",
		"capability/clock: is said to find no deviation, and found accepts-expired",
	}
	if diff := cmp.Diff(want, idle([]matrixRow{row, chance}, all)); diff != "" {
		t.Error(diff)
	}
}
