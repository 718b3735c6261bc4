package main

import (
	"context"
	"slices"
)

// row is what a peer cost, time after time.
type row struct {
	microseconds, kib []float64 // a connection
	why               string    // it has no cost; "" if it has
}

// try measures the peer once more.
func (r *row) try(ctx context.Context, s *scene, p peer, n int) {
	if why := p.missing(); why != "" {
		r.why = "missing: " + why
	}
	if r.why != "" {
		return
	}
	c, err := p.run(ctx, s, min(n, p.most))
	if err != nil {
		r.why = "failed: " + err.Error()
		return
	}
	r.microseconds = append(r.microseconds, float64(c.processor.Microseconds())/float64(c.devices))
	r.kib = append(r.kib, float64(c.memory)/float64(c.devices)/1024)
}

func (r *row) each() float64 { return middle(r.microseconds) }

func (r *row) memory() float64 { return middle(r.kib) }

// middle is the median, 0 of nothing.
func middle(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
