package measure

import (
	"math/bits"
	"time"
)

// highest is where the range of every histogram ends. It goes from a microsecond to
// an hour with three significant digits: a value is known to 0.1 %, or to half a
// microsecond.
const highest = int64(time.Hour)

// The geometry that follows from it, as an HDR histogram lays out its counters:
// half a bucket's worth of them for each doubling of the unit. A test holds it
// against the library of that name.
const (
	unitShift = 9 // 512 ns, the largest power of two in a microsecond
	halfShift = 10
	half      = 1 << halfShift
	doublings = 23 // so that the last counter lies beyond an hour
	counters  = (doublings + 1) * half
)

// dense are the counters themselves, in pages that are made when they are needed:
// latencies of one kind lie close together, so that most never are. All of them would
// take 200 KB for each stage and outcome.
type dense [counters / page]*[page]uint64

// page is how many counters a page has.
const page = 256

// count adds one to the counter in which a value lies.
func (d *dense) count(v int64) {
	i := indexOf(v)
	counts := d[i/page]
	if counts == nil {
		counts = new([page]uint64)
		d[i/page] = counts
	}
	counts[i%page]++
}

// buckets returns the counters that are not 0.
func (d *dense) buckets() []bucket {
	n := 0
	d.each(func(bucket) { n++ })
	all := make([]bucket, 0, n)
	d.each(func(b bucket) { all = append(all, b) })
	return all
}

// each calls f for every counter that is not 0, in the order of the index.
func (d *dense) each(f func(bucket)) {
	for p, counts := range d {
		if counts == nil {
			continue
		}
		for i, count := range counts {
			if count > 0 {
				f(bucket{uint32(p*page + i), count})
			}
		}
	}
}

// reset sets every counter to 0 and keeps the pages.
func (d *dense) reset() {
	for _, counts := range d {
		if counts != nil {
			clear(counts[:])
		}
	}
}

// bucket is one counter of a histogram that is not 0.
type bucket struct {
	index uint32
	count uint64
}

// shift returns by how much the width of the bucket exceeds a nanosecond, in
// powers of two, and which of its width it is.
func (b bucket) shift() (shift, number int64) {
	if b.index < half {
		return unitShift, int64(b.index)
	}
	return unitShift + int64(b.index>>halfShift) - 1, int64(b.index&(half-1)) + half
}

// floor returns the least value in the bucket.
func (b bucket) floor() int64 {
	shift, number := b.shift()
	return number << shift
}

// ceil returns the largest value in the bucket.
func (b bucket) ceil() int64 {
	shift, number := b.shift()
	return (number+1)<<shift - 1
}

// indexOf returns the index of the bucket in which a value lies.
func indexOf(v int64) uint32 {
	doubling := max(bits.Len64(uint64(v)>>unitShift)-halfShift-1, 0)
	number := v >> (unitShift + doubling)
	return uint32(int64(doubling)<<halfShift + number)
}

// merged returns the sum of two lists of buckets, each in the order of the index.
func merged(a, b []bucket) []bucket {
	sum := make([]bucket, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].index < b[0].index:
			sum, a = append(sum, a[0]), a[1:]
		case a[0].index > b[0].index:
			sum, b = append(sum, b[0]), b[1:]
		default:
			sum = append(sum, bucket{a[0].index, a[0].count + b[0].count})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(sum, a...), b...)
}
