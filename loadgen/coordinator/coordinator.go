// Package coordinator runs the shards of a load run: it hands them the job, starts
// them together, looks on, tells them when to end, and puts what they measured
// together. It shares nothing with a shard but the store, so that it does not matter
// whether one runs in this process or in another.
package coordinator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/pacer"
	"github.com/chainmail-iot/chainmail/loadgen/store"
	"github.com/chainmail-iot/chainmail/loadgen/threshold"
)

// A Player is a shard at work, wherever that is.
type Player interface {
	// Done is closed when it has ended.
	Done() <-chan struct{}
	// Err is why it ended badly; nil where it did its part. It is called after Done.
	Err() error
	// Kill ends it at once.
	Kill()
}

// Config says what to run. Fields are required unless their comment says otherwise.
type Config struct {
	Job   *loadgen.Job
	Store store.Store
	// Play starts a shard, which finds everything else in the store.
	Play func(shard int) (Player, error)
	// ReadyBound is how long shards may take to make their devices.
	ReadyBound time.Duration
	// Thresholds end the run as soon as one is broken. Optional.
	Thresholds []threshold.Threshold
	// Started is told the moment that everything counts from. Optional.
	Started func(time.Time)
	// Observe is called with what was measured so far, whenever there is more.
	// Optional.
	Observe func(*measure.Figures)
}

// Result is what a run came to.
type Result struct {
	Totals *measure.Totals
	// Interrupted tells that ctx was over before the run was.
	Interrupted bool
	// Broken says which threshold ended the run and when, if one did.
	Broken string
	// Lost says of each shard that ended badly why.
	Lost []string
}

// Bounds of what the coordinator waits for.
const (
	lead     = 100 * time.Millisecond // from Go to the start: shards poll for it
	poll     = 50 * time.Millisecond
	glance   = 250 * time.Millisecond // how often the store is looked at for chunks: each look wakes a processor
	patience = 10 * time.Second       // beyond the time-outs of a device, for shards to end
)

// run is a run under way.
type run struct {
	Config
	fold    *measure.Fold
	shards  []*watched
	started time.Time // the moment that everything counts from
	result  Result
	ending  bool      // End has been put
	killing time.Time // when shards that have not ended are killed
}

// watched is what the coordinator knows of a shard.
type watched struct {
	player   Player
	attempt  int
	next     uint32 // sequence number of the chunk to come
	expected int    // results that it owes
	results  int
	over     bool
}

// Run plays the job to its end. Where ctx is over it ends the shards in order, and
// returns what they measured. The error is for what kept the run from being made at
// all; shards that were lost are in the Result.
func Run(ctx context.Context, c Config) (Result, error) {
	r := &run{Config: c}
	defer r.killAll()
	data, digest, err := c.Job.Encode()
	if err == nil {
		err = c.Store.Put(ctx, loadgen.JobObject, data)
	}
	if err != nil {
		return r.result, fmt.Errorf("hand out the job: %w", err)
	}
	r.fold = measure.NewFold(digest, c.Job.Shards)
	if err := r.startShards(ctx); err != nil {
		return r.result, fmt.Errorf("start shards: %w", err)
	}
	if err := r.together(); err != nil {
		return r.result, fmt.Errorf("start the run: %w", err)
	}
	r.watch(ctx)
	r.result.Totals = r.fold.Totals()
	return r.result, nil
}

// startShards starts all and waits until they are ready.
func (r *run) startShards(ctx context.Context) error {
	at, err := r.pacer()
	if err != nil {
		return err
	}
	arrivals := r.Job.Plan.Arrivals(at)
	for i := range r.Job.Shards {
		player, err := r.Play(i)
		if err != nil {
			return err
		}
		r.shards = append(r.shards, &watched{player: player, expected: (arrivals - i + r.Job.Shards - 1) / r.Job.Shards})
	}
	bound := time.After(r.ReadyBound)
	for i, s := range r.shards {
		if err := r.awaitReady(ctx, i, s, bound); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) awaitReady(ctx context.Context, i int, s *watched, bound <-chan time.Time) error {
	name := fmt.Sprintf("%s%d.%d", loadgen.ReadyPrefix, i, s.attempt)
	for {
		if _, err := r.Store.Get(ctx, name); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-bound:
			return fmt.Errorf("shard %d of %d is not ready after %v", i, r.Job.Shards, r.ReadyBound)
		case <-s.player.Done():
			return fmt.Errorf("shard %d ended before the run began: %w", i, s.player.Err())
		case <-time.After(poll):
		}
	}
}

// together sets the moment from which every shard counts.
func (r *run) together() error {
	started := loadgen.Go{Start: time.Now().Add(lead)}
	if err := r.put(loadgen.GoObject, started); err != nil {
		return err
	}
	r.started = started.Start
	if r.Started != nil {
		r.Started(started.Start)
	}
	return nil
}

// watch looks on until every shard has ended.
func (r *run) watch(ctx context.Context) {
	tick := time.NewTicker(min(glance, r.Job.Plan.Interval))
	defer tick.Stop()
	stopped := ctx.Done()
	for {
		more := r.collect()
		if more && r.Observe != nil {
			r.Observe(r.fold.Figures())
		}
		if r.over() {
			r.collect() // what was put between the last look and the end
			return
		}
		if more {
			r.decide()
		}
		if r.ending && time.Now().After(r.killing) {
			r.killAll()
		}
		select {
		case <-stopped:
			r.result.Interrupted = true
			r.end("interrupted", true)
			stopped = nil
		case <-r.underWay():
		case <-tick.C:
		}
	}
}

// underWay is closed when the first of the shards that have not ended does.
func (r *run) underWay() <-chan struct{} {
	for _, s := range r.shards {
		if !s.over {
			return s.player.Done()
		}
	}
	return nil
}

// over reports whether all shards have ended, and notes those that ended badly.
func (r *run) over() bool {
	all := true
	for i, s := range r.shards {
		if s.over {
			continue
		}
		select {
		case <-s.player.Done():
			s.over = true
			if err := s.player.Err(); err != nil {
				r.result.Lost = append(r.result.Lost, fmt.Sprintf("shard %d: %v", i, err))
			}
			r.decide() // the others may have waited for this one
		default:
			all = false
		}
	}
	return all
}

// decide ends the run when a threshold is broken, and one that has no duration when
// every device has done its steps.
func (r *run) decide() {
	if r.ending {
		return
	}
	for _, t := range r.Thresholds {
		if v, broken := t.Broken(r.fold.Figures()); broken {
			after := time.Since(r.started).Round(100 * time.Millisecond)
			r.result.Broken = fmt.Sprintf("ended after %v, because %s was broken: observed %s", after, t, v.Observed)
			r.end("threshold broken: "+t.String(), true)
			return
		}
	}
	plan := &r.Job.Plan
	if plan.Duration > 0 || plan.Journey.Hold != loadgen.HoldToTheEnd {
		return
	}
	for _, s := range r.shards {
		if !s.over && s.results < s.expected {
			return
		}
	}
	r.end("all devices have come", false)
}

// end tells the shards to end, and sets the time by which they must have.
func (r *run) end(why string, abort bool) {
	t := &r.Job.Plan.Timeouts
	r.ending, r.killing = true, time.Now().Add(patience+t.Response)
	if !abort {
		r.killing = r.killing.Add(t.Connect + t.Handshake + 4*t.Response)
	}
	if err := r.put(loadgen.EndObject, loadgen.End{Why: why, Abort: abort}); err != nil {
		r.result.Lost = append(r.result.Lost, err.Error())
		r.killing = time.Now()
	}
}

func (r *run) killAll() {
	for _, s := range r.shards {
		s.player.Kill()
	}
}

// collect adds the chunks that have come since, and reports whether there are any.
func (r *run) collect() (more bool) {
	for i, s := range r.shards {
		for r.take(i, s) {
			more = true
		}
	}
	return more
}

func (r *run) take(i int, s *watched) bool {
	name := (&measure.Chunk{Identity: measure.Identity{Shard: uint32(i), Attempt: uint32(s.attempt)}, Seq: s.next}).Name()
	data, err := r.Store.Get(context.Background(), name)
	if err != nil {
		return false // not there yet, or a hole, which the totals show
	}
	s.next++
	chunk, err := measure.DecodeChunk(data)
	if err == nil {
		err = r.fold.Add(chunk)
	}
	if err != nil { // what it told of will never be known, so that nothing more can be concluded
		r.result.Lost = append(r.result.Lost, fmt.Sprintf("%s: %v", name, err))
		if !r.ending {
			r.end("a chunk is no chunk", true)
		}
		return true
	}
	for _, role := range measure.Roles() {
		s.results += int(chunk.Ended(role))
	}
	return true
}

func (r *run) put(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return r.Store.Put(context.Background(), name, data)
}

func (r *run) pacer() (pacer.Pacer, error) {
	return r.Job.Plan.Pacer(r.Job.Factory().Seed())
}
