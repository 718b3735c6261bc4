package shard

import "sync"

// A crowd knows the visits that are held, and counts all that is going on beside
// the taking of arrivals: steps, connections, waits for a reconnect, timers at work.
// The zero value is ready.
type crowd struct {
	mu     sync.Mutex // guards what follows
	going  int
	closed bool
	still  chan struct{} // closed when going has come to 0; nil while nobody waits
	held   map[*visit]struct{}
}

// add counts one more that is going on.
func (c *crowd) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.going++
}

// enter is add for what begins by itself; false: it is too late to begin anything.
func (c *crowd) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.going++
	return true
}

// exit takes back an add or enter.
func (c *crowd) exit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.going--
	if c.going == 0 && c.still != nil {
		close(c.still)
		c.still = nil
	}
}

// empty returns a channel that is closed when nothing is going on.
func (c *crowd) empty() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.going == 0 {
		now := make(chan struct{})
		close(now)
		return now
	}
	if c.still == nil {
		c.still = make(chan struct{})
	}
	return c.still
}

// hold enters a visit among those that are held; false: all are leaving.
func (c *crowd) hold(v *visit) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if c.held == nil {
		c.held = make(map[*visit]struct{})
	}
	c.held[v] = struct{}{}
	return true
}

// release takes a visit out of those that are held.
func (c *crowd) release(v *visit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, v)
}

// disperse returns the visits that are held, which are to leave. From now on none
// is held and nothing begins by itself.
func (c *crowd) disperse() []*visit {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	all := make([]*visit, 0, len(c.held))
	for v := range c.held {
		all = append(all, v)
	}
	c.held = nil
	return all
}
