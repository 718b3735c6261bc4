package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"

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

	mu       sync.Mutex // guards what follows
	begun    time.Time  // the moment of the first arrival; zero before
	made     int
	due, bad int // arrivals of the whole run, and those of them that must be refused
	figures  *measure.Figures
	pace     pace
	devices  int // to be removed at the end
	gone     int // of them
}

func newLoadProgress(out io.Writer, job *loadgen.Job) *loadProgress {
	p := &loadProgress{out: out, job: job, stop: make(chan struct{}), figures: new(measure.Figures)}
	if at, err := job.Plan.Pacer(job.Factory().Seed()); err == nil {
		p.due = job.Plan.Arrivals(at)
		p.bad = badArrivals(&job.Plan, job.Shards, p.due)
	}
	if width, ok := terminalWidth(out); ok {
		p.draw(width)
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
	p.pace.mark(at, p.figures)
	if p.bars == nil {
		fmt.Fprintf(p.out, "%d arrivals begin\n", p.due)
	}
}

func (p *loadProgress) observe(f *measure.Figures) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.figures = f
	p.pace.mark(time.Now(), f)
}

// removing and removed take in how devices are removed from the platform after the run.
func (p *loadProgress) removing(devices int) {
	if devices == 0 {
		return
	}
	if p.bars != nil {
		defer p.drawRemoval()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.devices = devices
	if p.bars == nil {
		fmt.Fprintf(p.out, "removing %d devices\n", devices)
	}
}

func (p *loadProgress) removed(devices int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone += devices
}

// interrupted says what happens now.
func (p *loadProgress) interrupted() {
	const text = "interrupted: devices leave, the platform is tidied up; once more ends at once\n"
	if p.bars != nil {
		// Above the bars, unless they are gone. The terminal has echoed ^C and moved the cursor.
		_, _ = io.WriteString(p.bars, "\r"+text)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprint(p.out, text)
}

// close takes the bars away, or ends the lines.
func (p *loadProgress) close() {
	p.once.Do(func() {
		close(p.stop)
		p.done.Wait()
		if p.bars != nil {
			p.bars.Wait()
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
			p.mu.Lock()
			fmt.Fprintln(p.out, p.line())
			p.mu.Unlock()
		}
	}
}

// line says in one line how far the run is. The caller holds mu, here and below.
func (p *loadProgress) line() string {
	switch {
	case p.devices > 0:
		return p.removal()
	case p.begun.IsZero():
		return fmt.Sprintf("%d of %d devices made", p.made, p.job.Plan.Devices)
	}
	text := fmt.Sprintf("%.0fs  arrivals %s; %s", time.Since(p.begun).Seconds(), p.arrivals(), p.present())
	if p.bad > 0 {
		text += "; bad " + p.refusals()
	}
	return text
}

// arrivals tells of all that came.
func (p *loadProgress) arrivals() string {
	good, bad := &p.figures.Results[measure.Good], &p.figures.Results[measure.Bad]
	text := fmt.Sprintf("%d of %d", p.ended(), p.due)
	if rate := p.pace.ended(); rate > 0 {
		text += fmt.Sprintf(", %.0f/s", rate)
	}
	return text + fmt.Sprintf(", %d failed, %d dropped", good[measure.ResultFailed], good[measure.ResultDropped]+bad[measure.ResultDropped])
}

// refusals tells of those that must not get in.
func (p *loadProgress) refusals() string {
	bad := &p.figures.Results[measure.Bad]
	return fmt.Sprintf("%d of %d refused, %d wrongly admitted", bad[measure.ResultDenied], p.bad, bad[measure.ResultAdmitted])
}

// present tells of the devices that are here.
func (p *loadProgress) present() string {
	words := []string{fmt.Sprintf("%d open, %d lost", p.figures.Open(), p.figures.Lost)}
	if p.job.Plan.Journey.Publish.Every > 0 {
		words = append(words, fmt.Sprintf("%.0f/s published", p.pace.published()))
	}
	if p.job.Plan.Journey.Renewal {
		words = append(words, fmt.Sprintf("%.0f/s renewed", p.pace.renewed()))
	}
	return strings.Join(words, ", ")
}

func (p *loadProgress) removal() string {
	return fmt.Sprintf("%d of %d devices removed", p.gone, p.devices)
}

// ended counts the arrivals that have their result.
func (p *loadProgress) ended() uint64 {
	return p.figures.Ended(measure.Good) + p.figures.Ended(measure.Bad)
}

// elapsed is how much of the plan's duration is over.
func (p *loadProgress) elapsed() time.Duration {
	if p.begun.IsZero() {
		return 0
	}
	return max(min(time.Since(p.begun), p.job.Plan.Duration), 0)
}
