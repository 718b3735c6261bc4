package reports_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

// waiver is one that holds when the runs of these tests start.
func waiver(verdict reports.Verdict, layer string, globs ...string) reports.Waiver {
	return reports.Waiver{
		Specs: globs, Expect: reports.WaiverExpect{Verdict: verdict, Layer: layer},
		Reason: "the hub is replaced in January", URL: "https://hub.example.com/issues/41", Owner: "jo",
		Added: "2026-11-01", Expires: "2026-11-23",
	}
}

// waived assembles a run with waivers.
func waived(results []reports.Result, waivers ...reports.Waiver) reports.Report {
	h := header()
	for _, r := range results {
		h.Selected = append(h.Selected, r.ID)
	}
	h.Waivers = waivers
	return reports.Assemble(h, results, reports.End{Finished: noon().Add(time.Minute)})
}

// A waiver excuses exactly what it says, and breaks the run otherwise.
func TestWaivers(t *testing.T) {
	good := passes()
	expired := waiver(reports.Fail, "", "registration/*")
	expired.Expires = "2026-11-22"
	unmatched := waiver(reports.Fail, "", "chain/nowhere")
	unmatched.Problems = []string{"it matches no spec"}
	unwaivable := failure()
	tests := []struct {
		name    string
		result  reports.Result
		waiver  reports.Waiver
		outcome reports.Outcome
		verdict reports.Verdict
		reason  string // contained in the reasons
	}{
		{"fail", sideEffect(), waiver(reports.Fail, reports.LayerMQTTConnack, "registration/*"), reports.Conformant, reports.Waived, ""},
		{"any layer", sideEffect(), waiver(reports.Fail, "", sideEffect().ID), reports.Conformant, reports.Waived, ""},
		{"warn", warning(), waiver(reports.Warn, "", warning().ID), reports.Conformant, reports.Waived, ""},
		{"inconclusive", inconclusive("tls1.2"), waiver(reports.Inconclusive, "", "token/default-lifetime"), reports.Conformant, reports.Waived, ""},
		{"other layer", sideEffect(), waiver(reports.Fail, reports.LayerAdmitted, sideEffect().ID), reports.NotConformant, reports.Fail, `ends at the layer "mqtt-connack", not "admitted"`},
		{"other verdict", warning(), waiver(reports.Fail, "", warning().ID), reports.NotConformant, reports.Warn, "is warn, not fail"},
		{"inconclusive instead", inconclusive("tls1.3"), waiver(reports.Fail, "", "token/*@tls1.3"), reports.NotConformant, reports.Inconclusive, "is inconclusive, not fail"},
		{"not applicable instead", notApplicable("ten"), waiver(reports.Fail, "", "chain/length-*"), reports.NotConformant, reports.NotApplicable, "is not-applicable, not fail"},
		{"passes", good[1], waiver(reports.Fail, "", "chain/valid-*"), reports.NotConformant, reports.UnexpectedPass, "passes"},
		{"expired", sideEffect(), expired, reports.NotConformant, reports.Fail, "it expired on 2026-11-22"},
		{"matches nothing", good[1], unmatched, reports.NotConformant, reports.Pass, "waiver of chain/nowhere: it matches no spec"},
		{"not waivable", unwaivable, waiver(reports.Fail, "", unwaivable.ID), reports.NotConformant, reports.Fail, "cannot be waived"},
		{"fault", fault(), waiver(reports.Fail, "", fault().ID), reports.Faulty, reports.Error, "is error, not fail"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := waived([]reports.Result{good[0], tt.result}, tt.waiver)
			if err := r.Validate(); err != nil {
				t.Error(err)
			}
			if r.Outcome != tt.outcome || !strings.Contains(strings.Join(r.Reasons, "\n"), tt.reason) {
				t.Errorf("outcome %s %q, want %s because of %q", r.Outcome, r.Reasons, tt.outcome, tt.reason)
			}
			if got := r.Specs[1].Verdict; got != tt.verdict {
				t.Errorf("verdict %s, want %s", got, tt.verdict)
			}
			if broken := len(r.Waivers[0].Problems) > 0; broken == (tt.outcome == reports.Conformant) {
				t.Errorf("problems %q", r.Waivers[0].Problems)
			}
		})
	}
}

func TestWaivedResult(t *testing.T) {
	r := waived([]reports.Result{passes()[0], sideEffect()}, waiver(reports.Fail, "", "registration/*"))
	want := &reports.Excuse{Verdict: reports.Fail, Reason: "the hub is replaced in January", URL: "https://hub.example.com/issues/41", Owner: "jo", Expires: "2026-11-23"}
	if diff := cmp.Diff(want, r.Specs[1].Waiver); diff != "" {
		t.Errorf("waiver (-want +got):\n%s", diff)
	}
	if r.Counts.Waived != 1 || r.Counts.Fail != 0 || r.Waivers[0].Waived[0] != sideEffect().ID {
		t.Errorf("counts %+v, waived %q", r.Counts, r.Waivers[0].Waived)
	}
	var page, junit strings.Builder
	if err := reports.Terminal(&page, r, reports.TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := reports.JUnit(&junit, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"WAIVED", "waived until 2026-11-23 by jo", "the hub is replaced"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the terminal lacks %q:\n%s", want, page.String())
		}
	}
	if !strings.Contains(junit.String(), `<skipped message="fail, waived until 2026-11-23 by jo`) || !strings.Contains(junit.String(), `failures="0"`) {
		t.Errorf("JUnit:\n%s", junit.String())
	}
}

// Overlapping waivers: the first that covers a result counts.
func TestAssembleLeavesWaiversAlone(t *testing.T) {
	given := []reports.Waiver{waiver(reports.Warn, "", "registration/*")}
	results := []reports.Result{sideEffect()}
	waived(results, given...)
	if len(given[0].Problems) > 0 || results[0].Verdict != reports.Fail {
		t.Errorf("Assemble has changed what it was given: %+v, %s", given, results[0].Verdict)
	}
}

func TestPropose(t *testing.T) {
	r := run(append(passes(), troubles()...), reports.End{})
	var got []string
	for _, w := range reports.Propose(r) {
		got = append(got, strings.Join([]string{w.Specs[0], string(w.Expect.Verdict), w.Expect.Layer, w.Added, w.Expires, w.Reason + w.URL + w.Owner}, " "))
	}
	want := []string{ // the admitted expired certificate is not among them
		"registration/auto-off-refuses-unregistered fail mqtt-connack 2026-11-23 2027-02-21 ",
		"chain/order-anchor-first warn  2026-11-23 2027-02-21 ",
		"token/default-lifetime@tls1.2 inconclusive admitted 2026-11-23 2027-02-21 ",
		"token/default-lifetime@tls1.3 inconclusive admitted 2026-11-23 2027-02-21 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("proposed (-want +got):\n%s", diff)
	}
}
