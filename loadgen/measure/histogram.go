package measure

import (
	"math"
	"time"
)

// Histogram is a distribution of spans of time. Count, sum, least and largest
// are exact; quantiles are those of an HDR histogram, known to 0.1 %, or to
// half a microsecond below one millisecond. Spans beyond an hour count as an
// hour in the quantiles. The zero value is empty. It is not safe for concurrent
// use.
type Histogram struct {
	dense    *dense   // what is being recorded; nil where nothing is
	recorded uint64   // how many spans it holds
	buckets  []bucket // what was put together; never changed in place, so that it can be shared
	count    uint64   // of both
	min, max time.Duration
	sum      time.Duration
}

// Record adds one span; a negative one counts as none.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	if h.dense == nil {
		h.dense = new(dense)
	}
	h.dense.count(min(int64(d), highest))
	h.recorded++
	h.extend(1, d, d, d)
}

// extend takes in the exact figures of n spans.
func (h *Histogram) extend(n uint64, least, most, sum time.Duration) {
	if h.count == 0 {
		h.min = least
	}
	h.count += n
	h.min, h.max = min(h.min, least), max(h.max, most)
	if h.sum > math.MaxInt64-sum {
		h.sum = math.MaxInt64
		return
	}
	h.sum += sum
}

// Add adds all that other holds.
func (h *Histogram) Add(other *Histogram) {
	if other.count == 0 {
		return
	}
	if theirs := other.all(); len(h.buckets) == 0 {
		h.buckets = theirs
	} else {
		h.buckets = merged(h.buckets, theirs)
	}
	h.extend(other.count, other.min, other.max, other.sum)
}

// all returns every bucket that is not empty.
func (h *Histogram) all() []bucket {
	if h.recorded == 0 {
		return h.buckets
	}
	if len(h.buckets) == 0 {
		return h.dense.buckets()
	}
	return merged(h.buckets, h.dense.buckets())
}

// take returns what h holds, in little room, and empties h for the next interval.
func (h *Histogram) take() Histogram {
	taken := Histogram{buckets: h.all(), count: h.count, min: h.min, max: h.max, sum: h.sum}
	if h.recorded > 0 {
		h.dense.reset()
	}
	*h = Histogram{dense: h.dense}
	return taken
}

// Count returns how many spans were recorded.
func (h *Histogram) Count() uint64 { return h.count }

// Min returns the least span, 0 if there is none.
func (h *Histogram) Min() time.Duration { return h.min }

// Max returns the largest span, 0 if there is none.
func (h *Histogram) Max() time.Duration { return h.max }

// Sum returns the sum of the spans. It stays at the largest Duration, some 292
// years, once it is there.
func (h *Histogram) Sum() time.Duration { return h.sum }

// Mean returns the arithmetic mean, 0 if there is none.
func (h *Histogram) Mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return time.Duration(uint64(h.sum) / h.count)
}

// Quantile returns the span that a share q of all spans, from 0 to 1, does not
// exceed: the upper end of the bucket in which the nearest rank lies, which is
// ceil(q·n), or exactly the least or the largest span where the rank is theirs. It is
// 0 without spans.
func (h *Histogram) Quantile(q float64) time.Duration { return h.Quantiles(q)[0] }

// Quantiles returns the quantile for each q, which must rise.
func (h *Histogram) Quantiles(qs ...float64) []time.Duration {
	values := make([]time.Duration, len(qs))
	var sum uint64
	i := 0
	for _, b := range h.all() {
		sum += b.count
		for ; i < len(qs) && sum >= h.rank(qs[i]); i++ {
			switch h.rank(qs[i]) {
			case h.count:
				values[i] = h.max
			case 1:
				values[i] = h.min
			default:
				values[i] = min(time.Duration(b.ceil()), h.max)
			}
		}
	}
	return values
}

// rank returns which span, in rising order and from 1, is the quantile.
func (h *Histogram) rank(q float64) uint64 {
	// 0.999·1000 is a little more than 999 in binary, which must not become 1000.
	rank := math.Ceil(q*float64(h.count)*(1-1e-12) - 1e-9)
	return min(max(uint64(max(rank, 1)), 1), h.count)
}

// Cumulative returns for each bound, in rising order, how many spans do not
// exceed it. A span in the bucket of a bound counts as not exceeding it.
func (h *Histogram) Cumulative(bounds []time.Duration) []uint64 {
	sums := make([]uint64, len(bounds))
	all := h.all()
	var sum uint64
	for i, bound := range bounds {
		for len(all) > 0 && all[0].floor() <= int64(bound) {
			sum += all[0].count
			all = all[1:]
		}
		sums[i] = sum
	}
	return sums
}
