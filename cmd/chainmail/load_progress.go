package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// everyLine is how often a log gets a line about a load run.
const everyLine = 10 * time.Second

// loadProgress shows how far a load run has come: bars on a terminal, a line every
// ten seconds in a log.
type loadProgress struct {
	out  io.Writer
	job  *loadgen.Job
	bars *mpb.Progress // nil: lines
	stop chan struct{}
	done sync.WaitGroup
	once sync.Once

	mu      sync.Mutex // guards what follows
	begun   time.Time  // the moment of the first arrival; zero before
	made    int
	due     int // arrivals of the whole run
	figures *measure.Figures
}

func newLoadProgress(out io.Writer, job *loadgen.Job) *loadProgress {
	p := &loadProgress{out: out, job: job, stop: make(chan struct{}), figures: new(measure.Figures)}
	if at, err := job.Plan.Pacer(job.Factory().Seed()); err == nil {
		p.due = job.Plan.Arrivals(at)
	}
	if _, ok := terminalWidth(out); ok {
		p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(barWidth))
		p.addBars()
		return p
	}
	fmt.Fprintf(out, "making %d devices\n", job.Plan.Devices)
	p.done.Go(p.lines)
	return p
}

// prepared, started and observe take in what the coordinator tells.
func (p *loadProgress) prepared(made int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made += made
}

func (p *loadProgress) started(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun = at
	if p.bars == nil {
		fmt.Fprintf(p.out, "%d arrivals begin\n", p.due)
	}
}

func (p *loadProgress) observe(f *measure.Figures) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.figures = f
}

// close takes the bars away, or ends the lines.
func (p *loadProgress) close() {
	p.once.Do(func() {
		close(p.stop)
		p.done.Wait()
		if p.bars != nil {
			p.bars.Shutdown()
		}
	})
}

func (p *loadProgress) lines() {
	tick := time.NewTicker(everyLine)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
			fmt.Fprintln(p.out, p.line())
		}
	}
}

// line says in one line how far the run is.
func (p *loadProgress) line() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun.IsZero() {
		return fmt.Sprintf("%d of %d devices made", p.made, p.job.Plan.Devices)
	}
	text := fmt.Sprintf("%.0fs  %d of %d arrivals done, %s", time.Since(p.begun).Seconds(), p.ended(), p.due, p.troubles())
	if rate := p.rate(); rate > 0 {
		text += fmt.Sprintf(", %.0f/s", rate)
	}
	return text
}

// ended counts the arrivals that have their result. The caller holds mu, here and
// below.
func (p *loadProgress) ended() uint64 {
	return p.figures.Ended(measure.Good) + p.figures.Ended(measure.Bad)
}

func (p *loadProgress) troubles() string {
	good, bad := &p.figures.Results[measure.Good], &p.figures.Results[measure.Bad]
	text := fmt.Sprintf("%d failed, %d dropped, %d open, %d lost",
		good[measure.ResultFailed], good[measure.ResultDropped]+bad[measure.ResultDropped], p.figures.Open(), p.figures.Lost)
	if p.job.Plan.Mix.Share > 0 {
		text += fmt.Sprintf(", %d refused, %d wrongly admitted", bad[measure.ResultDenied], bad[measure.ResultAdmitted])
	}
	return text
}

// rate is the arrivals that ended a second, since the first.
func (p *loadProgress) rate() float64 {
	connect := p.figures.Of(measure.StageKey{Role: measure.Good, Stage: measure.StageConnect, Outcome: measure.OK})
	if span := (connect.Last - connect.First).Seconds(); span > 0 {
		return float64(connect.Count()) / span
	}
	return 0
}

// addBars draws the three phases of a run: making the fleet, taking the arrivals,
// and holding the devices until the end.
func (p *loadProgress) addBars() {
	add := func(name string, total int64, now func() int64, caption func() string) {
		bar := p.bars.New(total, mpb.BarStyle().Lbound("▕").Filler("█").Tip("█").Padding(" ").Rbound("▏"),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-6s", name))),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return caption() })),
		)
		p.done.Go(func() {
			tick := time.NewTicker(mpbRefresh)
			defer tick.Stop()
			for {
				select {
				case <-p.stop:
					bar.Abort(true)
					return
				case <-tick.C:
					p.mu.Lock()
					bar.SetCurrent(now())
					p.mu.Unlock()
				}
			}
		})
	}
	locked := func(text func() string) func() string {
		return func() string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return " " + text()
		}
	}
	add("fleet", int64(p.job.Plan.Devices), func() int64 { return p.fleet() },
		locked(func() string { return fmt.Sprintf("%d of %d devices", p.fleet(), p.job.Plan.Devices) }))
	add("ramp", int64(p.due), func() int64 { return int64(p.ended()) },
		locked(func() string { return fmt.Sprintf("%d of %d, %.0f/s, %s", p.ended(), p.due, p.rate(), p.troubles()) }))
	if d := p.job.Plan.Duration; d > 0 {
		add("hold", int64(d), func() int64 { return int64(p.elapsed()) },
			locked(func() string { return fmt.Sprintf("%v of %v", p.elapsed().Truncate(time.Second), d) }))
	}
}

// mpbRefresh is how often bars move.
const mpbRefresh = 200 * time.Millisecond

// fleet is how many devices are made; shards of their own say nothing of it until
// all are.
func (p *loadProgress) fleet() int64 {
	if !p.begun.IsZero() {
		return int64(p.job.Plan.Devices)
	}
	return int64(p.made)
}

func (p *loadProgress) elapsed() time.Duration {
	if p.begun.IsZero() {
		return 0
	}
	return max(min(time.Since(p.begun), p.job.Plan.Duration), 0)
}
