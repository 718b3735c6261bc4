package suites

import (
	"context"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// body runs one spec: what stands before and after every spec's own body.
func (e *Env) body(ctx context.Context) {
	defer unwind()
	if ctx.Err() != nil {
		return
	}
	e.trial.started = time.Now()
	for _, c := range e.variant.spec.Needs {
		if !e.Target.Has(c) {
			e.NotApplicable("the target does not declare %s", c)
		}
	}
	if e.session.silent >= silences {
		e.Inconclusive("not tried: the platform left the %d specs before this one unanswered", silences)
	}
	defer e.countSilence()
	e.variant.spec.Run(ctx, e)
	if ctx.Err() != nil { // a body that was cut short has judged nothing
		e.Inconclusive("interrupted")
	}
}

// countSilence keeps how many specs in a row went unanswered.
func (e *Env) countSilence() {
	if e.trial.silent {
		e.session.silent++
		return
	}
	e.session.silent = 0
}

// brokenMeans is the verdict of a broken expectation.
func (s Spec) brokenMeans() reports.Verdict {
	if s.Level == "must" {
		return reports.Fail
	}
	return reports.Warn
}
