package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// A count shows how many of a number of things are made: a bar on a terminal, a
// line every tenth in a log. It is safe for concurrent use.
type count struct {
	out  io.Writer
	what string
	of   int
	bars *mpb.Progress // nil in a log
	bar  *mpb.Bar

	mu     sync.Mutex // guards what follows
	done   int
	closed bool
}

func newCount(out io.Writer, what string, of int) *count {
	c := &count{out: out, what: what, of: of}
	if _, ok := terminalWidth(out); ok {
		c.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(barWidth))
		c.bar = c.bars.New(int64(of), mpb.BarStyle().Lbound("▕").Filler("█").Tip("█").Padding(" ").Rbound("▏"),
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.CountersNoUnit("%d of %d ")),
			mpb.AppendDecorators(decor.Name(" "+what)),
		)
	}
	return c
}

// add says that n more are made.
func (c *count) add(n int) {
	c.mu.Lock()
	before := c.done
	c.done += n
	after := c.done
	c.mu.Unlock()
	if c.bar != nil {
		c.bar.IncrBy(n)
		return
	}
	if tenth := max(c.of/10, 1); before/tenth != after/tenth || after == c.of {
		fmt.Fprintf(c.out, "%d of %d %s\n", after, c.of, c.what)
	}
}

// close takes the bar away.
func (c *count) close() {
	c.mu.Lock()
	closed := c.closed
	c.closed = true
	c.mu.Unlock()
	if c.bars == nil || closed {
		return
	}
	c.bar.Abort(true)
	c.bars.Wait()
}
