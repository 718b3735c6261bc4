package suites

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// An Env is what the body of a spec gets: the target, a certificate factory, and
// the ways to try something so that it is recorded as evidence. It belongs to
// one variant of one spec and is not safe for concurrent use.
type Env struct {
	Target  *target.Target
	Factory *certfactory.Factory

	variant variant
	trial   *trial
	session *session
}

// Bench returns where presentations are built under this spec's own names: a
// label tells several of them apart.
func (e *Env) Bench(label string) *cases.Bench {
	return cases.NewBench(e.Factory, e.bench(label))
}

func (e *Env) bench(label string) string { return e.variant.id() + "/" + label }

// Build builds a case of the catalogue under a label.
func (e *Env) Build(id, label string) certfactory.Presentation {
	p, err := e.build(id, label)
	if err != nil {
		e.Fault(err)
	}
	return p
}

// build makes each presentation once.
func (e *Env) build(id, label string) (certfactory.Presentation, error) {
	return e.session.shelf.take(e.Factory, id, e.bench(label))
}

// Inconclusive ends the spec: the evidence allows no judgement.
func (e *Env) Inconclusive(format string, args ...any) {
	e.trial.stop(reports.Inconclusive, format, args...)
}

// NotApplicable ends the spec: the target cannot be asked this.
func (e *Env) NotApplicable(format string, args ...any) {
	e.trial.stop(reports.NotApplicable, format, args...)
}

// Fault ends the spec with the verdict error: we are to blame, not the platform.
func (e *Env) Fault(err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e.trial.stop(reports.Inconclusive, "stopped before it could be judged: %v", err)
	}
	e.trial.stop(reports.Error, "%v", err)
}

// Unanswered ends the spec where a preamble was not done: inconclusive if the
// platform was silent or said no, our fault otherwise.
func (e *Env) Unanswered(err error) {
	if status, ok := errors.AsType[*target.StatusError](err); ok {
		e.Inconclusive("%v", status)
	}
	if many, ok := errors.AsType[*target.TooManyError](err); ok {
		e.Inconclusive("%v", many)
	}
	if errors.Is(err, target.ErrNoAnswer) {
		e.Silent("%v", err)
	}
	e.Fault(err)
}

// Silent ends the spec because the platform did not answer within its bound.
func (e *Env) Silent(format string, args ...any) {
	e.trial.silent = true
	e.Inconclusive(format, args...)
}

// Remark notes something worth reading that changes no verdict.
func (e *Env) Remark(format string, args ...any) {
	e.trial.remarks = append(e.trial.remarks, fmt.Sprintf(format, args...))
}

// Observe says in words what was seen, for the report.
func (e *Env) Observe(format string, args ...any) {
	e.trial.observed = fmt.Sprintf(format, args...)
}

// Record adds evidence of an attempt that the Env itself did not make.
func (e *Env) Record(evidence reports.Evidence) {
	e.trial.evidence = append(e.trial.evidence, evidence)
}

// Cleanup runs f when the spec ends, whatever its verdict: what was registered
// last is run first.
func (e *Env) Cleanup(f func()) { e.trial.cleanups = append(e.trial.cleanups, f) }

// Wait waits on purpose and accounts for it in the report; it returns early
// when the run is interrupted.
func (e *Env) Wait(ctx context.Context, d time.Duration) {
	started := time.Now()
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	e.trial.waited += time.Since(started)
}

// Await is Wait for something that may happen, until ctx ends.
func (e *Env) Await(ctx context.Context, happened <-chan struct{}) {
	started := time.Now()
	select {
	case <-happened:
	case <-ctx.Done():
	}
	e.trial.waited += time.Since(started)
}

// Trust makes the anchors trusted, those that are not yet, and takes them away
// at the end of the run. A platform that refuses one leaves the spec
// inconclusive.
func (e *Env) Trust(ctx context.Context, anchors ...certfactory.Anchor) {
	for _, a := range anchors {
		e.trial.tenants = max(e.trial.tenants, a.Tenant)
		e.trial.showAnchor(a)
		answer, err := e.session.trust(ctx, a)
		if err != nil {
			e.Unanswered(err)
		}
		if !answer.Accepted {
			e.Inconclusive("%s", answer.Detail)
		}
	}
}

// Offer asks the platform to trust an anchor that it may refuse, records the
// answer, and sees to it that the anchor is gone at the end of the run.
func (e *Env) Offer(ctx context.Context, a certfactory.Anchor) target.Answer {
	e.trial.tenants = max(e.trial.tenants, a.Tenant)
	e.trial.showAnchor(a)
	answer, err := e.session.trust(ctx, a)
	if err != nil {
		e.Unanswered(err)
	}
	evidence := reports.Evidence{Role: reports.RoleUpload, Detail: "trust anchor accepted"}
	if !answer.Accepted {
		evidence.Layer, evidence.Detail = reports.LayerRESTStatus, answer.Detail
	}
	if answer.Status != 0 {
		evidence.Layer, evidence.RESTStatus = reports.LayerRESTStatus, &answer.Status
	}
	e.Record(evidence)
	return answer
}

// Length sees to it that the platform's maximum chain length is at least n, or n
// exactly. The spec is not applicable where that cannot be had.
func (e *Env) Length(ctx context.Context, n int, exactly bool) {
	maximum := e.Target.Policy.MaxChainLength
	if e.Target.Has(target.MaxChainLengthSetting) {
		if err := e.session.chainLength(ctx, n); err != nil {
			e.Unanswered(err)
		}
		e.trial.exhibits.MaxLength = n
		e.trial.rechecks = append(e.trial.rechecks, func(ctx context.Context) string {
			if now, err := e.Target.Management.MaxChainLength(ctx); err != nil || now == n {
				return ""
			}
			return "the maximum chain length"
		})
		return
	}
	if n > maximum || exactly && n != maximum {
		e.NotApplicable("needs the maximum chain length %d, the target's is %d and cannot be set", n, maximum)
	}
}

// Forward puts the platform's clock forward until the spec ends. Where the
// platform has none that can be put forward, a slow run waits as long, and the
// spec is not applicable to any other.
func (e *Env) Forward(ctx context.Context, d time.Duration) {
	if !e.Target.Has(target.Clock) {
		if !e.session.slow {
			e.session.wouldWait(d)
			e.NotApplicable("the target has no clock that can be put forward by %v: --slow waits as long", d)
		}
		e.Wait(ctx, d)
		return
	}
	e.session.moveClock(true)
	e.Cleanup(func() {
		if e.Target.Management.SetClock(context.WithoutCancel(ctx), 0) == nil {
			e.session.moveClock(false)
		}
	})
	if err := e.Target.Management.SetClock(ctx, d); err != nil {
		e.Unanswered(err)
	}
}

// DeviceUser is [target.DeviceUser].
func DeviceUser(clientID string) string { return target.DeviceUser(clientID) }
