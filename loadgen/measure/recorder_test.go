package measure_test

import (
	"sync"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// TestLatencyCountsFromTheIntendedMoment is what makes the loop open: the moment at
// which a sample started means nothing if it was due before.
func TestLatencyCountsFromTheIntendedMoment(t *testing.T) {
	t.Parallel()
	rec := measure.NewRecorder(identity(0, 1), start())
	due, started, ended := start(), start().Add(2*time.Second), start().Add(2050*time.Millisecond)
	rec.Arrive(measure.Good, due, started)
	rec.Record(measure.Sample{Stage: measure.StageConnect, Intended: due, Started: started, Ended: ended})
	rec.Record(measure.Sample{Stage: measure.StageTCP, Started: started, Ended: ended})
	c := rec.Cut(ended, measure.Process{}, true, "")
	for stage, want := range map[measure.Stage]time.Duration{measure.StageConnect: 2050 * time.Millisecond, measure.StageTCP: 50 * time.Millisecond} {
		s := c.Of(measure.StageKey{Stage: stage})
		if got := s.Latency.Max(); got != want {
			t.Errorf("%s took %s, want %s", stage, got, want)
		}
		if s.First != 2050*time.Millisecond-want || s.Last != 2050*time.Millisecond {
			t.Errorf("%s spans %s to %s", stage, s.First, s.Last)
		}
	}
	if c.Lag.Max() != 2*time.Second {
		t.Errorf("lag %s, want 2s", c.Lag.Max())
	}
}

// TestOutcomesAreNotMixed: a refusal, a failure and a success never share a
// histogram, nor do good devices and bad ones.
func TestOutcomesAreNotMixed(t *testing.T) {
	t.Parallel()
	rec := measure.NewRecorder(identity(0, 1), start())
	want := map[measure.StageKey]time.Duration{}
	took := time.Millisecond
	for _, role := range measure.Roles() {
		for _, stage := range measure.Stages() {
			for _, outcome := range measure.Outcomes() {
				took += time.Millisecond
				want[measure.StageKey{Role: role, Stage: stage, Outcome: outcome}] = took
				rec.Record(measure.Sample{Role: role, Stage: stage, Outcome: outcome, Started: start(), Ended: start().Add(took), Cause: measure.Alert(45)})
			}
		}
	}
	c := rec.Cut(start().Add(time.Second), measure.Process{}, true, "")
	for key, took := range want {
		if s := c.Of(key); s.Count() != 1 || s.Latency.Max() != took {
			t.Errorf("%v: %d samples up to %s, want one of %s", key, s.Count(), s.Latency.Max(), took)
		}
	}
	// Sums repeat what their parts have told: each cause counts once.
	for key, n := range c.Causes {
		if key.Stage.Sum() || key.Outcome == measure.OK || n != 1 {
			t.Errorf("cause %v counts %d", key, n)
		}
	}
	if parts := len(measure.Stages()) - 3; len(c.Causes) != 2*3*parts {
		t.Errorf("%d causes, want %d", len(c.Causes), 2*3*parts)
	}
}

// TestCutLosesNothing has devices record while intervals are cut: every sample is
// in exactly one chunk, and chunks follow each other without a gap.
func TestCutLosesNothing(t *testing.T) {
	t.Parallel()
	const devices, each = 8, 2000
	rec := measure.NewRecorder(identity(0, 1), start())
	var group sync.WaitGroup
	for range devices {
		group.Go(func() {
			for range each {
				rec.Arrive(measure.Good, start(), start())
				rec.Record(measure.Sample{Stage: measure.StageToken, Started: start(), Ended: start().Add(time.Millisecond)})
				rec.Opened()
				rec.Closed(true)
				rec.Result(measure.Good, measure.ResultReady)
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	fold := measure.NewFold([32]byte{1, 2, 3}, 1)
	now := start()
	for cutting := true; cutting; {
		select {
		case <-done:
			cutting = false
		default:
		}
		now = now.Add(time.Second)
		if err := fold.Add(rec.Cut(now, measure.Process{}, !cutting, "finished")); err != nil {
			t.Fatal(err)
		}
	}
	total := fold.Totals()
	n := uint64(devices * each)
	if got := total.Of(measure.StageKey{Stage: measure.StageToken}).Count(); got != n || total.Due[measure.Good] != n || total.Lost != n || total.InFlight() != 0 || total.Open() != 0 {
		t.Errorf("%d samples, %d due, %d lost, %d in flight, %d open, want %d", got, total.Due[measure.Good], total.Lost, total.InFlight(), total.Open(), n)
	}
	if !total.Whole() {
		t.Errorf("holes %v", total.Holes)
	}
}

// TestLateShard has a shard begin in the middle of a run.
func TestLateShard(t *testing.T) {
	t.Parallel()
	rec := measure.NewRecorder(identity(0, 1), start().Add(4*time.Second))
	c := rec.Cut(start().Add(3*time.Second), measure.Process{}, true, "over") // a clock that stepped back
	if c.From != 4*time.Second || c.To != c.From || c.Seq != 0 {
		t.Errorf("chunk %d spans %s to %s", c.Seq, c.From, c.To)
	}
	if total := total(t, 1, []*measure.Chunk{c}); len(total.Holes) != 1 || total.Holes[0].To != 4*time.Second {
		t.Errorf("holes %v", total.Holes)
	}
}

// BenchmarkRecord must not allocate: it is on the path of every packet that is
// measured.
func BenchmarkRecord(b *testing.B) {
	rec := measure.NewRecorder(identity(0, 1), start())
	for _, tt := range []struct {
		name   string
		sample measure.Sample
	}{
		{"outcome=ok", measure.Sample{Stage: measure.StageToken, Started: start(), Ended: start().Add(3 * time.Millisecond)}},
		{"outcome=refused", measure.Sample{Stage: measure.StageTLS, Outcome: measure.Refused, Cause: measure.Alert(45), Started: start(), Ended: start().Add(time.Millisecond)}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			rec.Record(tt.sample)
			b.ReportAllocs()
			for b.Loop() {
				rec.Record(tt.sample)
			}
		})
	}
}

// BenchmarkRecordParallel shows what the one lock of a shard costs.
func BenchmarkRecordParallel(b *testing.B) {
	rec := measure.NewRecorder(identity(0, 1), start())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		s := measure.Sample{Stage: measure.StageToken, Started: start(), Ended: start().Add(3 * time.Millisecond)}
		for pb.Next() {
			rec.Record(s)
		}
	})
}

// BenchmarkInterval is one interval of a thousand devices: cut, written, read, put
// together with those before.
func BenchmarkInterval(b *testing.B) {
	rec := measure.NewRecorder(identity(0, 1), start())
	fold := measure.NewFold([32]byte{1, 2, 3}, 1)
	now := start()
	var bytes int
	for b.Loop() {
		b.StopTimer()
		for n := range 1000 {
			for stage := range measure.Stages() {
				rec.Record(measure.Sample{Stage: measure.Stage(stage), Started: now, Ended: now.Add(time.Duration(1000+n*n) * time.Microsecond)})
			}
		}
		b.StartTimer()
		now = now.Add(time.Second)
		data := rec.Cut(now, measure.Process{}, false, "").Encode()
		c, err := measure.DecodeChunk(data)
		if err == nil {
			err = fold.Add(c)
		}
		if err != nil {
			b.Fatal(err)
		}
		bytes = len(data)
	}
	b.ReportMetric(float64(bytes), "B/chunk")
}

// TestRecordAllocatesNothing is the benchmark's claim as a test.
func TestRecordAllocatesNothing(t *testing.T) {
	rec := measure.NewRecorder(identity(0, 1), start())
	samples := []measure.Sample{
		{Stage: measure.StageToken, Started: start(), Ended: start().Add(3 * time.Millisecond)},
		{Stage: measure.StageTLS, Role: measure.Bad, Outcome: measure.Refused, Cause: measure.Alert(45), Started: start(), Ended: start().Add(3 * time.Millisecond)},
	}
	record := func() {
		rec.Arrive(measure.Good, start(), start())
		for _, s := range samples {
			rec.Record(s)
		}
		rec.Result(measure.Good, measure.ResultReady)
	}
	record()
	rec.Cut(start(), measure.Process{}, false, "")
	record()
	rec.Cut(start(), measure.Process{}, false, "")
	if n := testing.AllocsPerRun(100, record); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
