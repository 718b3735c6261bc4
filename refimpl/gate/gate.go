// Package gate bounds how many connections a door of the platform has open.
//
// A door that is full does not shut. The connection that has waited longest without being
// admitted makes room for the new one: so whoever opens ten thousand connections and says
// nothing on them pushes out their own, and a device that is let in within a second gets in.
// Only where all are admitted is the new one turned away.
package gate

import (
	"container/list"
	"errors"
	"net"
	"sync"
)

// Why a connection is turned away.
var (
	// ErrFull says that the door has as many connections as it may, all of them admitted.
	ErrFull = errors.New("too many connections")
	// ErrAddress says that the client's address has as many connections as it may.
	ErrAddress = errors.New("too many connections of one address")
)

// Config bounds a door.
type Config struct {
	// Connections is how many may be open at a time. Default 0: any number.
	Connections int
	// PerAddress is how many of them may come from one IP address. Default 0: any number.
	PerAddress int
}

// A Gate counts the connections of a door. It is safe for concurrent use.
type Gate struct {
	config Config

	mu      sync.Mutex // guards all below and the fields of every Pass
	open    int
	from    map[string]int // by IP address
	waiting list.List      // of *Pass; who has waited longest is in front
}

// A Pass is one connection that was let through a gate.
type Pass struct {
	gate *Gate
	from string
	cut  func()

	place  *list.Element // in waiting; nil: admitted, or no longer here
	gone   bool
	pushed bool // out, to make room
}

// New returns the gate of a door with no connection.
func New(c Config) *Gate { return &Gate{config: c, from: map[string]int{}} }

// Enter lets a connection through, to wait until it is admitted; cut is called, by another's
// goroutine, if it has to make room before that. The error is ErrFull or ErrAddress.
func (g *Gate) Enter(from net.Addr, cut func()) (*Pass, error) {
	p := &Pass{gate: g, from: host(from), cut: cut}
	pushed, err := g.enter(p)
	if pushed != nil {
		pushed.cut()
	}
	return p, err
}

func (g *Gate) enter(p *Pass) (pushed *Pass, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.config.PerAddress > 0 && g.from[p.from] >= g.config.PerAddress {
		p.gone = true
		return nil, ErrAddress
	}
	if g.config.Connections > 0 && g.open >= g.config.Connections {
		front := g.waiting.Front()
		if front == nil {
			p.gone = true
			return nil, ErrFull
		}
		pushed = front.Value.(*Pass)
		pushed.pushed = true
		pushed.leave()
	}
	g.open++
	g.from[p.from]++
	p.place = g.waiting.PushBack(p)
	return pushed, nil
}

// host is the IP address of an address that has one.
func host(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	return ""
}

// Admit says that the connection need not make room any more. It reports false if it had to
// already.
func (p *Pass) Admit() bool {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.gone {
		return false
	}
	p.unqueue()
	return true
}

// Touch says that the connection is in use: now all others that wait have waited longer.
func (p *Pass) Touch() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.place != nil {
		p.gate.waiting.MoveToBack(p.place)
	}
}

// Leave says that the connection is over. It may be called more than once.
func (p *Pass) Leave() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.leave()
}

// Pushed reports whether the connection had to make room.
func (p *Pass) Pushed() bool {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	return p.pushed
}

// leave needs the lock.
func (p *Pass) leave() {
	if p.gone {
		return
	}
	p.gone = true
	p.unqueue()
	p.gate.open--
	if p.gate.from[p.from]--; p.gate.from[p.from] == 0 {
		delete(p.gate.from, p.from)
	}
}

// unqueue needs the lock.
func (p *Pass) unqueue() {
	if p.place != nil {
		p.gate.waiting.Remove(p.place)
		p.place = nil
	}
}
