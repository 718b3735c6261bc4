package pacer

import (
	"math/rand/v2"
	"sync"
	"time"
)

// block is the number of arrivals whose gaps come from one generator. Any
// arrival can be found from the beginning of its block.
const block = 256

// poisson has arrivals that know nothing of each other, at the rate of another
// pacer on average: the sums of exponential gaps, taken through the arrivals that
// are due by that pacer.
type poisson struct {
	even *even
	seed uint64

	mu     sync.Mutex // guards starts
	starts []float64  // the sum of the gaps before each block; grows as asked for
}

// At implements Pacer.
func (p *poisson) At(n int) (time.Duration, bool) {
	sum := p.start(n / block)
	gaps := p.gaps(n / block)
	for range n%block + 1 {
		sum += gaps.ExpFloat64()
	}
	return p.even.reach(sum)
}

// start returns the sum of the gaps before a block.
func (p *poisson) start(number int) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.starts) == 0 {
		p.starts = append(p.starts, 0)
	}
	for len(p.starts) <= number {
		last := len(p.starts) - 1
		sum, gaps := p.starts[last], p.gaps(last)
		for range block {
			sum += gaps.ExpFloat64()
		}
		p.starts = append(p.starts, sum)
	}
	return p.starts[number]
}

func (p *poisson) gaps(number int) *rand.Rand {
	return rand.New(rand.NewPCG(p.seed, uint64(number)))
}

// Rate implements Pacer.
func (p *poisson) Rate(at time.Duration) float64 { return p.even.Rate(at) }

func (p *poisson) String() string { return p.even.String() + ", Poisson" }
