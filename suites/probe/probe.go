// Package probe finds out what a target can do and compares it with what its
// target file says: each capability by doing it, how devices are refused, which
// TLS versions, which chain length, whose clock.
//
// A [Finding] is one thing that was looked at. [Run] looks at everything;
// [Check] looks at one capability and is what conformance runs use to tell a
// capability that is declared and missing. Both leave the target as it was. The
// package judges no platform: it says whether a target file tells the truth.
package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// restoreBound is how long it may take to leave the target as it was found.
const restoreBound = 30 * time.Second

// State is how what was found compares with what the target file says.
type State string

// The states.
const (
	Agrees     State = "agrees"     // declared and there, or not declared and not there
	Missing    State = "missing"    // declared, and not there
	Undeclared State = "undeclared" // there, and not declared
	Differs    State = "differs"    // declared otherwise than it is
	Unknown    State = "unknown"    // could not be found out
	Noted      State = "noted"      // nothing of it is declared
)

// Section is the part of a target file that a finding is about.
type Section string

// The sections, in the order of a report.
const (
	Transport  Section = "transport"
	Capability Section = "capabilities"
	Policy     Section = "policy"
	Timing     Section = "timing"
)

// A Finding is one thing that was looked at.
type Finding struct {
	Section  Section `json:"section"`
	Name     string  `json:"name"`
	Declared string  `json:"declared"` // "" where the file says nothing
	Found    string  `json:"found"`
	State    State   `json:"state"`
	Detail   string  `json:"detail,omitempty"` // how it was found out, or what came of it
	Hint     string  `json:"hint,omitempty"`   // what follows for the target file or the run
}

// A Report is what was found about a target.
type Report struct {
	Target   string    `json:"target"`
	Findings []Finding `json:"findings"`
	Notes    []string  `json:"notes,omitempty"` // what could not be undone

	// Versions, Capabilities and Policy are what the file should say.
	Versions     []uint16            `json:"-"`
	Capabilities []target.Capability `json:"-"`
	Policy       target.Policy       `json:"-"`
}

// Has reports whether a finding is in one of these states.
func (r Report) Has(states ...State) bool {
	for _, f := range r.Findings {
		for _, s := range states {
			if f.State == s {
				return true
			}
		}
	}
	return false
}

// Config says how to look.
type Config struct {
	// Seed makes every key and name. The zero Seed is a seed like others.
	Seed certfactory.Seed
	// Now is the moment at which certificates are made; default time.Now().
	Now time.Time
	// Looking is told what is looked at next. Optional.
	Looking func(what string)
}

// Run looks at everything. The error is an [*target.UnreachableError] where an
// address accepts no connection, or a fault of our own; the report then holds
// what was found until there.
func Run(ctx context.Context, t *target.Target, c Config) (Report, error) {
	report := Report{Target: t.Name, Policy: t.Policy}
	started := time.Now()
	if err := t.Reach(ctx); err != nil {
		return report, err
	}
	p := newProber(t, c)
	p.note(&report, Finding{
		Section: Timing, Name: "round trip", State: Noted, Detail: "of one TCP connection",
		Found: short(time.Since(started) / time.Duration(len(t.Endpoints()))),
	})
	err := p.look(ctx, &report)
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreBound)
	defer cancel()
	report.Notes = p.restore(bounded)
	if err == nil {
		err = ctx.Err()
	}
	return report, err
}

// look finds everything out, in an order in which each step can use what the one
// before it has found.
func (p *prober) look(ctx context.Context, r *Report) error {
	for _, step := range []struct {
		what string
		look func(context.Context, *Report) error
	}{
		{"clock", p.clock},
		{"trust anchors", p.admission},
		{"TLS versions", p.versions},
		{"refusals", p.refusals},
		{"chain length", p.lengths},
		{"capabilities", p.capabilities},
	} {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if p.config.Looking != nil {
			p.config.Looking(step.what)
		}
		if err := step.look(ctx, r); err != nil {
			return fmt.Errorf("look at %s: %w", step.what, err)
		}
	}
	return nil
}

// A prober is one look at a target.
type prober struct {
	t      *target.Target
	f      *certfactory.Factory
	config Config

	root       *certfactory.Certificate // of our trust anchor
	admits     bool                     // a good device was admitted
	clients    []string                 // Client Identifiers that may have brought about a user
	registered []string                 // those that may be in the inventory
	anchors    []certfactory.Anchor     // that may be on the platform
	undo       []func(context.Context) error
}

func newProber(t *target.Target, c Config) *prober {
	if c.Now.IsZero() {
		c.Now = time.Now()
	}
	f := certfactory.New(c.Seed, c.Now)
	return &prober{t: t, f: f, config: c, root: f.Root("chainmail probe " + f.Tag("probe"))}
}

// note adds a finding.
func (p *prober) note(r *Report, f Finding) { r.Findings = append(r.Findings, f) }

// name makes a name that no other run has.
func (p *prober) name(what string) string { return what + "-" + p.f.Tag("probe "+what) }

// add puts our trust anchor onto the platform; the platform may refuse it.
func (p *prober) add(ctx context.Context) (target.Answer, error) {
	der, err := p.root.DER()
	if err != nil {
		return target.Answer{}, err
	}
	anchor := certfactory.Anchor{Name: p.root.Name(), DER: der, AutoRegistration: true}
	p.anchors = []certfactory.Anchor{anchor} // before the attempt: it may succeed and its answer be lost
	answers, err := p.t.Driver.Add(ctx, p.anchors)
	if err != nil || len(answers) == 0 {
		return target.Answer{}, err
	}
	return answers[0], nil
}

// device makes a device under our trust anchor, so many certificates above it.
func (p *prober) device(name string, intermediates int, opts ...certfactory.Option) (certfactory.Presentation, error) {
	issuer := p.root
	for i := range intermediates {
		issuer = p.f.Intermediate(issuer, fmt.Sprintf("%s CA %d", p.name("probe"), i), certfactory.NoPathLen())
	}
	cn := p.name(name)
	leaf := p.f.Device(issuer, cn, opts...)
	chain, err := certfactory.Chain(leaf)
	return certfactory.Presentation{Chain: chain, Key: leaf.Signer(), ClientID: cn}, err
}

// connect plays a device up to CONNACK. Its user may come to be.
func (p *prober) connect(ctx context.Context, c certfactory.Presentation, edit ...func(*device.Config)) (*device.Device, device.Outcome, error) {
	versions := p.t.MQTT.Versions
	config := device.Config{
		Address: p.t.MQTT.Address, ServerName: p.t.MQTT.ServerName, RootCAs: p.t.MQTT.RootCAs, ClientID: c.ClientID,
		MinVersion: versions[0], MaxVersion: versions[len(versions)-1], Settle: 100 * time.Millisecond,
		Timeouts: device.Timeouts{Connect: p.t.Timing.Connect, Handshake: p.t.Timing.Connect, Response: p.t.Timing.Response},
	}
	if len(c.Chain) > 0 {
		config.Identity = &device.Identity{Chain: c.Chain, Key: c.Key}
	}
	for _, e := range edit {
		e(&config)
	}
	p.clients = append(p.clients, c.ClientID)
	return device.Connect(ctx, config)
}

// try is connect for a device that hangs up at once.
func (p *prober) try(ctx context.Context, c certfactory.Presentation, edit ...func(*device.Config)) (device.Outcome, error) {
	d, outcome, err := p.connect(ctx, c, edit...)
	if d != nil {
		_ = d.Disconnect(ctx) // what was to be seen has been seen
	}
	return outcome, err
}

// between is how long to wait before a device tries again.
const between = 50 * time.Millisecond

// until tries a device again and again until the outcome is the one wanted, or a
// change must have come into force, and returns the last outcome.
func (p *prober) until(ctx context.Context, c certfactory.Presentation, wanted func(device.Outcome) bool) (device.Outcome, error) {
	for deadline := time.Now().Add(p.t.Timing.Convergence); ; {
		outcome, err := p.try(ctx, c)
		if err != nil || wanted(outcome) || time.Now().After(deadline) {
			return outcome, err
		}
		select {
		case <-ctx.Done():
			return outcome, ctx.Err()
		case <-time.After(between):
		}
	}
}

// restore leaves the target as it was found and returns what it could not undo.
func (p *prober) restore(ctx context.Context) []string {
	var left []string
	note := func(err error) {
		if err != nil {
			left = append(left, "left behind: "+err.Error())
		}
	}
	for i := len(p.undo) - 1; i >= 0; i-- {
		note(p.undo[i](ctx))
	}
	p.undo = nil
	if len(p.anchors) > 0 {
		note(p.t.Driver.Remove(ctx, p.anchors))
	}
	for _, id := range p.registered {
		note(p.t.REST.DeleteDevice(ctx, 0, id))
	}
	if users := usersOf(p.t); users != nil {
		for _, id := range p.clients {
			if err := users.DeleteUser(ctx, 0, target.DeviceUser(id)); errors.Is(err, target.ErrNoAnswer) {
				note(err)
			}
		}
	}
	return left
}

// usersOf is who manages device users, whether or not that is declared.
func usersOf(t *target.Target) target.UserManager {
	if users, ok := t.Driver.(target.UserManager); ok && (t.REST != nil || t.Has(target.DeviceUsers)) {
		return users
	}
	if t.REST != nil {
		return &target.Cumulocity{REST: t.REST}
	}
	return nil
}

// short writes a span of time with two digits that matter.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}
