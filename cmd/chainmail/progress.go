package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/chainmail-iot/chainmail/reports"
)

// A progress shows how far a run has come: a bar on a terminal, plain lines in
// a log.
type progress interface {
	started(runs int)
	judged(reports.Result)
	close()
}

func newProgress(w io.Writer) progress {
	if width, ok := terminalWidth(w); ok {
		return &bar{out: w, width: width}
	}
	return &lines{out: w}
}

// lines writes a line for whatever is no pass, and one every so often.
type lines struct {
	out              io.Writer
	runs, done, poor int
}

// everySo is how many runs pass between two lines of a log.
const everySo = 50

func (l *lines) started(runs int) {
	l.runs = runs
	fmt.Fprintf(l.out, "running %d specs\n", runs)
}

func (l *lines) judged(r reports.Result) {
	l.done++
	if r.Verdict != reports.Pass && r.Verdict != reports.NotApplicable {
		l.poor++
		fmt.Fprintf(l.out, "%-12s  %s: %s\n", r.Verdict, r.ID, r.Reason)
	}
	if l.done%everySo == 0 || l.done == l.runs {
		fmt.Fprintf(l.out, "%d of %d, %d not passed\n", l.done, l.runs, l.poor)
	}
}

func (l *lines) close() {}

// barWidth is the room for the bar itself; counters and caption stand beside it.
const (
	barWidth    = 40
	countersFit = 16
)

// bar draws a bar that goes when the run has ended. Its line is never wider than
// the terminal, which could not be cleared otherwise.
type bar struct {
	out   io.Writer
	width int // of the terminal
	bars  *mpb.Progress
	bar   *mpb.Bar

	mu   sync.Mutex // guards what the drawing goroutine reads
	poor int
	now  string
}

func (b *bar) started(runs int) {
	b.now = "making certificates, uploading trust anchors"
	b.bars = mpb.New(mpb.WithOutput(b.out), mpb.WithWidth(barWidth))
	b.bar = b.bars.New(int64(runs), mpb.BarStyle().Lbound("▕").Filler("█").Tip("█").Padding(" ").Rbound("▏"),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return b.caption() })),
	)
}

// caption names what was judged last, after the number of those that did not pass.
func (b *bar) caption() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	caption := b.now
	if b.poor > 0 {
		caption = fmt.Sprintf("%d not passed, %s", b.poor, caption)
	}
	room := max(b.width-barWidth-countersFit, 0)
	return " " + caption[:min(len(caption), room)]
}

func (b *bar) judged(r reports.Result) {
	b.mu.Lock()
	b.now = r.ID
	if r.Verdict != reports.Pass && r.Verdict != reports.NotApplicable {
		b.poor++
	}
	b.mu.Unlock()
	b.bar.Increment()
}

func (b *bar) close() {
	if b.bars == nil {
		return
	}
	b.bar.Abort(true)
	b.bars.Wait()
	b.bars = nil
}
