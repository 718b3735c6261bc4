package machine

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// A Collector sets how much garbage may pile up before it is collected, the GOGC of
// the process. To look often through what thousands of devices hold costs processor
// time; to look seldom leaves memory behind, since what is held lies scattered among
// the garbage of handshakes, and pages with a little of it cannot be given back. So it
// is seldom while few devices are here and little is held, and the more often the more
// of the devices that are to come have come.
type Collector struct {
	most    int
	here    func() int64
	stopped chan struct{}
	over    sync.WaitGroup
	before  int // what GOGC was
}

// The bounds of GOGC. Garbage of half of what is held by all devices together is what
// is let pile up from the eighth of them on.
const (
	seldom = 400
	often  = 50
)

// collectorPace is how often a Collector looks.
const collectorPace = 250 * time.Millisecond

// NewCollector starts a Collector for a process that is to have the most devices at
// once, and that here says the number of. It does nothing where the user has set GOGC.
func NewCollector(most int, here func() int64) *Collector {
	c := &Collector{most: most, here: here, stopped: make(chan struct{})}
	if os.Getenv("GOGC") != "" {
		return c
	}
	c.before = debug.SetGCPercent(seldom)
	c.over.Go(c.run)
	return c
}

// Stop ends the Collector and puts GOGC back.
func (c *Collector) Stop() {
	close(c.stopped)
	c.over.Wait()
	if c.before != 0 {
		debug.SetGCPercent(c.before)
	}
}

// run has a goroutine of its own: to set GOGC takes until a collection that is going
// on has ended, and no arrival may wait for that.
func (c *Collector) run() {
	pace := time.NewTicker(collectorPace)
	defer pace.Stop()
	for now := seldom; ; {
		select {
		case <-c.stopped:
			return
		case <-pace.C:
		}
		// Each setting stops the world for a moment. A step that is small is none.
		if next := percent(c.most, c.here()); next*4 <= now*3 || next*3 >= now*4 || next == often && next != now {
			debug.SetGCPercent(next)
			now = next
		}
	}
}

// percent is the GOGC with so many of the most devices.
func percent(most int, here int64) int {
	return int(min(max(often*int64(most)/max(here, 1), often), seldom))
}

// GiveBack gives memory that nobody needs back to the system. It takes a collection,
// and one before it that shrinks the stacks.
func GiveBack() {
	runtime.GC()
	debug.FreeOSMemory()
}
