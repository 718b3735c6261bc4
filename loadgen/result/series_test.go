package result_test

import (
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/result"
)

// The series tells when devices connected, those that came back among them, when they
// were lost, and when tokens were given out, renewed ones included.
func TestSeriesOfAHerd(t *testing.T) {
	t.Parallel()
	rec := measure.NewRecorder(measure.Identity{
		Plan: digest(), Seed: "seed", Shards: 1, Start: start(), Interval: time.Second,
	}, start())
	at := func(second int) time.Time { return start().Add(time.Duration(second) * time.Second) }
	tell := func(stage measure.Stage, n int) {
		for range n {
			rec.Record(measure.Sample{Stage: stage, Started: start(), Ended: start().Add(time.Millisecond), Received: 10})
		}
	}
	fold := measure.NewFold(digest(), 1)
	cut := func(second int, done bool) {
		if err := fold.Add(rec.Cut(at(second), measure.Process{}, done, "")); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		rec.Opened()
	}
	tell(measure.StageConnect, 3)
	tell(measure.StageToken, 3)
	cut(1, false)
	for range 3 {
		rec.Closed(true)
	}
	cut(2, false)
	rec.Opened()
	rec.Opened()
	tell(measure.StageReconnect, 2)
	tell(measure.StageRenewal, 1)
	cut(3, true)

	points := result.Build(result.Run{Header: header(3, 0), Totals: fold.Totals()}).Series.Points
	if len(points) != 3 {
		t.Fatalf("%d points, want 3", len(points))
	}
	for i, want := range []struct {
		connects, tokens, lost, received uint64
		open                             int64
	}{{3, 3, 0, 60, 3}, {0, 0, 3, 0, 0}, {2, 1, 0, 30, 2}} {
		p := points[i]
		if p.Connects != want.connects || p.Tokens != want.tokens || p.Lost != want.lost || p.Received != want.received || p.Open != want.open {
			t.Errorf("point %d: %d connects, %d tokens, %d lost, %d bytes, %d open; want %v", i, p.Connects, p.Tokens, p.Lost, p.Received, p.Open, want)
		}
	}
}
