package suites

import (
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/chainmail-iot/chainmail/reports"
)

// result turns what a trial gathered and what Ginkgo saw into a result. Of a
// trial that was over before Ginkgo came to it Ginkgo says nothing where the run
// was interrupted in between.
func (p *Plan) result(v variant, t *trial, r ginkgo.SpecReport) reports.Result {
	state, message, panicked := r.State, r.Failure.Message, r.Failure.ForwardedPanic
	switch state {
	case types.SpecStateSkipped, types.SpecStateInterrupted, types.SpecStateAborted:
		state, message, panicked = t.state()
	}
	verdict, reason := judge(v.spec, t, state, message, panicked)
	result := reports.Result{
		ID: v.id(), Spec: v.spec.ID, Axes: v.axes(), Family: v.spec.Family(),
		Title: v.spec.Title, Clauses: v.spec.Clauses, Level: string(v.spec.Level), Case: v.spec.Case,
		Verdict: verdict, Reason: reason,
		Expected: v.spec.Expected, Observed: t.observed, Remarks: t.remarks,
		Started: t.started.UTC(), Duration: reports.InMilliseconds(t.took), Waited: reports.InMilliseconds(t.waited),
		Evidence: t.evidence,
	}
	if p.config.Again != nil {
		result.Again = p.config.Again(v.id())
	}
	result.Artifacts = p.exhibit(result, t)
	return result
}

// judge gives the verdict of one trial. A failed assertion is worth what the
// spec's level says; what a body said of itself stands beside it, and the worse
// of the two counts. Everything that Ginkgo cannot call passed or failed is
// not the platform's fault.
func judge(s Spec, t *trial, state types.SpecState, message, panicked string) (reports.Verdict, string) {
	verdict, reason := t.verdict, t.reason
	worsen := func(v reports.Verdict, why string) {
		if v.Worse(verdict) {
			verdict, reason = v, oneLine(why)
		}
	}
	switch state {
	case types.SpecStatePassed:
		if verdict == "" {
			return reports.Pass, ""
		}
	case types.SpecStateFailed:
		worsen(s.brokenMeans(), message)
	case types.SpecStateTimedout:
		worsen(reports.Inconclusive, "the spec did not end within its bound")
	case types.SpecStateInterrupted, types.SpecStateAborted:
		worsen(reports.Inconclusive, "interrupted")
	case types.SpecStatePanicked:
		worsen(reports.Error, "panic: "+panicked)
	default:
		worsen(reports.Error, "the engine left the spec "+state.String())
	}
	return verdict, oneLine(reason)
}

// oneLine joins the lines of a message.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// brokenMeans is the verdict of a broken expectation.
func (s Spec) brokenMeans() reports.Verdict {
	if s.Level == "must" {
		return reports.Fail
	}
	return reports.Warn
}
