package pacer_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/chainmail-iot/chainmail/loadgen/pacer"
)

func mustNew(t *testing.T, spec pacer.Spec, seed uint64) pacer.Pacer {
	t.Helper()
	p, err := pacer.New(spec, seed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAt(t *testing.T) {
	t.Parallel()
	const ms, s = time.Millisecond, time.Second
	type due struct {
		n  int
		at time.Duration
	}
	never := time.Duration(-1)
	tests := []struct {
		name string
		spec pacer.Spec
		text string
		want []due
	}{
		{
			name: "constant", spec: pacer.Spec{Rate: 200}, text: "constant 200/s",
			want: []due{{0, 0}, {1, 5 * ms}, {200, s}, {201, 1005 * ms}, {1_000_000, 5000 * s}},
		},
		{
			name: "an hour between two", spec: pacer.Spec{Rate: pacer.Rate(1.0 / 3600)}, text: "constant 0.0002777777777777778/s",
			want: []due{{0, 0}, {1, time.Hour}, {24, 24 * time.Hour}},
		},
		{
			name: "ramp up", spec: pacer.Spec{Ramp: &pacer.Ramp{From: 0, To: 100, Over: 10 * s}}, text: "ramp 0/s to 100/s over 10s",
			// n arrivals after t seconds: 5t², then 100 a second.
			want: []due{{0, 0}, {5, s}, {125, 5 * s}, {500, 10 * s}, {501, 10*s + 10*ms}, {1500, 20 * s}},
		},
		{
			name: "ramp down to nothing", spec: pacer.Spec{Ramp: &pacer.Ramp{From: 100, To: 0, Over: 10 * s}}, text: "ramp 100/s to 0/s over 10s",
			// n arrivals after t seconds: 100t - 5t², at most 500.
			want: []due{{0, 0}, {375, 5 * s}, {495, 9 * s}, {500, never}, {501, never}},
		},
		{
			name: "steps", spec: pacer.Spec{Steps: []pacer.Step{{Rate: 10, For: s}, {Rate: 0, For: 2 * s}, {Rate: 100, For: s}, {Rate: 1}}},
			text: "steps 10/s for 1s, 0/s for 2s, 100/s for 1s, 1/s",
			want: []due{{0, 0}, {9, 900 * ms}, {10, 3 * s}, {11, 3010 * ms}, {109, 3990 * ms}, {110, 4 * s}, {111, 5 * s}, {1110, 1004 * s}},
		},
		{
			name: "steps that end", spec: pacer.Spec{Steps: []pacer.Step{{Rate: 10, For: s}, {Rate: 20, For: s}}}, text: "steps 10/s for 1s, 20/s for 1s",
			want: []due{{9, 900 * ms}, {10, s}, {29, 1950 * ms}, {30, never}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := mustNew(t, tt.spec, 0)
			var got []due
			for _, w := range tt.want {
				at, ok := p.At(w.n)
				if !ok {
					at = never
				}
				got = append(got, due{w.n, at})
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(due{})); diff != "" {
				t.Errorf("arrivals (-want +got):\n%s", diff)
			}
			if p.String() != tt.text {
				t.Errorf("text %q, want %q", p, tt.text)
			}
		})
	}
}

// pacers are of every kind, with rates that have no exact binary form.
func pacers(t *testing.T) map[string]pacer.Pacer {
	t.Helper()
	specs := map[string]pacer.Spec{
		"constant":  {Rate: 333.3},
		"slow":      {Rate: 0.7},
		"fast":      {Rate: 1e6},
		"ramp up":   {Ramp: &pacer.Ramp{From: 3, To: 777, Over: 7 * time.Second}},
		"from zero": {Ramp: &pacer.Ramp{To: 1000, Over: time.Second}},
		"ramp down": {Ramp: &pacer.Ramp{From: 777, To: 0, Over: 7 * time.Second}},
		"steps":     {Steps: []pacer.Step{{Rate: 100.1, For: time.Second}, {Rate: 0, For: 1500 * time.Millisecond}, {Rate: 33.3, For: 2 * time.Second}, {Rate: 500}}},
		"finite":    {Steps: []pacer.Step{{Rate: 100.1, For: time.Second}, {Rate: 10, For: time.Second}}},
	}
	all := map[string]pacer.Pacer{}
	for name, spec := range specs {
		all[name] = mustNew(t, spec, 0)
	}
	return all
}

// TestRateIsMet integrates the rate that a pacer declares and compares with the
// arrivals that are due: never more than one apart. Arrivals never go back.
func TestRateIsMet(t *testing.T) {
	t.Parallel()
	for name, p := range pacers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const step = 10 * time.Microsecond
			var integral, rate float64
			rate = p.Rate(0)
			for at := step; at <= 5*time.Second; at += step {
				next := p.Rate(at)
				integral += (rate + next) / 2 * step.Seconds()
				rate = next
				if at%(97*time.Millisecond) < step {
					// Arrival 0 is due at once: n+1 are due where n arrivals' worth have passed.
					if due := float64(pacer.Count(p, at)); due < integral-1e-2*(1+integral/1e3) || due > integral+1+1e-2*(1+integral/1e3) {
						t.Fatalf("%s: %g are due by %s, the rate gives %g", p, due, at, integral)
					}
				}
			}
			last := time.Duration(-1)
			for n, at := range pacer.Shard(p, 0, 1) {
				if at < last {
					t.Fatalf("arrival %d is due at %s, the one before at %s", n, at, last)
				}
				if last = at; n == 20_000 {
					break
				}
			}
		})
	}
}

// TestShardsMakeTheSameArrivals: k shards together have each arrival once, at the
// moment at which one shard has it.
func TestShardsMakeTheSameArrivals(t *testing.T) {
	t.Parallel()
	all := pacers(t)
	all["poisson"] = mustNew(t, pacer.Spec{Rate: 500, Poisson: true}, 7)
	for name, p := range all {
		const arrivals = 500
		var one []time.Duration
		for n, at := range pacer.Shard(p, 0, 1) {
			if n == arrivals {
				break
			}
			one = append(one, at)
		}
		for _, k := range []int{2, 3, 64} {
			together := make([]time.Duration, len(one))
			count := 0
			for i := range k {
				for n, at := range pacer.Shard(p, i, k) {
					if n >= len(one) {
						break
					}
					together[n] = at
					count++
				}
			}
			if count != len(one) || !slices.Equal(one, together) {
				t.Errorf("%s: %d shards make %d arrivals, not the %d of one", name, k, count, len(one))
			}
		}
	}
}

// TestPoisson looks at the gaps: their mean and their variance are those of an
// exponential distribution, and the counts of equal spans vary as much as they
// should. Another seed makes other arrivals, the same the same.
func TestPoisson(t *testing.T) {
	t.Parallel()
	const n, rate = 50_000, 1000.0
	p := mustNew(t, pacer.Spec{Rate: rate, Poisson: true}, 42)
	var sum, squares float64
	last := time.Duration(0)
	counts := make([]float64, 0, 50)
	for i, at := range pacer.Shard(p, 0, 1) {
		if i == n {
			break
		}
		if at < last {
			t.Fatalf("arrival %d goes back", i)
		}
		gap := (at - last).Seconds()
		sum, squares, last = sum+gap, squares+gap*gap, at
		for len(counts) <= int(at.Seconds()) {
			counts = append(counts, 0)
		}
		counts[int(at.Seconds())]++
	}
	mean := sum / n
	deviation := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean*rate-1) > 0.02 || math.Abs(deviation*rate-1) > 0.03 {
		t.Errorf("gaps have the mean %g and the deviation %g, want %g for both", mean, deviation, 1/rate)
	}
	counts = counts[:len(counts)-1]
	var dispersion float64
	for _, c := range counts {
		dispersion += (c - rate) * (c - rate) / rate / float64(len(counts))
	}
	if dispersion < 0.5 || dispersion > 1.7 {
		t.Errorf("counts a second have the dispersion %g, want about 1", dispersion)
	}
	same, other := mustNew(t, pacer.Spec{Rate: rate, Poisson: true}, 42), mustNew(t, pacer.Spec{Rate: rate, Poisson: true}, 43)
	r := rand.New(rand.NewPCG(0, 0))
	equal := 0
	for range 100 { // not in order: an arrival does not depend on which was asked for before
		i := r.IntN(n)
		want, _ := p.At(i)
		if got, _ := same.At(i); got != want {
			t.Fatalf("arrival %d is due at %s and at %s", i, want, got)
		}
		if got, _ := other.At(i); got == want {
			equal++
		}
	}
	if equal > 1 {
		t.Errorf("%d of 100 arrivals are the same with another seed", equal)
	}
	if p.Rate(time.Second) != rate || p.String() != "constant 1000/s, Poisson" {
		t.Errorf("%s at %g", p, p.Rate(time.Second))
	}
}

func TestPoissonEnds(t *testing.T) {
	t.Parallel()
	p := mustNew(t, pacer.Spec{Steps: []pacer.Step{{Rate: 100, For: 10 * time.Second}}, Poisson: true}, 1)
	n := pacer.Count(p, time.Hour)
	if n < 900 || n > 1100 {
		t.Errorf("%d arrivals, want about 1000", n)
	}
	if at, ok := p.At(n); ok {
		t.Errorf("arrival %d is due at %s, after the last step", n, at)
	}
}

func TestSpecFromYAML(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want, wrong string }{
		{text: "rate: 200/s", want: "constant 200/s"},
		{text: "rate: 12000/min", want: "constant 200/s"},
		{text: "rate: 720000/h\npoisson: true", want: "constant 200/s, Poisson"},
		{text: "ramp: {from: 10/s, to: 200/s, over: 30s}", want: "ramp 10/s to 200/s over 30s"},
		{text: "ramp: {to: 200/s, over: 1m}", want: "ramp 0/s to 200/s over 1m0s"},
		{text: "steps: [{rate: 10/s, for: 5s}, {rate: 0.5/s}]", want: "steps 10/s for 5s, 0.5/s"},
		{text: "rate: 200", wrong: `"200" is no rate: write it as 200/s, 12000/min or 720000/h`},
		{text: "rate: 200/d", wrong: `"200/d" is no rate`},
		{text: "rate: fast", wrong: `"fast" is no rate`},
		{text: "rate: -1/s", wrong: "not between 0/s and 10000000/s"},
		{text: "rate: 1e99/s", wrong: "not between 0/s and 10000000/s"},
		{text: "rate: NaN/s", wrong: "not between 0/s and 10000000/s"},
		{text: "{}", wrong: "nobody comes: want a rate above 0/s, a ramp or steps"},
		{text: "rate: 0/s", wrong: "nobody comes"},
		{text: "rate: 1/s\nsteps: [{rate: 1/s}]", wrong: "want one of rate, ramp and steps"},
		{text: "ramp: {from: 1/s, to: 2/s}", wrong: "ramp: over is 0s"},
		{text: "ramp: {over: 1s}", wrong: "has no arrivals"},
		{text: "steps: [{rate: 1/s}, {rate: 1/s}]", wrong: "step 1 lasts 0s"},
		{text: "steps: [{rate: 1/s, for: -1s}]", wrong: "step 1 lasts -1s"},
		{text: "steps: [{rate: 0/s}]", wrong: "steps: none has arrivals"},
	}
	for _, tt := range tests {
		var spec pacer.Spec
		err := yaml.Load([]byte(tt.text), &spec, yaml.WithKnownFields())
		var p pacer.Pacer
		if err == nil {
			p, err = pacer.New(spec, 1)
		}
		switch {
		case tt.wrong == "" && (err != nil || p.String() != tt.want):
			t.Errorf("%s: %v, %v, want %s", tt.text, p, err, tt.want)
		case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)):
			t.Errorf("%s: %v, want %s", tt.text, err, tt.wrong)
		}
	}
}

// TestRateText: what a rate is written as is read as the same rate.
func TestRateText(t *testing.T) {
	t.Parallel()
	for _, rate := range []pacer.Rate{0, 1, 0.1, 1.0 / 3600, 333.333, 1e7} {
		if got, err := pacer.ParseRate(rate.String()); err != nil || got != rate {
			t.Errorf("%s is read as %v, %v", rate, got, err)
		}
	}
}

func FuzzParseRate(f *testing.F) {
	for _, seed := range []string{"200/s", "12000/min", "1e3/h", "-1/s", "/", "NaN/s", "0x10/s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, err := pacer.ParseRate(text)
		if err != nil {
			return
		}
		if again, err := pacer.ParseRate(rate.String()); err != nil || again != rate {
			t.Errorf("%q is %s, which is read as %v, %v", text, rate, again, err)
		}
	})
}

func BenchmarkAt(b *testing.B) {
	for _, bench := range []struct {
		name string
		spec pacer.Spec
	}{
		{"pacer=constant", pacer.Spec{Rate: 1000}},
		{"pacer=ramp", pacer.Spec{Ramp: &pacer.Ramp{To: 1000, Over: time.Minute}}},
		{"pacer=poisson", pacer.Spec{Rate: 1000, Poisson: true}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			p, err := pacer.New(bench.spec, 1)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				p.At(n % 1_000_000)
				n++
			}
		})
	}
}
