package measure

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"slices"
	"time"
)

// chunkMagic begins a chunk: a name that a person can recognise, and the version
// of the format.
const chunkMagic = "chainmail-chunk 2\n"

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// Encode returns the chunk as bytes: numbers as varints, histograms as the pairs
// of the counters that are not 0, a checksum at the end. The same chunk always
// gives the same bytes.
func (c *Chunk) Encode() []byte {
	e := encoder{b: []byte(chunkMagic)}
	e.identity(&c.Identity)
	e.uint(uint64(c.Seq))
	e.span(c.From)
	e.span(c.To - c.From)
	e.bool(c.Done)
	e.string(c.Why)
	e.process(&c.Process)
	e.figures(c.Figures)
	return binary.BigEndian.AppendUint32(e.b, crc32.Checksum(e.b, castagnoli()))
}

type encoder struct{ b []byte }

func (e *encoder) uint(v uint64)        { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)          { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) byte(v uint8)         { e.b = append(e.b, v) }
func (e *encoder) span(d time.Duration) { e.uint(uint64(max(d, 0))) }

func (e *encoder) bool(v bool) {
	if v {
		e.byte(1)
	} else {
		e.byte(0)
	}
}

func (e *encoder) string(s string) {
	s = s[:min(len(s), maxText)]
	e.uint(uint64(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) identity(id *Identity) {
	e.b = append(e.b, id.Plan[:]...)
	e.string(id.Seed)
	e.uint(uint64(id.Shard))
	e.uint(uint64(id.Shards))
	e.uint(uint64(id.Attempt))
	e.int(id.Start.UnixNano())
	e.span(id.Interval)
}

func (e *encoder) process(p *Process) {
	for _, d := range []time.Duration{p.User, p.System, p.Paused, p.LongestPause, p.Stolen, p.Throttled} {
		e.span(d)
	}
	for _, n := range []uint64{p.Pauses, p.Memory, p.Goroutines, p.Files} {
		e.uint(n)
	}
}

func (e *encoder) figures(f *Figures) {
	for r := range f.Due {
		e.uint(f.Due[r])
		for _, n := range f.Results[r] {
			e.uint(n)
		}
	}
	for _, n := range []uint64{f.Opened, f.Closed, f.Resumed, f.Lost, f.Sent, f.Received} {
		e.uint(n)
	}
	e.histogram(&f.Lag)
	keys := slices.SortedFunc(maps.Keys(f.Stages), compareStageKeys)
	keys = slices.DeleteFunc(keys, func(key StageKey) bool { return f.Stages[key].Count() == 0 })
	e.uint(uint64(len(keys)))
	for _, key := range keys {
		s := f.Stages[key]
		e.byte(uint8(key.Role))
		e.byte(uint8(key.Stage))
		e.byte(uint8(key.Outcome))
		e.int(int64(s.First))
		e.int(int64(s.Last))
		e.histogram(&s.Latency)
	}
	e.uint(uint64(len(f.Causes)))
	for _, key := range slices.SortedFunc(maps.Keys(f.Causes), compareCauseKeys) {
		e.byte(uint8(key.Role))
		e.byte(uint8(key.Stage))
		e.byte(uint8(key.Outcome))
		e.byte(uint8(key.Cause.Kind))
		e.uint(uint64(key.Cause.Code))
		e.uint(f.Causes[key])
	}
	e.uint(uint64(len(f.Admitted)))
	for _, id := range slices.Sorted(maps.Keys(f.Admitted)) {
		e.string(id)
		e.uint(f.Admitted[id])
	}
}

// histogram writes how many counters are not 0; of each by how much its index
// exceeds that of the one before, and its value; and the exact figures.
func (e *encoder) histogram(h *Histogram) {
	all := h.all()
	e.uint(uint64(len(all)))
	if len(all) == 0 {
		return
	}
	last := -1
	for _, b := range all {
		e.uint(uint64(int(b.index) - last))
		e.uint(b.count)
		last = int(b.index)
	}
	e.span(h.min)
	e.span(h.max - h.min)
	e.uint(uint64(h.sum))
}

func compareStageKeys(a, b StageKey) int {
	return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Outcome, b.Outcome))
}

func compareCauseKeys(a, b CauseKey) int {
	return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Outcome, b.Outcome),
		cmp.Compare(a.Cause.Kind, b.Cause.Kind), cmp.Compare(a.Cause.Code, b.Cause.Code))
}
