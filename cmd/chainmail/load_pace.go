package main

import (
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// recent is the span over which the rates of a run under way are taken.
const recent = 5 * time.Second

// A pace knows how fast a run has gone lately. The zero value has seen nothing.
type pace struct{ marks []mark }

// A mark is what had been counted at a moment.
type mark struct {
	at                        time.Time
	ended, published, renewed uint64
}

// mark takes in what was counted up to a moment, and forgets what is no longer recent
// but for the last before.
func (p *pace) mark(at time.Time, f *measure.Figures) {
	p.marks = append(p.marks, mark{
		at: at, ended: f.Ended(measure.Good) + f.Ended(measure.Bad),
		published: f.Samples(measure.Good, measure.StagePublish), renewed: f.Samples(measure.Good, measure.StageRenewal),
	})
	for len(p.marks) > 2 && !p.marks[1].at.After(at.Add(-recent)) {
		p.marks = p.marks[1:]
	}
}

// ended, published and renewed are arrivals, messages and tokens a second, lately.
func (p *pace) ended() float64     { return p.rate(func(m mark) uint64 { return m.ended }) }
func (p *pace) published() float64 { return p.rate(func(m mark) uint64 { return m.published }) }
func (p *pace) renewed() float64   { return p.rate(func(m mark) uint64 { return m.renewed }) }

func (p *pace) rate(of func(mark) uint64) float64 {
	if len(p.marks) < 2 {
		return 0
	}
	first, last := p.marks[0], p.marks[len(p.marks)-1]
	span := last.at.Sub(first.at).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(of(last)-of(first)) / span
}
