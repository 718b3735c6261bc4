package gate_test

import (
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/chainmail-iot/chainmail/refimpl/gate"
)

// crowd enters connections into a gate and remembers which were cut.
type crowd struct {
	t   *testing.T
	g   *gate.Gate
	cut []string
}

func (c *crowd) enter(name, ip string, want error) *gate.Pass {
	c.t.Helper()
	p, err := c.g.Enter(&net.TCPAddr{IP: net.ParseIP(ip)}, func() { c.cut = append(c.cut, name) })
	if !errors.Is(err, want) {
		c.t.Errorf("%s: %v, want %v", name, err, want)
	}
	return p
}

func (c *crowd) wantCut(names ...string) {
	c.t.Helper()
	if len(c.cut) != len(names) {
		c.t.Fatalf("cut %q, want %q", c.cut, names)
	}
	for i := range names {
		if c.cut[i] != names[i] {
			c.t.Fatalf("cut %q, want %q", c.cut, names)
		}
	}
}

func TestLongestWaitingMakesRoom(t *testing.T) {
	c := &crowd{t: t, g: gate.New(gate.Config{Connections: 3})}
	a, b := c.enter("a", "192.0.2.1", nil), c.enter("b", "192.0.2.1", nil)
	d := c.enter("d", "192.0.2.1", nil)
	if !a.Admit() {
		t.Error("a had to make room")
	}
	b.Touch()
	c.enter("e", "192.0.2.1", nil)
	c.wantCut("d")
	if !d.Pushed() || b.Pushed() || d.Admit() {
		t.Error("d did not make room, or b did")
	}
	d.Leave() // which it has already
	c.enter("f", "192.0.2.1", nil)
	c.wantCut("d", "b")
}

func TestFullOfAdmitted(t *testing.T) {
	c := &crowd{t: t, g: gate.New(gate.Config{Connections: 2})}
	a, b := c.enter("a", "192.0.2.1", nil), c.enter("b", "192.0.2.1", nil)
	a.Admit()
	b.Admit()
	refused := c.enter("c", "192.0.2.1", gate.ErrFull)
	refused.Leave()
	c.enter("d", "192.0.2.1", gate.ErrFull)
	a.Leave()
	c.enter("e", "192.0.2.1", nil)
	c.wantCut()
}

func TestPerAddress(t *testing.T) {
	c := &crowd{t: t, g: gate.New(gate.Config{PerAddress: 1})}
	a := c.enter("a", "192.0.2.1", nil)
	c.enter("b", "192.0.2.1", gate.ErrAddress)
	c.enter("c", "192.0.2.2", nil)
	a.Leave()
	a.Leave()
	c.enter("d", "192.0.2.1", nil)
	c.enter("e", "192.0.2.1", gate.ErrAddress)
}

func TestNoBounds(t *testing.T) {
	c := &crowd{t: t, g: gate.New(gate.Config{})}
	for range 1000 {
		c.enter("x", "192.0.2.1", nil)
	}
	c.wantCut()
}

// Whoever comes and goes at once, the count is right at the end.
func TestConcurrentUse(t *testing.T) {
	g := gate.New(gate.Config{Connections: 8, PerAddress: 100})
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := range 100 {
				p, err := g.Enter(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, func() {})
				if err == nil && i%3 == 0 {
					p.Admit()
				}
				p.Touch()
				p.Leave()
			}
		})
	}
	all.Wait()
	c := &crowd{t: t, g: g}
	for range 8 {
		c.enter("x", "192.0.2.1", nil).Admit()
	}
	c.enter("y", "192.0.2.1", gate.ErrFull)
}
