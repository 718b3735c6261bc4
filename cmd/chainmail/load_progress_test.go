package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/pacer"
)

// after returns figures in which so many arrivals have ended and messages were sent.
func after(ready, published int) *measure.Figures {
	start := time.Now()
	rec := measure.NewRecorder(measure.Identity{Shards: 1, Start: start, Interval: time.Second}, start)
	for range ready {
		rec.Arrive(measure.Good, start, start)
		rec.Opened()
		rec.Result(measure.Good, measure.ResultReady)
	}
	for range published {
		rec.Record(measure.Sample{Stage: measure.StagePublish, Started: start, Ended: start})
	}
	rec.Arrive(measure.Bad, start, start)
	rec.Result(measure.Bad, measure.ResultDenied)
	rec.Drop(measure.Good, measure.Cause{Kind: measure.KindLimit})
	return rec.Cut(start, measure.Process{}, false, "").Figures
}

// A pace is that of the last seconds, not of the whole run: what has come to a stop
// is seen to.
func TestPace(t *testing.T) {
	t.Parallel()
	var p pace
	if p.ended() != 0 {
		t.Errorf("%v arrivals a second before the run, want none", p.ended())
	}
	begun := time.Now()
	at := func(second int) time.Time { return begun.Add(time.Duration(second) * time.Second) }
	p.mark(at(0), new(measure.Figures))
	for second := 1; second <= 10; second++ { // two more each second are the one refused and the one dropped
		p.mark(at(second), after(100*second-2, 10*second))
	}
	if p.ended() != 100 || p.published() != 10 || p.renewed() != 0 {
		t.Errorf("%v arrivals, %v messages, %v tokens a second, want 100, 10 and none", p.ended(), p.published(), p.renewed())
	}
	for second := 11; second <= 16; second++ {
		p.mark(at(second), after(998, 100))
	}
	if p.ended() != 0 {
		t.Errorf("%v arrivals a second after all have come, want none", p.ended())
	}
	if len(p.marks) > 8 {
		t.Errorf("%d marks are kept, want those of some seconds", len(p.marks))
	}
}

// In a log each phase has its line.
func TestLoadProgressLines(t *testing.T) {
	t.Parallel()
	plan := loadgen.Default()
	plan.Devices, plan.Arrival, plan.Mix.Share = 100, pacer.Spec{Rate: 10}, 0.2
	plan.Journey.Publish.Every = time.Second
	var log bytes.Buffer
	p := newLoadProgress(&log, &loadgen.Job{Plan: plan, Seed: certfactory.NewSeed().String(), Shards: 1})
	line := func(want string) {
		t.Helper()
		p.mu.Lock()
		defer p.mu.Unlock()
		if got := p.line(); !strings.Contains(got, want) {
			t.Errorf("line %q, want %q in it", got, want)
		}
	}
	p.prepared(30)
	line("30 of 100 devices made")
	p.started(time.Now())
	p.observe(after(8, 5))
	p.pace.marks[1].at = p.pace.marks[0].at.Add(time.Second)
	line("s  arrivals 10 of 100, 10/s, 0 failed, 1 dropped; 8 open, 0 lost, 5/s published; bad 1 of 20 refused, 0 wrongly admitted")
	p.interrupted()
	p.removing(80)
	p.removed(50)
	line("50 of 80 devices removed")
	p.close()
	want := "making 100 devices\n100 arrivals begin\ninterrupted: devices leave, the platform is tidied up; once more ends at once\nremoving 80 devices\n"
	if log.String() != want {
		t.Errorf("log:\n%swant:\n%s", &log, want)
	}
}
