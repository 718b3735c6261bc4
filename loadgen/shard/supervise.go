package shard

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/store"
)

// supervision tells the devices to leave: when the run has lasted as long as it
// should, when the coordinator says so, or when the shard is stopped.
type supervision struct {
	done chan struct{}
	over chan string // holds why, once it has ended
}

// supervise begins a supervision. giveUp ends what is under way.
func (s *Shard) supervise(giveUp context.CancelFunc) *supervision {
	u := &supervision{done: make(chan struct{}), over: make(chan string, 1)}
	go func() { u.over <- s.supervised(u.done, giveUp) }()
	return u
}

// finish ends the supervision and returns why the devices left.
func (u *supervision) finish() (why string) {
	close(u.done)
	return <-u.over
}

func (s *Shard) supervised(done <-chan struct{}, giveUp context.CancelFunc) (why string) {
	var over <-chan time.Time
	if s.job.Plan.Duration > 0 {
		timer := time.NewTimer(time.Until(s.start.Add(s.job.Plan.Duration)))
		defer timer.Stop()
		over = timer.C
	}
	poll := time.NewTicker(endPoll)
	defer poll.Stop()
	stopped := s.ctx.Done()
	leave := func(reason string) {
		if why == "" {
			why = reason
			close(s.leave)
		}
	}
	for {
		select {
		case <-done:
			if why == "" {
				why = "all devices done"
			}
			return why
		case <-over:
			leave("duration over")
		case <-stopped:
			leave("stopped")
			stopped = nil
		case <-poll.C:
			var end loadgen.End
			if get(context.Background(), s.config.Store, loadgen.EndObject, &end) == nil {
				leave(end.Why)
				if end.Abort {
					giveUp()
				}
			}
		}
	}
}

// cuts puts a chunk into the store at the end of every interval.
type cuts struct {
	s    *Shard
	stop chan struct{}
	done chan error // holds what kept chunks from the store, once it has ended
}

// cutting begins to cut. A chunk that cannot be put is lost, so that the shard gives
// up: who measures what nobody will learn of only puts load on the platform.
func (s *Shard) cutting(giveUp context.CancelFunc) *cuts {
	c := &cuts{s: s, stop: make(chan struct{}), done: make(chan error, 1)}
	go func() {
		err := c.run()
		if err != nil {
			giveUp()
		}
		c.done <- err
	}()
	return c
}

// run cuts at whole intervals since the start, until it is stopped or a chunk is lost.
func (c *cuts) run() error {
	interval := c.s.job.Plan.Interval
	timer := time.NewTimer(0)
	defer timer.Stop()
	for next := c.s.start.Add(interval); ; next = next.Add(interval) {
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
			if err := c.put(c.s.rec.Cut(time.Now(), c.s.meter.Read(), false, "")); err != nil {
				return err
			}
		case <-c.stop:
			return nil
		}
	}
}

// finish puts the last chunk.
func (c *cuts) finish(why string) error {
	close(c.stop)
	lost := <-c.done
	if lost != nil {
		return lost
	}
	return c.put(c.s.rec.Cut(time.Now(), c.s.meter.Read(), true, why))
}

func (c *cuts) put(chunk *measure.Chunk) error {
	return c.s.config.Store.Put(context.Background(), chunk.Name(), chunk.Encode())
}

// put stores v as JSON.
func put(ctx context.Context, to store.Store, name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return to.Put(ctx, name, data)
}

// get reads v from JSON.
func get(ctx context.Context, from store.Store, name string, v any) error {
	data, err := from.Get(ctx, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}
