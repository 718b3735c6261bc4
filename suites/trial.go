package suites

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/chainmail-iot/chainmail/reports"
)

// A trial gathers what one variant sees while it runs.
type trial struct {
	verdict  reports.Verdict // set only by stop: what an assertion cannot say
	reason   string
	observed string
	evidence []reports.Evidence
	exhibits Exhibits
	remarks  []string
	started  time.Time // zero: it was never begun
	took     time.Duration
	waited   time.Duration
	silent   bool   // something did not answer within its bound
	unsteady bool   // a good device was not admitted: another time it may be
	broken   string // the message of the assertion that did not hold
	panicked string // our bug
	tenants  int    // the highest number of a tenant whose trust anchors are used
	cleanups []func()
	rechecks []func(context.Context) string
}

// stopped is what unwinds a body whose verdict is known without an assertion.
type stopped struct{ reason string }

func (s stopped) String() string { return s.reason }

// broken is what unwinds a body whose assertion does not hold.
type broken struct{ message string }

func (b broken) String() string { return b.message }

// breakOff takes the place of Ginkgo's fail handler, which would take the failure
// for one of the spec that Ginkgo is at: bodies may run ahead of it.
func breakOff(message string, _ ...int) { panic(broken{message}) }

// stop ends the body with a verdict. Only a worse verdict overwrites.
func (t *trial) stop(v reports.Verdict, format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	t.note(v, reason)
	panic(stopped{reason})
}

// note keeps a verdict unless there is a worse one.
func (t *trial) note(v reports.Verdict, reason string) {
	if v.Worse(t.verdict) {
		t.verdict, t.reason = v, reason
	}
}

// catch takes what unwound a body.
func (t *trial) catch() {
	switch r := recover().(type) {
	case nil, stopped:
	case broken:
		t.broken = r.message
	default:
		t.panicked = fmt.Sprint(r)
	}
}

// state is what Ginkgo calls a trial that is over.
func (t *trial) state() (state types.SpecState, message, panicked string) {
	switch {
	case t.panicked != "":
		return types.SpecStatePanicked, "", t.panicked
	case t.broken != "":
		return types.SpecStateFailed, t.broken, ""
	}
	return types.SpecStatePassed, "", ""
}

// errLate says that a spec used up its time.
var errLate = errors.New("the spec did not end within its bound")

// perform runs one spec to its end: what stands before and after every spec's own
// body.
func (e *Env) perform(ctx context.Context) {
	t := e.trial
	defer func() { t.took = time.Since(t.started) }()
	defer e.tidy()
	defer func() { e.recheck(ctx) }()
	defer t.catch()
	for _, c := range e.variant.spec.Needs {
		if !e.Target.Has(c) {
			e.NotApplicable("the target does not declare %s", c)
		}
	}
	if e.session.lost() {
		e.Inconclusive("not tried: the platform left the %d specs before this one unanswered", silences)
	}
	defer func() { e.session.countSilence(t.silent) }()
	e.variant.spec.Run(ctx, e)
	if ctx.Err() == nil {
		return
	}
	if context.Cause(ctx) == errLate {
		e.Inconclusive("%v", errLate)
	}
	e.Inconclusive("interrupted") // a body that was cut short has judged nothing
}

// tidy runs what was registered by Cleanup.
func (e *Env) tidy() {
	for i := len(e.trial.cleanups) - 1; i >= 0; i-- {
		func() {
			defer e.trial.catch()
			e.trial.cleanups[i]()
		}()
	}
}

// recheck looks, where a spec did not pass, whether what it had set on the platform
// still holds: two runs against one platform share its settings. What was changed
// under a spec says nothing about the platform.
func (e *Env) recheck(ctx context.Context) {
	t := e.trial
	if t.broken == "" && t.verdict != reports.Fail && t.verdict != reports.Inconclusive {
		return
	}
	for _, changed := range t.rechecks {
		if what := changed(ctx); what != "" {
			if t.broken != "" {
				e.Remark("%s", t.broken)
			}
			t.broken, t.verdict = "", ""
			t.note(reports.Inconclusive, what+" was changed by somebody else while the spec ran")
			return
		}
	}
}
