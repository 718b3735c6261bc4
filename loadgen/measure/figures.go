package measure

import (
	"maps"
	"time"
)

// StageKey names one distribution of latencies.
type StageKey struct {
	Role    Role
	Stage   Stage
	Outcome Outcome
}

// CauseKey names one counter of causes.
type CauseKey struct {
	Role    Role
	Stage   Stage
	Outcome Outcome
	Cause   Cause
}

// StageFigures is what is known of one stage with one outcome.
type StageFigures struct {
	Latency Histogram
	// First is when the first sample was due, Last when the last one ended, both
	// since the start of the run. The rate of a stage is taken over this span.
	First, Last time.Duration
}

// Count returns the number of samples.
func (s *StageFigures) Count() uint64 { return s.Latency.Count() }

// add merges other into s.
func (s *StageFigures) add(other *StageFigures) {
	if other.Count() == 0 {
		return
	}
	if s.Count() == 0 {
		s.First, s.Last = other.First, other.Last
	}
	s.First, s.Last = min(s.First, other.First), max(s.Last, other.Last)
	s.Latency.Add(&other.Latency)
}

// Figures is what was measured in some span of time by some shards. Figures of
// different spans or shards are added up with Add, in any order. The zero value
// is empty.
type Figures struct {
	// Due counts the arrivals whose moment has come, started or dropped. Each has
	// one of Results sooner or later.
	Due     [roles]uint64
	Results [roles][results]uint64
	// Opened and Closed count connections admitted and ended.
	Opened, Closed uint64
	// Resumed counts those of the opened whose TLS session was that of one before.
	Resumed uint64
	// Lost counts connections of good devices that ended without our doing.
	Lost           uint64
	Sent, Received uint64
	// Lag is by how much arrivals started after their intended moment: the
	// generator's own delay, in no latency but those of Connect and Ready.
	Lag Histogram
	// Stages may lack what has no samples; see Of.
	Stages map[StageKey]*StageFigures
	// Causes counts the samples that are not OK, and drops by Stage connect.
	Causes map[CauseKey]uint64
	// Admitted counts the bad devices that were admitted, by the id of the case that
	// they presented.
	Admitted map[string]uint64
}

// Add adds all that other holds.
func (f *Figures) Add(other *Figures) {
	for r := range other.Due {
		f.Due[r] += other.Due[r]
		for i, n := range other.Results[r] {
			f.Results[r][i] += n
		}
	}
	f.Opened += other.Opened
	f.Closed += other.Closed
	f.Resumed += other.Resumed
	f.Lost += other.Lost
	f.Sent += other.Sent
	f.Received += other.Received
	f.Lag.Add(&other.Lag)
	for key, s := range other.Stages {
		f.stage(key).add(s)
	}
	for key, n := range other.Causes {
		f.cause(key, n)
	}
	for id, n := range other.Admitted {
		f.admitted(id, n)
	}
}

// stage returns the figures of key, made if need be.
func (f *Figures) stage(key StageKey) *StageFigures {
	s := f.Stages[key]
	if s == nil {
		if f.Stages == nil {
			f.Stages = make(map[StageKey]*StageFigures)
		}
		s = new(StageFigures)
		f.Stages[key] = s
	}
	return s
}

func (f *Figures) cause(key CauseKey, n uint64) {
	if f.Causes == nil {
		f.Causes = make(map[CauseKey]uint64)
	}
	f.Causes[key] += n
}

func (f *Figures) admitted(id string, n uint64) {
	if f.Admitted == nil {
		f.Admitted = make(map[string]uint64)
	}
	f.Admitted[id] += n
}

// Of returns the figures of one stage, empty where there are none.
func (f *Figures) Of(key StageKey) *StageFigures {
	if s := f.Stages[key]; s != nil {
		return s
	}
	return new(StageFigures)
}

// Samples counts the samples of a stage, whatever their outcome.
func (f *Figures) Samples(role Role, stage Stage) uint64 {
	var n uint64
	for _, o := range Outcomes() {
		n += f.Of(StageKey{role, stage, o}).Count()
	}
	return n
}

// Ended counts the arrivals of a role that have their result.
func (f *Figures) Ended(role Role) uint64 {
	var n uint64
	for _, count := range f.Results[role] {
		n += count
	}
	return n
}

// Open is the number of connections that are up.
func (f *Figures) Open() int64 { return int64(f.Opened) - int64(f.Closed) }

// InFlight is the number of arrivals that have no result yet.
func (f *Figures) InFlight() int64 {
	return int64(f.Due[Good]+f.Due[Bad]) - int64(f.Ended(Good)+f.Ended(Bad))
}

// Clone returns a copy that shares nothing that changes with f.
func (f *Figures) Clone() *Figures {
	c := new(Figures)
	c.Add(f)
	return c
}

// take returns what f holds, and empties f for the next interval. The room of
// the histograms stays with f.
func (f *Figures) take() *Figures {
	taken := *f
	taken.Lag = f.Lag.take()
	taken.Stages = make(map[StageKey]*StageFigures, len(f.Stages))
	for key, s := range f.Stages {
		if s.Count() > 0 {
			taken.Stages[key] = &StageFigures{Latency: s.Latency.take(), First: s.First, Last: s.Last}
		}
	}
	taken.Causes = maps.Clone(f.Causes)
	clear(f.Causes)
	*f = Figures{Lag: f.Lag, Stages: f.Stages, Causes: f.Causes}
	return &taken
}
