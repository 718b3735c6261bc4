package suites

import (
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// A trial gathers what one variant sees while it runs.
type trial struct {
	verdict  reports.Verdict // set only by stop: what an assertion cannot say
	reason   string
	observed string
	evidence []reports.Evidence
	remarks  []string
	started  time.Time
	waited   time.Duration
	silent   bool // something did not answer within its bound
}

// stopped is what unwinds a body whose verdict is known without an assertion.
type stopped struct{ reason string }

func (s stopped) String() string { return s.reason }

// stop ends the body with a verdict. Only a worse verdict overwrites.
func (t *trial) stop(v reports.Verdict, format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	if v.Worse(t.verdict) {
		t.verdict, t.reason = v, reason
	}
	panic(stopped{reason})
}

// unwind recovers from stop and lets every other panic through.
func unwind() {
	if r := recover(); r != nil {
		if _, ok := r.(stopped); !ok {
			panic(r)
		}
	}
}
