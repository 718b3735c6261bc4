package suites

import (
	"context"
	"sync"

	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
)

// A bystander is a good device that is connected while specs try bad ones. It is
// safe for concurrent use.
type bystander struct {
	connect func(context.Context) *device.Device // nil: there is none

	mu     sync.Mutex
	device *device.Device // guarded by mu; nil: not admitted
}

// bystanding is the spec that the bystander stands in for: its names are its own.
const bystanding = "bystander"

// invite connects a good device, if the platform trusts the standard anchor of the
// run already: none is uploaded for this.
func (p *Plan) invite(ctx context.Context, s *session) {
	e := &Env{Target: p.config.Target, Factory: p.factory, variant: variant{spec: Spec{ID: bystanding}}, trial: &trial{}, session: s}
	good, err := e.build(Good, labelCase)
	if err != nil {
		return // the specs will say so
	}
	for _, a := range good.Anchors {
		if answer, ok := s.answered(a); !ok || !answer.Accepted {
			return
		}
	}
	s.bystander.connect = func(ctx context.Context) *device.Device {
		defer e.trial.catch() // a bystander that cannot be had is not observed
		config := e.Device(good)
		d, outcome := e.attempt(ctx, config)
		if outcome.Admitted() { // it comes back at any moment: a refusal may be for a clock that a spec has moved
			e.session.steady.note(e.kind(config), outcome)
		}
		if d != nil {
			e.Made(good.ClientID)
		}
		return d
	}
	s.bystander.device = s.bystander.connect(ctx)
}

// lives asks for a sign of life and returns what reports call the answer. A
// bystander that is gone is replaced.
func (b *bystander) lives(ctx context.Context) string {
	b.mu.Lock()
	d := b.device
	b.mu.Unlock()
	if d == nil {
		return reports.BystanderNotObserved
	}
	if d.Ping(ctx) == nil {
		return reports.BystanderConnected
	}
	if ctx.Err() != nil {
		return reports.BystanderNotObserved
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.device == d {
		_ = d.Close()
		b.device = b.connect(ctx)
	}
	return reports.BystanderDisconnected
}

// comeBack connects a bystander that has left again, once its anchor is trusted.
func (b *bystander) comeBack(ctx context.Context, e *Env) {
	if b.connect == nil {
		return
	}
	for _, a := range e.GoodDevice(labelAfter).Anchors {
		if answer, err := e.session.trust(ctx, a); err != nil || !answer.Accepted {
			return // later specs will say so
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.device = b.connect(ctx)
}

// leave ends the bystander's connection.
func (b *bystander) leave(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.device != nil {
		_ = b.device.Disconnect(ctx) // it is over either way
		b.device = nil
	}
}
