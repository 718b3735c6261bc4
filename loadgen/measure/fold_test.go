package measure_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// start is the moment from which the runs of these tests count.
func start() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func identity(shard, shards uint32) measure.Identity {
	return measure.Identity{Plan: [32]byte{1, 2, 3}, Seed: "seed", Shard: shard, Shards: shards, Start: start(), Interval: time.Second}
}

// event is one thing that happens in a run, at a moment.
type event struct {
	at  time.Duration
	rec func(*measure.Recorder)
}

// events makes a run of n arrivals at random moments within ten seconds.
func events(r *rand.Rand, n int) []event {
	var all []event
	for i := range n {
		at := time.Duration(r.Int64N(int64(10 * time.Second)))
		role := measure.Role(r.IntN(8) / 7)
		outcome := measure.Outcome(r.IntN(12) / 9)
		stage := []measure.Stage{measure.StageTLS, measure.StageToken, measure.StageConnect}[r.IntN(3)]
		cause := measure.Cause{}
		if outcome != measure.OK {
			cause = []measure.Cause{measure.Alert(45), measure.ReturnCode(5), {Kind: measure.KindTimeout}}[r.IntN(3)]
		}
		result := measure.Result(r.IntN(7))
		lag := time.Duration(r.Int64N(int64(5 * time.Millisecond)))
		took := time.Duration(r.ExpFloat64() * float64(30*time.Millisecond))
		all = append(all, event{at, func(rec *measure.Recorder) {
			moment := start().Add(at)
			if result == measure.ResultDropped {
				rec.Drop(role, measure.Cause{Kind: measure.KindLimit})
				return
			}
			rec.Arrive(role, moment.Add(-lag), moment)
			rec.Record(measure.Sample{
				Stage: stage, Role: role, Outcome: outcome, Cause: cause, Started: moment, Ended: moment.Add(took), Sent: 10, Received: uint32(i),
			})
			if i%3 == 0 {
				rec.Opened()
			}
			if i%9 == 0 {
				rec.Resumed()
			}
			if i%50 == 0 {
				rec.Admitted([]string{"expired-leaf", "key-wrong"}[i/50%2])
			}
			if i%6 == 0 {
				rec.Closed(i%12 == 0)
			}
			rec.Result(role, result)
		}})
	}
	return all
}

// play lets k shards live through the events, each taking every k-th, and cuts
// every second. It returns their chunks.
func play(all []event, k int) []*measure.Chunk {
	var chunks []*measure.Chunk
	for shard := range k {
		rec := measure.NewRecorder(identity(uint32(shard), uint32(k)), start())
		for second := range 10 {
			from, to := time.Duration(second)*time.Second, time.Duration(second+1)*time.Second
			for i := shard; i < len(all); i += k {
				if all[i].at >= from && all[i].at < to {
					all[i].rec(rec)
				}
			}
			chunks = append(chunks, rec.Cut(start().Add(to), measure.Process{User: time.Duration(second)}, second == 9, "finished"))
		}
	}
	return chunks
}

// total folds chunks, as read from their bytes, in the order given.
func total(t *testing.T, k int, chunks []*measure.Chunk) *measure.Totals {
	t.Helper()
	fold := measure.NewFold([32]byte{1, 2, 3}, k)
	for _, c := range chunks {
		read, err := measure.DecodeChunk(c.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if err := fold.Add(read); err != nil {
			t.Fatal(err)
		}
	}
	return fold.Totals()
}

// figures compares what was measured: histograms by their bytes.
func figures() cmp.Option {
	return cmp.Transformer("bytes", func(f measure.Figures) string {
		return string((&measure.Chunk{Identity: identity(0, 1), Figures: &f}).Encode())
	})
}

// TestTotalsOfBadDevices: which bad devices were admitted, and what resumed, comes
// through chunks of several shards.
func TestTotalsOfBadDevices(t *testing.T) {
	t.Parallel()
	rec := func(shard uint32, cases ...string) *measure.Chunk {
		r := measure.NewRecorder(identity(shard, 2), start())
		for _, id := range cases {
			r.Opened()
			r.Resumed()
			r.Admitted(id)
		}
		return r.Cut(start().Add(time.Second), measure.Process{}, true, "finished")
	}
	sum := total(t, 2, []*measure.Chunk{rec(0, "key-wrong", "expired-leaf", "key-wrong"), rec(1, "expired-leaf", "cn-missing")})
	want := map[string]uint64{"key-wrong": 2, "expired-leaf": 2, "cn-missing": 1}
	if !cmp.Equal(sum.Admitted, want) || sum.Resumed != 5 {
		t.Errorf("%v admitted, %d resumed, want %v and 5", sum.Admitted, sum.Resumed, want)
	}
}

// TestShardsEqualOne is the property on which every distributed run rests: k
// shards, put together in any order, give the figures and the series of one.
func TestShardsEqualOne(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 0))
		all := events(r, 600)
		one := total(t, 1, play(all, 1))
		if !one.Whole() {
			t.Fatalf("one shard is incomplete: %+v", one.Holes)
		}
		for _, k := range []int{2, 3, 7} {
			chunks := play(all, k)
			r.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
			many := total(t, k, chunks)
			if !many.Whole() || len(many.Shards) != k {
				t.Errorf("seed %d, %d shards: %+v", seed, k, many.Holes)
			}
			if diff := cmp.Diff(one.Figures, many.Figures, figures()); diff != "" {
				t.Errorf("seed %d, %d shards: figures differ", seed, k)
			}
			if len(many.Points) != len(one.Points) {
				t.Fatalf("seed %d, %d shards: %d points, want %d", seed, k, len(many.Points), len(one.Points))
			}
			for i, p := range many.Points {
				want := one.Points[i]
				if p.From != want.From || p.Open != want.Open || p.InFlight != want.InFlight || !cmp.Equal(*want.Figures, *p.Figures, figures()) {
					t.Errorf("seed %d, %d shards: point %d differs", seed, k, i)
				}
			}
		}
	}
}
