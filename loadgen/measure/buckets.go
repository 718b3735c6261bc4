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

// dense are the counters themselves, a page for each doubling of the unit and the
// first of two: latencies of one kind lie within a few, so that most pages are never
// made. What all of them would take is 200 KB for each stage and outcome.
type dense [doublings + 1]*[half]uint64

// count adds one to the counter in which a value lies.
func (d *dense) count(v int64) {
	i := indexOf(v)
	page := d[i>>halfShift]
	if page == nil {
		page = new([half]uint64)
		d[i>>halfShift] = page
	}
	page[i&(half-1)]++
}

// buckets returns the counters that are not 0.
func (d *dense) buckets() []bucket {
	n := 0
	for _, page := range d {
		if page == nil {
			continue
		}
		for _, count := range page {
			if count > 0 {
				n++
			}
		}
	}
	all := make([]bucket, 0, n)
	for doubling, page := range d {
		if page == nil {
			continue
		}
		for i, count := range page {
			if count > 0 {
				all = append(all, bucket{uint32(doubling<<halfShift + i), count})
			}
		}
	}
	return all
}

// reset sets every counter to 0 and keeps the pages.
func (d *dense) reset() {
	for _, page := range d {
		if page != nil {
			clear(page[:])
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
