// Package pacer says when arrivals are due. It knows nothing but time: how many
// devices are still at work, and whether the platform keeps up, does not slow an
// arrival down. That is what makes a load open.
//
// A [Pacer] is a pure function of the number of an arrival. Its moments count
// from the start of the run. Where a load is split among k shards, shard i takes
// the arrivals i, i+k, i+2k and so on of the one Pacer that all of them build
// from the same [Spec] and seed: together they make the same arrivals as one
// shard alone.
package pacer

import (
	"fmt"
	"iter"
	"math"
	"sort"
	"time"
)

// Pacer says when which arrival is due. Its methods may be called from any
// goroutine.
type Pacer interface {
	// At returns the moment of arrival n, from 0, since the start of the run. It is
	// false where the rate ends, for good, before arrival n. A later arrival is
	// never due before an earlier one.
	At(n int) (time.Duration, bool)
	// Rate returns the arrivals a second that are intended at that moment.
	Rate(at time.Duration) float64
	// String describes the pacer in a line.
	String() string
}

// endless is more than any run has arrivals: it bounds the search in Count.
const endless = 1 << 40

// Count returns how many arrivals are due up to that moment, itself included.
func Count(p Pacer, at time.Duration) int {
	bound := 1
	for bound < endless {
		if due, ok := p.At(bound); !ok || due > at {
			break
		}
		bound *= 2
	}
	return sort.Search(bound, func(n int) bool {
		due, ok := p.At(n)
		return !ok || due > at
	})
}

// Shard yields the arrivals that shard i of k takes, by number and moment.
func Shard(p Pacer, i, k int) iter.Seq2[int, time.Duration] {
	return func(yield func(int, time.Duration) bool) {
		for n := i; ; n += k {
			at, ok := p.At(n)
			if !ok || !yield(n, at) {
				return
			}
		}
	}
}

// piece is a span in which the rate changes evenly. The last may be endless.
type piece struct {
	from, to float64 // arrivals a second
	begins   float64 // seconds since the start of the run
	lasts    float64 // seconds; +Inf for ever
	before   float64 // arrivals due before it
}

// arrivals returns how many arrivals are due within s seconds of the piece.
func (p piece) arrivals(s float64) float64 {
	if p.from == p.to {
		return p.from * s
	}
	return p.from*s + (p.to-p.from)/p.lasts*s*s/2
}

// after returns the seconds within the piece until that many arrivals are due.
func (p piece) after(n float64) float64 {
	if n == 0 {
		return 0
	}
	if p.from == p.to {
		return n / p.from
	}
	slope := (p.to - p.from) / p.lasts
	// Of the two forms of the root this one does not cancel; a ramp to 0 ends
	// where what is under the root is 0.
	return 2 * n / (p.from + math.Sqrt(max(p.from*p.from+2*slope*n, 0)))
}

// even is a pacer of pieces: arrival n is due where n arrivals' worth of the rate
// have passed, so that the first is due at once.
type even struct {
	pieces []piece
	text   string
}

// newEven lays the pieces one after another.
func newEven(text string, pieces ...piece) *even {
	var begins, before float64
	for i := range pieces {
		pieces[i].begins, pieces[i].before = begins, before
		begins += pieces[i].lasts
		if !math.IsInf(pieces[i].lasts, 1) {
			before += pieces[i].arrivals(pieces[i].lasts)
		}
	}
	return &even{pieces: pieces, text: text}
}

// At implements Pacer.
func (e *even) At(n int) (time.Duration, bool) { return e.reach(float64(n)) }

// reach returns when n arrivals' worth of the rate have passed; n need not be
// whole.
func (e *even) reach(n float64) (time.Duration, bool) {
	for _, p := range e.pieces {
		if p.from == 0 && p.to == 0 || p.lasts == 0 {
			continue
		}
		if !math.IsInf(p.lasts, 1) && n >= p.before+p.arrivals(p.lasts) {
			continue
		}
		s := p.begins + min(p.after(n-p.before), p.lasts)
		return seconds(s), true
	}
	return 0, false
}

// Rate implements Pacer.
func (e *even) Rate(at time.Duration) float64 {
	s := at.Seconds()
	for _, p := range e.pieces {
		if s < p.begins+p.lasts {
			if p.from == p.to {
				return p.from
			}
			return p.from + (p.to-p.from)*(s-p.begins)/p.lasts
		}
	}
	return 0
}

func (e *even) String() string { return e.text }

// seconds rounds to whole nanoseconds; beyond what a Duration holds it stays there.
func seconds(s float64) time.Duration {
	if s >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(math.Round(s * float64(time.Second)))
}

func rate(r float64) string { return fmt.Sprintf("%g/s", r) }
