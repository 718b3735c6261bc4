package suites

import (
	"testing"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

func TestJudge(t *testing.T) {
	const must, should = clause.Must, clause.Should
	tests := []struct {
		name    string
		level   clause.Level
		stopped reports.Verdict // what the body said of itself
		state   types.SpecState
		want    reports.Verdict
	}{
		{"passed", must, "", types.SpecStatePassed, reports.Pass},
		{"a must broken", must, "", types.SpecStateFailed, reports.Fail},
		{"a should broken", should, "", types.SpecStateFailed, reports.Warn},
		{"a may broken", clause.May, "", types.SpecStateFailed, reports.Warn},
		{"control refused", must, reports.Inconclusive, types.SpecStatePassed, reports.Inconclusive},
		{"not applicable", must, reports.NotApplicable, types.SpecStatePassed, reports.NotApplicable},
		{"our fault", must, reports.Error, types.SpecStatePassed, reports.Error},
		{"failed, then the control refused", must, reports.Inconclusive, types.SpecStateFailed, reports.Fail},
		{"our fault, then failed", must, reports.Error, types.SpecStateFailed, reports.Error},
		{"out of time", must, "", types.SpecStateTimedout, reports.Inconclusive},
		{"interrupted", must, "", types.SpecStateInterrupted, reports.Inconclusive},
		{"aborted", must, "", types.SpecStateAborted, reports.Inconclusive},
		{"panicked", must, "", types.SpecStatePanicked, reports.Error},
		{"skipped by the engine", must, "", types.SpecStateSkipped, reports.Error},
		{"pending", must, "", types.SpecStatePending, reports.Error},
		{"no state", must, "", types.SpecStateInvalid, reports.Error},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, reason := judge(Spec{Level: tt.level}, &trial{verdict: tt.stopped, reason: "the body's reason"}, tt.state, "the\nassertion's  message", "boom")
			if got != tt.want {
				t.Errorf("verdict %s, want %s", got, tt.want)
			}
			if (reason == "") != (got == reports.Pass) {
				t.Errorf("verdict %s with reason %q", got, reason)
			}
			if got == reports.Fail && reason != "the assertion's message" {
				t.Errorf("reason %q, want the assertion's message on one line", reason)
			}
		})
	}
}

func TestOnlyAWorseVerdictOverwrites(t *testing.T) {
	tr := &trial{}
	stop := func(v reports.Verdict) {
		defer tr.catch()
		tr.stop(v, "%s", v)
		t.Errorf("stop(%s) returned", v)
	}
	for _, step := range []struct{ said, want reports.Verdict }{
		{reports.NotApplicable, reports.NotApplicable},
		{reports.Error, reports.Error},
		{reports.Inconclusive, reports.Error},
	} {
		stop(step.said)
		if tr.verdict != step.want || tr.reason != string(step.want) {
			t.Errorf("after %s: verdict %s because %q, want %s", step.said, tr.verdict, tr.reason, step.want)
		}
	}
}

func TestCatchKeepsApartWhatUnwindsABody(t *testing.T) {
	unwound := func(r any) *trial {
		tr := &trial{}
		func() {
			defer tr.catch()
			panic(r)
		}()
		return tr
	}
	if tr := unwound(stopped{"by itself"}); tr.broken != "" || tr.panicked != "" {
		t.Errorf("stopped: %+v", tr)
	}
	if tr := unwound(broken{"not so"}); tr.broken != "not so" || tr.panicked != "" {
		t.Errorf("broken: %+v", tr)
	}
	if tr := unwound("another"); tr.broken != "" || tr.panicked != "another" {
		t.Errorf("another panic: %+v", tr)
	}
}

func TestDeviceUser(t *testing.T) {
	for clientID, want := range map[string]string{
		"dev1": "device_dev1", "d:dev1": "device_dev1", "d:dev1:template": "device_dev1", "dev:1": "device_dev:1",
	} {
		if got := DeviceUser(clientID); got != want {
			t.Errorf("DeviceUser(%q) = %q, want %q", clientID, got, want)
		}
	}
}
