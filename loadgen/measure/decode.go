package measure

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"
)

// Bounds of what a chunk may hold. They keep sums of many chunks within 64 bits
// and a damaged length from asking for memory.
const (
	maxText  = 1 << 10
	maxCount = 1 << 48
	maxSpan  = 365 * 24 * time.Hour
)

var errCutShort = errors.New("it ends too soon")

// DecodeChunk reads what Encode wrote, and nothing else: a wrong checksum, a
// number that is out of range or not in its shortest form, a key out of order,
// bytes left over are errors.
func DecodeChunk(data []byte) (*Chunk, error) {
	c, err := decodeChunk(data)
	if err != nil {
		return nil, fmt.Errorf("decode chunk: %w", err)
	}
	return c, nil
}

func decodeChunk(data []byte) (*Chunk, error) {
	if len(data) < len(chunkMagic) || string(data[:len(chunkMagic)]) != chunkMagic {
		return nil, fmt.Errorf("it does not begin with %q", chunkMagic)
	}
	body := len(data) - 4
	if body < len(chunkMagic) {
		return nil, errCutShort
	}
	if crc32.Checksum(data[:body], castagnoli()) != binary.BigEndian.Uint32(data[body:]) {
		return nil, errors.New("its checksum is wrong: it is damaged or cut short")
	}
	d := decoder{b: data[len(chunkMagic):body]}
	c := &Chunk{Identity: d.identity(), Seq: d.uint32()}
	c.From = d.span()
	c.To = c.From + d.span()
	c.Done = d.bool()
	c.Why = d.string()
	c.Process = d.process()
	c.Figures = d.figures()
	if d.err == nil && len(d.b) > 0 {
		d.err = fmt.Errorf("%d bytes follow its end", len(d.b))
	}
	return c, d.err
}

// decoder remembers the first error; after it everything is 0.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.b = nil
}

// take returns the next n bytes.
func (d *decoder) take(n int) []byte {
	if len(d.b) < n {
		d.fail("%w", errCutShort)
		return make([]byte, n)
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

func (d *decoder) byte() uint8 { return d.take(1)[0] }

// below reads a byte that must be less than limit.
func (d *decoder) below(limit uint8, what string) uint8 {
	v := d.byte()
	if v >= limit {
		d.fail("unknown %s %d", what, v)
		return 0
	}
	return v
}

func (d *decoder) bool() bool { return d.below(2, "truth value") == 1 }

// uint reads a number of at most largest.
func (d *decoder) uint(largest uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail("%w", errCutShort)
		return 0
	}
	if n > 1 && d.b[n-1] == 0 {
		d.fail("a number is longer than it needs to be")
		return 0
	}
	d.b = d.b[n:]
	if v > largest {
		d.fail("%d is more than %d", v, largest)
		return 0
	}
	return v
}

func (d *decoder) count() uint64       { return d.uint(maxCount) }
func (d *decoder) uint32() uint32      { return uint32(d.uint(math.MaxUint32)) }
func (d *decoder) span() time.Duration { return time.Duration(d.uint(uint64(maxSpan))) }

// int reads a number with a sign, in zigzag form.
func (d *decoder) int() int64 {
	v := d.uint(math.MaxUint64)
	return int64(v>>1) ^ -int64(v&1)
}

// moment reads a span since the start of the run, which may be before it.
func (d *decoder) moment() time.Duration {
	v := time.Duration(d.int())
	if v < -maxSpan || v > maxSpan {
		d.fail("a moment is more than %s from the start", maxSpan)
		return 0
	}
	return v
}

func (d *decoder) string() string { return string(d.take(int(d.uint(maxText)))) }

func (d *decoder) identity() Identity {
	id := Identity{Plan: [32]byte(d.take(32)), Seed: d.string(), Shard: d.uint32(), Shards: d.uint32(), Attempt: d.uint32()}
	if d.err == nil && id.Shard >= id.Shards {
		d.fail("it is of shard %d of %d", id.Shard, id.Shards)
	}
	id.Start = time.Unix(0, d.int())
	if id.Interval = d.span(); d.err == nil && id.Interval == 0 {
		d.fail("its interval is 0")
	}
	return id
}

func (d *decoder) process() Process {
	var p Process
	for _, v := range []*time.Duration{&p.User, &p.System, &p.Paused, &p.LongestPause, &p.Stolen, &p.Throttled} {
		*v = d.span()
	}
	for _, v := range []*uint64{&p.Pauses, &p.Memory, &p.Goroutines, &p.Files} {
		*v = d.count()
	}
	return p
}

func (d *decoder) figures() *Figures {
	f := new(Figures)
	for r := range f.Due {
		f.Due[r] = d.count()
		for i := range f.Results[r] {
			f.Results[r][i] = d.count()
		}
	}
	for _, v := range []*uint64{&f.Opened, &f.Closed, &f.Resumed, &f.Lost, &f.Sent, &f.Received} {
		*v = d.count()
	}
	f.Lag = d.histogram()
	d.stages(f)
	d.causes(f)
	d.admitted(f)
	return f
}

func (d *decoder) stages(f *Figures) {
	var last *StageKey
	for range d.uint(uint64(roles) * uint64(stages) * uint64(outcomes)) {
		key := StageKey{Role(d.below(uint8(roles), "role")), Stage(d.below(uint8(stages), "stage")), Outcome(d.below(uint8(outcomes), "outcome"))}
		if last != nil && compareStageKeys(*last, key) >= 0 {
			d.fail("its stages are out of order")
		}
		s := f.stage(key)
		s.First, s.Last = d.moment(), d.moment()
		s.Latency = d.histogram()
		if d.err == nil && (s.Count() == 0 || s.First > s.Last) {
			d.fail("the stage %s %s has no sample, or ends before it begins", key.Stage, key.Outcome)
		}
		if d.err != nil {
			return
		}
		last = &key
	}
}

func (d *decoder) causes(f *Figures) {
	var last *CauseKey
	for range d.uint(math.MaxUint16) {
		key := CauseKey{
			Role(d.below(uint8(roles), "role")), Stage(d.below(uint8(stages), "stage")), Outcome(d.below(uint8(outcomes), "outcome")),
			Cause{Kind: Kind(d.below(uint8(kinds), "cause")), Code: uint16(d.uint(math.MaxUint16))},
		}
		n := d.count()
		if d.err == nil && (!key.Cause.known() || n == 0 || last != nil && compareCauseKeys(*last, key) >= 0) {
			d.fail("its causes are unknown, empty or out of order")
		}
		if d.err != nil {
			return
		}
		f.cause(key, n)
		last = &key
	}
}

func (d *decoder) admitted(f *Figures) {
	last := ""
	for range d.uint(math.MaxUint16) {
		id, n := d.string(), d.count()
		if d.err == nil && (n == 0 || id <= last) {
			d.fail("its admitted cases are empty or out of order")
		}
		if d.err != nil {
			return
		}
		f.admitted(id, n)
		last = id
	}
}

func (d *decoder) histogram() Histogram {
	n := d.uint(counters)
	if n == 0 || uint64(len(d.b)) < 2*n { // a pair has at least two bytes
		if n > 0 {
			d.fail("%w", errCutShort)
		}
		return Histogram{}
	}
	h := Histogram{buckets: make([]bucket, 0, n)}
	index := -1
	for range n {
		step, count := d.uint(counters), d.count()
		index += int(step)
		if d.err == nil && (step == 0 || count == 0 || index >= counters) {
			d.fail("a histogram has a counter that is empty, out of order or out of range")
		}
		if d.err != nil {
			return Histogram{}
		}
		h.buckets = append(h.buckets, bucket{uint32(index), count})
		h.count += count
	}
	h.min = d.span()
	h.max = h.min + d.span()
	h.sum = time.Duration(d.uint(math.MaxInt64))
	if d.err == nil && (clamped(h.min) != h.buckets[0].index || clamped(h.max) != h.buckets[n-1].index) {
		d.fail("the extremes of a histogram are not in its outermost counters")
	}
	return h
}

// clamped returns the index of the counter in which Record puts d.
func clamped(d time.Duration) uint32 { return indexOf(min(int64(d), highest)) }
