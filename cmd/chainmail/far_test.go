package main

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

var (
	far     = flag.Duration("far", 20*time.Millisecond, "how far away TestFarPlatform puts the platform: the time of a round trip")
	jitter  = flag.Duration("jitter", 0, "how much more or less that is each time")
	farArgs = flag.String("far-args", "--only transport,chain/valid-*,chain/expired-*,chain/pathlen-*,token/token-form,trust,registration/autoreg-* --tls 1.3",
		"what TestFarPlatform runs")
)

// A conforming platform conforms from far away too. With -far 100ms and -far-args
// "" this is how long a run takes at such a distance.
func TestFarPlatform(t *testing.T) {
	t.Parallel()
	platform := serve(t)
	file, _ := behind(t, platform, &relay{delay: *far / 2, jitter: *jitter / 2})
	began := time.Now()
	report, code := conform(t, slices.Concat(sameKeys(), []string{"--target", file}, strings.Fields(*farArgs))...)
	t.Logf("%d runs, %v from end to end, %s", len(report.Specs), time.Since(began).Round(time.Second), spans(report))
	if code != exitOK || report.Outcome != reports.Conformant {
		t.Errorf("exit code %d, outcome %s, want conformant: %v", code, report.Outcome, report.Reasons)
		for _, r := range report.Specs {
			if r.Verdict != reports.Pass {
				t.Errorf("%s: %s: %s", r.ID, r.Verdict, r.Reason)
			}
		}
	}
	if len(report.Notes) > 0 {
		t.Errorf("left behind: %q", report.Notes)
	}
	if anchors := trustAnchors(t, platform); anchors != 0 {
		t.Errorf("%d trust anchors left on the target, want none", anchors)
	}
}

// spans says from when to when the specs of each family ran.
func spans(report reports.Report) string {
	type span struct {
		runs     int
		from, to time.Duration
		worked   time.Duration
	}
	families := make(map[string]span)
	for _, s := range report.Specs {
		f, known := families[s.Family]
		from := s.Started.Sub(report.Started)
		took := time.Duration(float64(s.Duration) * float64(time.Millisecond))
		if !known || from < f.from {
			f.from = from
		}
		f.to = max(f.to, from+took)
		f.runs, f.worked = f.runs+1, f.worked+took
		families[s.Family] = f
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		words = append(words, fmt.Sprintf("%s: %d runs of %v altogether, from %v to %v", name, f.runs,
			f.worked.Round(time.Second), f.from.Round(time.Second), f.to.Round(time.Second)))
	}
	return strings.Join(words, "\n")
}
