package measure

import (
	"sync"
	"time"
)

// Identity says of what a chunk is a part.
type Identity struct {
	// Plan is the digest of the plan. Chunks of another plan are strangers.
	Plan [32]byte
	// Seed of the run.
	Seed string
	// Shard is the number of the shard, from 0, of Shards in all. Attempt counts
	// how often the shard was started before.
	Shard, Shards, Attempt uint32
	// Start is the moment from which the run's pacer counts.
	Start time.Time
	// Interval is how long a chunk is meant to span.
	Interval time.Duration
}

// Recorder gathers what the devices of one shard measure. Its methods may be
// called from any goroutine.
type Recorder struct {
	id Identity

	mu  sync.Mutex // guards now; may be taken while cutting is held
	now *Figures

	cutting sync.Mutex // guards what follows
	spare   *Figures   // empty, takes turns with now so that no room is made twice
	seq     uint32
	from    time.Duration
}

// NewRecorder returns a Recorder whose first interval begins at the start of
// the run, or at since where the shard came later.
func NewRecorder(id Identity, since time.Time) *Recorder {
	return &Recorder{id: id, now: new(Figures), spare: new(Figures), from: max(since.Sub(id.Start), 0)}
}

// Arrive counts an arrival that started, and its lag.
func (r *Recorder) Arrive(role Role, intended, started time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Due[role]++
	r.now.Lag.Record(started.Sub(intended))
}

// Drop counts an arrival that could not start, and is its result.
func (r *Recorder) Drop(role Role, cause Cause) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Due[role]++
	r.now.Results[role][ResultDropped]++
	r.now.cause(CauseKey{role, StageConnect, Aborted, cause}, 1)
}

// Result gives an arrival that started its one result. Why it is so is told by
// the samples.
func (r *Recorder) Result(role Role, result Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Results[role][result]++
}

// Opened counts a connection that was admitted.
func (r *Recorder) Opened() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Opened++
}

// Resumed tells that a connection that was opened resumed an earlier TLS session.
func (r *Recorder) Resumed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Resumed++
}

// Admitted counts a bad device that was admitted, by the id of its case.
func (r *Recorder) Admitted(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.admitted(id, 1)
}

// Closed counts the end of a connection that was admitted. Lost tells that it
// ended without our doing; the sample of StageHold says why.
func (r *Recorder) Closed(lost bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.Closed++
	if lost {
		r.now.Lost++
	}
}

// Record adds a sample.
func (r *Recorder) Record(s Sample) {
	latency := s.latency()
	last := s.Ended.Sub(r.id.Start)
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.now.stage(StageKey{s.Role, s.Stage, s.Outcome})
	if f.Count() == 0 {
		f.First, f.Last = last-latency, last
	}
	f.First, f.Last = min(f.First, last-latency), max(f.Last, last)
	f.Latency.Record(latency)
	if s.Outcome != OK && !s.Stage.Sum() {
		r.now.cause(CauseKey{s.Role, s.Stage, s.Outcome, s.Cause}, 1)
	}
	r.now.Sent += uint64(s.Sent)
	r.now.Received += uint64(s.Received)
}

// Cut ends the interval at now and returns it; the next one begins there. With
// done it is the shard's last, and why says what ended it. What is told after
// the last cut is lost.
func (r *Recorder) Cut(now time.Time, process Process, done bool, why string) *Chunk {
	r.cutting.Lock()
	defer r.cutting.Unlock()
	r.mu.Lock()
	full := r.now
	r.now = r.spare
	r.mu.Unlock()
	to := max(now.Sub(r.id.Start), r.from)
	c := &Chunk{
		Identity: r.id, Seq: r.seq, From: r.from, To: to, Done: done, Why: why, Process: process, Figures: full.take(),
	}
	r.spare, r.from = full, to
	r.seq++
	return c
}
