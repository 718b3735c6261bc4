package measure

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"
)

// Fold puts chunks together as they come. They may be added in any order. It is
// not safe for concurrent use.
type Fold struct {
	plan   [32]byte
	shards uint32

	identity Identity // of the first chunk; Shard and Attempt mean nothing
	known    map[chunkKey]span
	total    Figures
	process  map[uint32]*Process // by shard
	points   map[time.Duration]*Point
}

type chunkKey struct{ shard, attempt, seq uint32 }

// span is what is kept of a chunk beside its sums.
type span struct {
	from, to time.Duration
	done     bool
	why      string
	content  uint64 // a hash
}

// ErrStranger is returned for a chunk of another run.
var ErrStranger = errors.New("chunk of another run")

// NewFold returns a Fold that takes chunks of the plan with this digest only,
// played by that many shards.
func NewFold(plan [32]byte, shards int) *Fold {
	return &Fold{
		plan: plan, shards: uint32(max(shards, 0)),
		known: make(map[chunkKey]span), process: make(map[uint32]*Process), points: make(map[time.Duration]*Point),
	}
}

// Add adds a chunk. One that is there already changes nothing; one of another
// run, or that contradicts one that is there, is refused.
func (f *Fold) Add(c *Chunk) error {
	if err := f.check(c); err != nil {
		return fmt.Errorf("%s: %w", c.Name(), err)
	}
	hash := fnv.New64a()
	_, _ = hash.Write(c.Encode())
	s := span{c.From, c.To, c.Done, c.Why, hash.Sum64()}
	key := chunkKey{c.Shard, c.Attempt, c.Seq}
	if there, again := f.known[key]; again {
		if there.content != s.content {
			return fmt.Errorf("%s: it is there twice, with different content", c.Name())
		}
		return nil
	}
	if len(f.known) == 0 {
		f.identity = c.Identity
	}
	f.known[key] = s
	f.total.Add(c.Figures)
	if f.process[c.Shard] == nil {
		f.process[c.Shard] = new(Process)
	}
	f.process[c.Shard].Add(c.Process)
	f.point(c)
	return nil
}

func (f *Fold) check(c *Chunk) error {
	switch {
	case c.Plan != f.plan:
		return fmt.Errorf("%w: its plan has the digest %x", ErrStranger, c.Plan[:4])
	case c.Shards != f.shards:
		return fmt.Errorf("%w: it is of %d shards, not of %d", ErrStranger, c.Shards, f.shards)
	case c.Interval <= 0:
		return errors.New("it has no interval")
	case len(f.known) > 0 && (!c.Start.Equal(f.identity.Start) || c.Seed != f.identity.Seed || c.Interval != f.identity.Interval):
		return fmt.Errorf("%w: its start, its seed or its interval is another", ErrStranger)
	}
	return nil
}

// point adds a chunk to the interval that it is meant for. Shards cut at the same
// moments but for the time that it takes them to wake up, so a chunk counts where
// its middle lies.
func (f *Fold) point(c *Chunk) {
	from := (c.From + (c.To-c.From)/2).Truncate(c.Interval)
	p := f.points[from]
	if p == nil {
		p = &Point{From: from, To: from + c.Interval, Figures: new(Figures)}
		f.points[from] = p
	}
	p.Figures.Add(c.Figures)
	p.Process.Add(c.Process)
}

// Figures returns a copy of the sums so far. It is cheaper than Totals.
func (f *Fold) Figures() *Figures { return f.total.Clone() }

// Totals returns what the chunks so far come to. Its points share their figures
// with the Fold.
func (f *Fold) Totals() *Totals {
	t := &Totals{Figures: *f.total.Clone(), Start: f.identity.Start, Interval: f.identity.Interval, Process: f.processes()}
	t.Points = f.series()
	for number := range f.shards {
		f.shard(t, number)
	}
	return t
}

// processes adds up the shards: what they took and what they had at once is summed,
// what is an extreme stays one. Shards of one machine are all robbed of the same time,
// so that of these the most counts.
func (f *Fold) processes() Process {
	var sum Process
	for _, p := range f.process {
		before := sum
		sum.Add(*p)
		sum.Memory, sum.Goroutines, sum.Files = before.Memory+p.Memory, before.Goroutines+p.Goroutines, before.Files+p.Files
		sum.Stolen, sum.Throttled = max(before.Stolen, p.Stolen), max(before.Throttled, p.Throttled)
	}
	return sum
}

func (f *Fold) series() []Point {
	var all []Point
	var open, inFlight int64
	for _, from := range slices.Sorted(maps.Keys(f.points)) {
		p := *f.points[from]
		open += p.Figures.Open()
		inFlight += p.Figures.InFlight()
		p.Open, p.InFlight = open, inFlight
		all = append(all, p)
	}
	return all
}

// shard says what came of one shard and where it has holes and overlaps.
func (f *Fold) shard(t *Totals, number uint32) {
	var spans []span
	for key, s := range f.known {
		if key.shard == number {
			spans = append(spans, s)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	s := Shard{Number: number, Chunks: len(spans)}
	var reached time.Duration
	for _, c := range spans {
		if c.from > reached {
			t.Holes = append(t.Holes, Hole{Shard: number, From: reached, To: c.from})
		}
		if overlap := min(reached, c.to); c.from < overlap {
			t.Overlaps = append(t.Overlaps, Hole{Shard: number, From: c.from, To: overlap})
		}
		reached = max(reached, c.to)
		if c.done {
			s.Done, s.Why = true, c.why
		}
	}
	if !s.Done {
		t.Holes = append(t.Holes, Hole{Shard: number, From: reached, Open: true})
	}
	t.End = max(t.End, reached)
	t.Shards = append(t.Shards, s)
}
