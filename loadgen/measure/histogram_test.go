package measure_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// declared is the error that the histogram declares for a value: 0.1 %, or half a
// microsecond where that is more.
func declared(v time.Duration) time.Duration {
	return max(v/1000, 512*time.Nanosecond)
}

// distributions are shapes that latencies have, and shapes that break histograms.
func distributions(r *rand.Rand) map[string]func() time.Duration {
	return map[string]func() time.Duration{
		"constant":    func() time.Duration { return 3 * time.Millisecond },
		"uniform":     func() time.Duration { return time.Duration(r.Int64N(int64(time.Second))) },
		"exponential": func() time.Duration { return time.Duration(r.ExpFloat64() * float64(20*time.Millisecond)) },
		"log-normal": func() time.Duration {
			return time.Duration(math.Exp(r.NormFloat64()*2) * float64(time.Millisecond))
		},
		"two humps": func() time.Duration {
			if r.IntN(50) == 0 {
				return 2*time.Second + time.Duration(r.Int64N(int64(time.Millisecond)))
			}
			return time.Millisecond + time.Duration(r.Int64N(int64(time.Microsecond)))
		},
		"tiny":  func() time.Duration { return time.Duration(r.Int64N(3000)) },
		"hours": func() time.Duration { return time.Duration(r.Int64N(int64(time.Hour))) },
		"powers of two": func() time.Duration {
			return time.Duration(int64(1)<<r.IntN(41) - r.Int64N(2))
		},
	}
}

// TestQuantilesAgainstSorting compares every quantile with the nearest rank of the
// same samples, sorted: whether they were recorded in one histogram, put together
// from many, or read from a chunk.
func TestQuantilesAgainstSorting(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 9))
	quantiles := []float64{0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1}
	for name, draw := range distributions(r) {
		for _, n := range []int{1, 2, 3, 10, 99, 100, 101, 1000, 20_000} {
			one, parts := new(measure.Histogram), make([]measure.Histogram, 7)
			samples := make([]time.Duration, n)
			var sum time.Duration
			for i := range samples {
				samples[i] = draw()
				sum += samples[i]
				one.Record(samples[i])
				parts[i%len(parts)].Record(samples[i])
			}
			slices.Sort(samples)
			together := new(measure.Histogram)
			for i := range parts {
				together.Add(&parts[i])
			}
			for kind, h := range map[string]*measure.Histogram{"one": one, "together": together, "read": read(t, one)} {
				if h.Count() != uint64(n) || h.Min() != samples[0] || h.Max() != samples[n-1] || h.Sum() != sum || h.Mean() != sum/time.Duration(n) {
					t.Fatalf("%s, %d samples, %s: count %d, min %s, max %s, mean %s, want %s to %s", name, n, kind, h.Count(), h.Min(), h.Max(), h.Mean(), samples[0], samples[n-1])
				}
				for i, got := range h.Quantiles(quantiles...) {
					want := samples[nearestRank(quantiles[i], n)-1]
					if diff := got - want; diff < 0 || diff > declared(want) {
						t.Errorf("%s, %d samples, %s: quantile %g is %s, want %s", name, n, kind, quantiles[i], got, want)
					}
				}
			}
		}
	}
}

// nearestRank is computed in whole numbers: ceil(q·n) for q in ten-thousandths.
func nearestRank(q float64, n int) int {
	return max((int(math.Round(q*10_000))*n+9_999)/10_000, 1)
}

// read passes a histogram through a chunk.
func read(t *testing.T, h *measure.Histogram) *measure.Histogram {
	t.Helper()
	c, err := measure.DecodeChunk((&measure.Chunk{Identity: identity(0, 1), Figures: &measure.Figures{Lag: *h}}).Encode())
	if err != nil {
		t.Fatal(err)
	}
	return &c.Lag
}

func TestHistogramAtItsLimits(t *testing.T) {
	t.Parallel()
	h := new(measure.Histogram)
	if h.Quantile(0.99) != 0 || h.Mean() != 0 || h.Count() != 0 || h.Max() != 0 {
		t.Error("an empty histogram holds something")
	}
	for _, d := range []time.Duration{-time.Second, 0, time.Hour, 5 * time.Hour} {
		h.Record(d)
	}
	if h.Count() != 4 || h.Min() != 0 || h.Max() != 5*time.Hour {
		t.Errorf("count %d, min %s, max %s", h.Count(), h.Min(), h.Max())
	}
	if got := h.Quantile(0.5); got != 511*time.Nanosecond {
		t.Errorf("p50 is %s, want the end of the first bucket", got)
	}
	if got := h.Quantile(0.75); got < time.Hour || got > time.Hour+declared(time.Hour) {
		t.Errorf("p75 is %s, want about the hour at which the quantiles end", got)
	}
	if least, most := h.Quantile(0.25), h.Quantile(1); least != 0 || most != 5*time.Hour {
		t.Errorf("the extremes are %s and %s, want them exactly", least, most)
	}
	same := new(measure.Histogram)
	for range 1000 {
		same.Record(3 * time.Millisecond)
	}
	if got := same.Quantile(0.5); got != 3*time.Millisecond {
		t.Errorf("p50 of 3ms alone is %s", got)
	}
	got := h.Cumulative([]time.Duration{0, time.Minute, 2 * time.Hour})
	if !slices.Equal(got, []uint64{2, 2, 4}) {
		t.Errorf("cumulative %v", got)
	}
}

func TestCumulativeAgainstCounting(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	h := new(measure.Histogram)
	var samples []time.Duration
	for range 5000 {
		d := time.Duration(r.ExpFloat64() * float64(20*time.Millisecond))
		samples = append(samples, d)
		h.Record(d)
	}
	bounds := []time.Duration{time.Microsecond, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond, time.Second}
	for i, got := range h.Cumulative(bounds) {
		var least, most uint64
		for _, s := range samples {
			if s <= bounds[i] {
				least++
			}
			if s <= bounds[i]+declared(bounds[i]) {
				most++
			}
		}
		if got < least || got > most {
			t.Errorf("up to %s: %d, want %d to %d", bounds[i], got, least, most)
		}
	}
}
