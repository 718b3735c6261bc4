package measure

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// newLibrary is the histogram of the library that has the geometry of ours.
func newLibrary() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(time.Microsecond), highest, 3)
}

// TestBucketsAreTheLibrarys: the layout that chunks rest on is the one in which
// the library counts. A chunk written with one version of it must mean the same to
// every other.
func TestBucketsAreTheLibrarys(t *testing.T) {
	t.Parallel()
	h := newLibrary()
	if got := len(h.Export().Counts); got != counters {
		t.Fatalf("the library has %d counters, want %d", got, counters)
	}
	for i, bar := range completely(t) {
		b := bucket{index: uint32(i)}
		if b.floor() != bar.from || b.ceil() != bar.to {
			t.Fatalf("bucket %d is %d to %d, the library's is %d to %d", i, b.floor(), b.ceil(), bar.from, bar.to)
		}
		if indexOf(b.floor()) != b.index || indexOf(b.ceil()) != b.index {
			t.Fatalf("bucket %d: its ends are in %d and %d", i, indexOf(b.floor()), indexOf(b.ceil()))
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		v := r.Int64N(highest + 1)
		h.Reset()
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
		if h.Export().Counts[indexOf(v)] != 1 {
			t.Fatalf("%d is not in bucket %d", v, indexOf(v))
		}
		var own dense
		own.count(v)
		if got := own.buckets(); len(got) != 1 || got[0] != (bucket{indexOf(v), 1}) {
			t.Fatalf("%d is counted in %v, want bucket %d", v, got, indexOf(v))
		}
	}
}

type ends struct{ from, to int64 }

// completely returns the ends of every bucket up to the one of an hour, by the
// library.
func completely(t *testing.T) []ends {
	t.Helper()
	h := newLibrary()
	if err := h.RecordValue(highest); err != nil {
		t.Fatal(err)
	}
	var all []ends
	for _, bar := range h.Distribution() {
		all = append(all, ends{bar.From, bar.To})
	}
	if len(all) <= counters-half {
		t.Fatalf("the library lists %d buckets", len(all))
	}
	return all
}

// TestDecodeRefusesExtremesThatDoNotFit: what is told exactly must lie in the buckets.
func TestDecodeRefusesExtremesThatDoNotFit(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*Histogram){
		func(h *Histogram) { h.min = 0 },
		func(h *Histogram) { h.min = 2 * time.Millisecond },
		func(h *Histogram) { h.max = 2 * time.Millisecond },
		func(h *Histogram) { h.max = time.Second },
	} {
		var h Histogram
		h.Record(time.Millisecond)
		h.Record(5 * time.Millisecond)
		change(&h)
		c := &Chunk{Identity: Identity{Shards: 1, Interval: 1}, Figures: &Figures{Lag: h}}
		if _, err := DecodeChunk(c.Encode()); err == nil || !strings.Contains(err.Error(), "extremes") {
			t.Errorf("from %s to %s: %v", h.min, h.max, err)
		}
	}
}
