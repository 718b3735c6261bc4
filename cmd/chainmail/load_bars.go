package main

import (
	"fmt"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// The columns of a line with a bar: what it is about, the bar, and a caption with
// figures. A terminal that is narrow costs the bar first.
const (
	nameColumns    = 8
	captionColumns = 60
	leastBar       = 12
)

// barRefresh is how often bars move.
const barRefresh = 200 * time.Millisecond

// draw draws a bar for each phase of a run: making the fleet, taking the arrivals, the
// bad ones among them, and holding the devices until the end.
func (p *loadProgress) draw(width int) {
	p.bars = mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(min(max(width-nameColumns-captionColumns, leastBar), barWidth)))
	devices := p.job.Plan.Devices
	p.bar("fleet", int64(devices), func() (int64, string) {
		made := p.fleet()
		return int64(made), fmt.Sprintf("%d of %d devices", made, devices)
	})
	p.bar("ramp", int64(p.due), func() (int64, string) { return int64(p.ended()), p.arrivals() })
	if p.bad > 0 {
		p.bar("bad", int64(p.bad), func() (int64, string) { return int64(p.figures.Ended(measure.Bad)), p.refusals() })
	}
	if d := p.job.Plan.Duration; d > 0 {
		p.bar("hold", int64(d), func() (int64, string) {
			return int64(p.elapsed()), fmt.Sprintf("%v of %v, %s", p.elapsed().Truncate(time.Second), d, p.present())
		})
		return
	}
	p.bar("hold", int64(devices), func() (int64, string) { return p.figures.Open(), p.present() })
}

// drawRemoval adds the bar of what is done after the run.
func (p *loadProgress) drawRemoval() {
	p.bar("tidy", int64(p.devices), func() (int64, string) { return int64(p.gone), p.removal() })
}

// bar adds a line. state is called with mu held.
func (p *loadProgress) bar(name string, total int64, state func() (now int64, caption string)) {
	locked := func() (int64, string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return state()
	}
	// With a total from the beginning a full bar would be done with, and could not be taken away.
	bar := p.bars.New(0, mpb.BarStyle().Lbound("▕").Filler("█").Tip("█").Padding(" ").Rbound("▏"),
		mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-*s", nameColumns-2, name))),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			_, caption := locked()
			return " " + caption
		})),
	)
	bar.SetTotal(total, false)
	p.done.Go(func() {
		defer bar.Abort(true)
		tick := time.NewTicker(barRefresh)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
				now, _ := locked()
				bar.SetCurrent(now)
			}
		}
	})
}

// fleet is how many devices are made; shards of their own say nothing of it until
// all are.
func (p *loadProgress) fleet() int {
	if !p.begun.IsZero() {
		return p.job.Plan.Devices
	}
	return p.made
}
