// Package threshold reads and judges the limits that a load run has to keep, as
// `token.p99 < 500ms`, `failed < 0.1%`, `dropped == 0`, `connect.rate >= 800/s`.
//
// A [Threshold] is a metric, an operator and a value with its unit. It is judged
// over the totals of a run, at the end or while it goes on. What was not measured
// keeps no limit: a run in which nothing happened meets none of its thresholds.
package threshold

import (
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// Threshold is one limit, parsed.
type Threshold struct {
	text   string
	metric metric
	op     string
	value  float64
	unit   unit
}

// String returns the threshold as it was written, with single spaces.
func (t Threshold) String() string { return t.text }

// Verdict is what a threshold comes to over some figures.
type Verdict struct {
	// Met tells that the limit is kept. It is false where nothing was measured.
	Met bool
	// Measured tells that there was anything to judge.
	Measured bool
	// Observed is the value as a person reads it, or why there is none.
	Observed string
}

// Judge judges t at the end of a run.
func (t Threshold) Judge(figures *measure.Figures) Verdict {
	observed, reason := t.metric.observe(figures, t.unit)
	if reason != "" {
		return Verdict{Observed: reason}
	}
	return Verdict{Met: t.holds(observed), Measured: true, Observed: t.unit.format(observed)}
}

// enough is how many samples a share or a quantile needs before a run may be
// ended because of it, and settling how long a rate. Less says too little.
const (
	enough   = 100
	settling = 10 * time.Second
)

// Broken judges t while the run goes on. It is true only where the limit is broken
// and waiting could not mend it, or is not likely to: a counter that has still to
// grow, a quantile or a share of fewer than 100 samples, a rate of less than ten
// seconds decide nothing yet.
func (t Threshold) Broken(figures *measure.Figures) (Verdict, bool) {
	observed, reason := t.metric.observe(figures, t.unit)
	v := t.Judge(figures)
	if v.Met || reason != "" {
		return v, false
	}
	_, all, _ := t.metric.counted(figures)
	switch t.unit {
	case number:
		return v, t.beyond(observed, true)
	case share: // arrivals under way count as neither one nor the other
		return v, t.beyond(observed, true) && all >= enough
	case perSecond:
		s := figures.Of(t.metric.stage)
		return v, s.Last-s.First >= settling
	}
	switch t.metric.stat {
	case most:
		return v, t.beyond(observed, true)
	case least:
		return v, t.beyond(observed, false)
	default:
		return v, t.metric.histogram(figures).Count() >= enough
	}
}

// beyond reports whether a value that only grows, or only falls, has passed the limit
// for good.
func (t Threshold) beyond(observed float64, grows bool) bool {
	switch t.op {
	case "<", "<=":
		return grows
	case ">", ">=":
		return !grows
	case "==":
		return grows == (observed > t.value)
	default:
		return false
	}
}

func (t Threshold) holds(observed float64) bool {
	switch t.op {
	case "<":
		return observed < t.value
	case "<=":
		return observed <= t.value
	case ">":
		return observed > t.value
	case ">=":
		return observed >= t.value
	case "==":
		return observed == t.value
	default:
		return observed != t.value
	}
}

// Error says where in a threshold it goes wrong.
type Error struct {
	Text   string
	Column int // From 1, in characters.
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("threshold %q, column %d: %s", e.Text, e.Column, e.Reason)
}
