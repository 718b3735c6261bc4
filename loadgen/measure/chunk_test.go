package measure_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// chunks returns a few chunks with something of everything in them.
func chunks() []*measure.Chunk {
	return play(events(rand.New(rand.NewPCG(1, 1)), 300), 2)
}

func TestChunkRoundTrip(t *testing.T) {
	t.Parallel()
	for _, c := range chunks() {
		data := c.Encode()
		got, err := measure.DecodeChunk(data)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Encode(), data) {
			t.Fatalf("%s: written again it differs", c.Name())
		}
		got.Start = got.Start.UTC()
		if diff := cmp.Diff(*c.Figures, *got.Figures, figures()); diff != "" {
			t.Errorf("%s: figures differ", c.Name())
		}
		c.Figures, got.Figures = nil, nil
		if diff := cmp.Diff(c, got); diff != "" {
			t.Errorf("chunk differs (-written +read):\n%s", diff)
		}
	}
}

// TestDecodeChunkRefuses damages a chunk in every byte and at every length.
func TestDecodeChunkRefuses(t *testing.T) {
	t.Parallel()
	good := chunks()[0].Encode()
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 0x10
		if _, err := measure.DecodeChunk(bad); err == nil {
			t.Errorf("byte %d changed: it is accepted", i)
		}
		if _, err := measure.DecodeChunk(good[:i]); err == nil {
			t.Errorf("cut short to %d bytes: it is accepted", i)
		}
	}
	if _, err := measure.DecodeChunk(append(slices.Clone(good), 0)); err == nil {
		t.Error("one byte more: it is accepted")
	}
	if _, err := measure.DecodeChunk(sealed(append(body(good), 0))); err == nil || !strings.Contains(err.Error(), "1 bytes follow") {
		t.Errorf("one byte more, with a checksum: %v", err)
	}
	long := body(good)
	long = slices.Insert(slices.Clone(long), len("chainmail-chunk 2\n")+32+1+len("seed"), 0x80) // shard 0 as 80 00
	if _, err := measure.DecodeChunk(sealed(long)); err == nil || !strings.Contains(err.Error(), "longer than it needs") {
		t.Errorf("a number in a longer form: %v", err)
	}
}

// body is a chunk without its checksum, sealed the same with a new one.
func body(chunk []byte) []byte { return slices.Clip(chunk[:len(chunk)-4]) }

func sealed(body []byte) []byte {
	return binary.BigEndian.AppendUint32(slices.Clone(body), crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// FuzzDecodeChunk gives the decoder bytes behind a good checksum, since it would
// not look at others. What it accepts must be what Encode writes.
func FuzzDecodeChunk(f *testing.F) {
	rec := measure.NewRecorder(identity(0, 1), start())
	f.Add(body(rec.Cut(start().Add(time.Second), measure.Process{User: 3, Pauses: 2}, true, "finished").Encode()))
	rec.Arrive(measure.Good, start(), start().Add(time.Millisecond))
	rec.Drop(measure.Bad, measure.Cause{Kind: measure.KindLimit})
	rec.Record(measure.Sample{Stage: measure.StageTLS, Outcome: measure.Refused, Cause: measure.Alert(45), Started: start(), Ended: start().Add(time.Hour)})
	rec.Record(measure.Sample{Stage: measure.StageToken, Started: start(), Ended: start().Add(7 * time.Millisecond)})
	f.Add(body(rec.Cut(start().Add(2*time.Second), measure.Process{}, false, "").Encode()))
	f.Fuzz(func(t *testing.T, data []byte) {
		chunk := sealed(data)
		c, err := measure.DecodeChunk(chunk)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Encode(), chunk) {
			t.Error("written again it differs")
		}
		fold := measure.NewFold(c.Plan, int(c.Shards))
		if c.Shards < 100 && fold.Add(c) == nil {
			fold.Totals()
		}
	})
}

func TestFoldRefusesStrangers(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*measure.Chunk){
		"plan":     func(c *measure.Chunk) { c.Plan[0]++ },
		"shards":   func(c *measure.Chunk) { c.Shards++ },
		"seed":     func(c *measure.Chunk) { c.Seed = "other" },
		"start":    func(c *measure.Chunk) { c.Start = c.Start.Add(1) },
		"interval": func(c *measure.Chunk) { c.Interval++ },
	}
	for name, change := range tests {
		fold := measure.NewFold([32]byte{1, 2, 3}, 2)
		all := chunks()
		if err := fold.Add(all[0]); err != nil {
			t.Fatal(err)
		}
		change(all[1])
		if err := fold.Add(all[1]); !errors.Is(err, measure.ErrStranger) || !strings.Contains(err.Error(), all[1].Name()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFoldTakesAChunkOnce(t *testing.T) {
	t.Parallel()
	all := chunks()
	want := total(t, 2, all)
	got := total(t, 2, append(slices.Clone(all), all[3], all[0]))
	if diff := cmp.Diff(want.Figures, got.Figures, figures()); diff != "" {
		t.Error("a chunk that came twice counts twice")
	}
	fold := measure.NewFold([32]byte{1, 2, 3}, 2)
	if err := fold.Add(all[0]); err != nil {
		t.Fatal(err)
	}
	other := *all[0]
	other.Why = "another"
	if err := fold.Add(&other); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("the same chunk with other content: %v", err)
	}
}

// long is a second attempt of which one chunk spans the whole run.
func long(c *measure.Chunk) *measure.Chunk {
	whole := *c
	whole.Attempt, whole.To, whole.Done = 1, 10*time.Second, true
	return &whole
}

// TestSeries has two shards of which one wakes up late for each cut: their chunks are
// of the same intervals all the same.
func TestSeries(t *testing.T) {
	t.Parallel()
	var all []*measure.Chunk
	for shard := range uint32(2) {
		rec := measure.NewRecorder(identity(shard, 2), start())
		for second := range 5 {
			for range second + 1 {
				rec.Arrive(measure.Good, start(), start())
			}
			rec.Opened()
			late := time.Duration(shard) * 300 * time.Millisecond
			all = append(all, rec.Cut(start().Add(time.Duration(second+1)*time.Second+late), measure.Process{}, second == 4, ""))
		}
	}
	got := total(t, 2, all).Points
	if len(got) != 5 {
		t.Fatalf("%d points, want 5", len(got))
	}
	for i, p := range got {
		if p.From != time.Duration(i)*time.Second || p.To != p.From+time.Second || p.Due[measure.Good] != uint64(2*(i+1)) || p.Open != int64(2*(i+1)) {
			t.Errorf("point %d: %s to %s, %d due, %d open", i, p.From, p.To, p.Due[measure.Good], p.Open)
		}
	}
}

// TestHoles leaves chunks out and has the Fold say which span they covered.
func TestHoles(t *testing.T) {
	t.Parallel()
	all := chunks() // of shard 0 the first ten, of shard 1 the rest
	pick := func(leaveOut ...int) []*measure.Chunk {
		var some []*measure.Chunk
		for i, c := range all {
			if !slices.Contains(leaveOut, i) {
				some = append(some, c)
			}
		}
		return some
	}
	again := *all[12]
	again.Attempt = 1
	tests := []struct {
		name     string
		chunks   []*measure.Chunk
		holes    []measure.Hole
		overlaps []measure.Hole
	}{
		{name: "none", chunks: pick()},
		{name: "in the middle", chunks: pick(3, 4), holes: []measure.Hole{{Shard: 0, From: 3 * time.Second, To: 5 * time.Second}}},
		{name: "two", chunks: pick(1, 3), holes: []measure.Hole{{Shard: 0, From: time.Second, To: 2 * time.Second}, {Shard: 0, From: 3 * time.Second, To: 4 * time.Second}}},
		{name: "the first", chunks: pick(10), holes: []measure.Hole{{Shard: 1, From: 0, To: time.Second}}},
		{name: "the last", chunks: pick(19), holes: []measure.Hole{{Shard: 1, From: 9 * time.Second, Open: true}}},
		{name: "a shard", chunks: all[:10], holes: []measure.Hole{{Shard: 1, Open: true}}},
		{name: "all", holes: []measure.Hole{{Shard: 0, Open: true}, {Shard: 1, Open: true}}},
		{name: "a second attempt fills it", chunks: append(pick(12), &again)},
		{name: "a chunk within a longer one", chunks: append(slices.Clone(all[:13]), long(all[10])), overlaps: []measure.Hole{
			{Shard: 1, From: 0, To: time.Second}, {Shard: 1, From: time.Second, To: 2 * time.Second}, {Shard: 1, From: 2 * time.Second, To: 3 * time.Second},
		}},
		{name: "a second attempt repeats", chunks: append(pick(), &again), overlaps: []measure.Hole{{Shard: 1, From: 2 * time.Second, To: 3 * time.Second}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := total(t, 2, tt.chunks)
			if diff := cmp.Diff(tt.holes, got.Holes); diff != "" {
				t.Errorf("holes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.overlaps, got.Overlaps); diff != "" {
				t.Errorf("overlaps (-want +got):\n%s", diff)
			}
			if want := len(tt.holes)+len(tt.overlaps) == 0; got.Whole() != want {
				t.Errorf("whole %t, want %t", got.Whole(), want)
			}
		})
	}
}

// TestProcessesAddUp: two shards have twice the memory, and the longer of two stops.
func TestProcessesAddUp(t *testing.T) {
	t.Parallel()
	var all []*measure.Chunk
	for shard := range uint32(2) {
		rec := measure.NewRecorder(identity(shard, 2), start())
		for i := range 3 {
			p := measure.Process{
				User: time.Second, System: time.Millisecond, Pauses: 2, Paused: 3 * time.Millisecond, Stolen: 4, Throttled: 5,
				LongestPause: time.Duration(i+int(shard)) * time.Millisecond, Memory: uint64(100 * (i + 1)), Goroutines: 10, Files: 20,
			}
			all = append(all, rec.Cut(start().Add(time.Duration(i+1)*time.Second), p, i == 2, ""))
		}
	}
	want := measure.Process{
		User: 6 * time.Second, System: 6 * time.Millisecond, Pauses: 12, Paused: 18 * time.Millisecond, Stolen: 12, Throttled: 15,
		LongestPause: 3 * time.Millisecond, Memory: 600, Goroutines: 20, Files: 40,
	}
	if diff := cmp.Diff(want, total(t, 2, all).Process); diff != "" {
		t.Errorf("process (-want +got):\n%s", diff)
	}
}

func TestCauseNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for code := range 1000 {
		for _, c := range []measure.Cause{measure.Alert(uint8(code)), measure.ReturnCode(uint8(code)), measure.SubackCode(uint8(code)), measure.HTTPStatus(uint16(code))} {
			if !measure.IsCauseName(c.Name()) {
				t.Errorf("%v has the name %q, which is none", c, c.Name())
			}
			seen[c.Name()] = true
		}
	}
	if len(seen) != 3*256+1000 {
		t.Errorf("%d names, want one for each code", len(seen))
	}
	for _, kind := range measure.Kinds() {
		k, ok := measure.KindNamed(kind)
		if !ok || k.String() != kind || (measure.Cause{Kind: k}).String() == "" {
			t.Errorf("kind %q: %v, %t", kind, k, ok)
		}
	}
	for _, name := range []string{"", "none", "nonsense", "alert.nonsense", "http.1000", "time-out.5", "alert.45"} {
		if measure.IsCauseName(name) {
			t.Errorf("%q is the name of a cause", name)
		}
	}
	if got := measure.Alert(45).String(); got != "alert certificate_expired" {
		t.Errorf("alert 45 is %q", got)
	}
}
