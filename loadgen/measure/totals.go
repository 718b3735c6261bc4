package measure

import "time"

// Totals is a whole run put together from its chunks.
type Totals struct {
	Figures
	// Process sums up the processes of the shards; Memory, Goroutines and Files are
	// the sum over shards of the most each had, Stolen and Throttled those of the shard
	// that lost the most.
	Process Process
	// Start is the moment from which everything counts, End how far the latest
	// chunk reaches, Interval how long a chunk is meant to span.
	Start    time.Time
	End      time.Duration
	Interval time.Duration
	// Points are the intervals of the run in their order, all shards together.
	Points []Point
	// Shards says of each shard what came of it.
	Shards []Shard
	// Holes are the spans for which a shard told nothing. A run with holes is
	// incomplete, whatever the rest says.
	Holes []Hole
	// Overlaps are the spans that two attempts of one shard both tell of.
	Overlaps []Hole
}

// Point is one interval of a run.
type Point struct {
	From, To time.Duration
	*Figures
	Process Process
	// Open and InFlight are as at To, as far as there are no holes before.
	Open, InFlight int64
}

// Shard is what is known of one shard.
type Shard struct {
	Number uint32
	Chunks int
	// Done tells that the last chunk came; Why is what it says.
	Done bool
	Why  string
}

// Hole is a span of time of one shard.
type Hole struct {
	Shard    uint32
	From, To time.Duration
	// Open: the shard was never heard of again, and To means nothing.
	Open bool
}

// Whole reports whether every shard told everything, once.
func (t *Totals) Whole() bool { return len(t.Holes) == 0 && len(t.Overlaps) == 0 && len(t.Shards) > 0 }
