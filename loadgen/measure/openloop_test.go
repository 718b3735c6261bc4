package measure_test

import (
	"math"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/pacer"
)

// TestStallShowsAsTheOpenLoopPredicts plays, in virtual time, a hundred arrivals a
// second against a server that takes a millisecond for each, one after the other, and
// stands still for two seconds. Of the 2000 arrivals those that came while it stood
// still waited for what was left of the stall, and for those before them; the 99th
// percentile is that of the arrival which only twenty exceed. Counted from the moment
// at which the server turned to it, the same stall does not show at all.
func TestStallShowsAsTheOpenLoopPredicts(t *testing.T) {
	t.Parallel()
	const (
		arrivals = 2000
		service  = time.Millisecond
		stall    = 10 * time.Second
		stalled  = 2 * time.Second
	)
	p, err := pacer.New(pacer.Spec{Rate: 100}, 0)
	if err != nil {
		t.Fatal(err)
	}
	rec := measure.NewRecorder(identity(0, 1), start())
	free := time.Duration(0)
	for n, due := range pacer.Shard(p, 0, 1) {
		if n == arrivals {
			break
		}
		turn := max(due, free)
		if turn >= stall && turn < stall+stalled {
			turn = stall + stalled
		}
		free = turn + service
		rec.Record(measure.Sample{Stage: measure.StageConnect, Intended: start().Add(due), Started: start().Add(turn), Ended: start().Add(free)})
		rec.Record(measure.Sample{Stage: measure.StageConnack, Started: start().Add(turn), Ended: start().Add(free)})
	}
	figures := rec.Cut(start().Add(time.Minute), measure.Process{}, true, "").Figures

	// The arrival k after the beginning of the stall is due 10 ms later than the one
	// before and served 1 ms later: it waits 2 s + 1 ms - 9 ms·k. Twenty wait longer
	// than the one with k = 20.
	want := stalled + service - 20*9*time.Millisecond
	open := figures.Of(measure.StageKey{Stage: measure.StageConnect}).Latency.Quantile(0.99)
	if math.Abs(float64(open-want)) > float64(want)/1000 {
		t.Errorf("p99 from the intended moment is %s, the open loop predicts %s", open, want)
	}
	if closed := figures.Of(measure.StageKey{Stage: measure.StageConnack}).Latency.Quantile(0.99); closed > 2*service {
		t.Errorf("p99 from the start is %s", closed)
	}
}
