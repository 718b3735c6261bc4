package shard

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/loadgen/fleet"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// A visit is a device from its arrival until it has gone. Each has one result,
// which is known when its steps are done; what comes after that, while it is held,
// is told by samples alone.
type visit struct {
	s           *Shard
	own, number int // of the device: in the shard, in the fleet
	role        measure.Role

	mu sync.Mutex // guards what follows; taken before crowd.mu
	// state changes to leaving and away at any time.
	state     state
	dev       *device.Device // nil while there is none
	connected time.Time      // the moment of CONNACK
	brief     bool           // the connection has ended before connect knew of it
	life      lifetime       // of the token at hand
	tries     int            // of reconnecting, since the connection was lost
	timers    timers
}

type state uint8

const (
	stepping state = iota // on its way through the steps of the journey
	held                  // connected, and nothing to do but what timers bring
	away                  // its connection was lost, it waits to reconnect or does so
	leaving               // we are ending its connection, or it has none any more
)

// arrive is the whole of a visit but for what timers do: it ends when the device is
// held or has gone. The goroutine that it runs in has a stack that the handshake has
// grown, so that nothing is to stay in it.
func (v *visit) arrive(due time.Time) {
	defer v.s.crowd.exit()
	v.s.rec.Arrive(v.role, due, time.Now())
	result, stays := v.steps(due)
	v.s.stepping.Done()
	v.s.rec.Result(v.role, result)
	if stays {
		v.hold()
		return
	}
	v.end()
}

// steps connects and does the steps of the journey. stays tells that the device is
// connected and has done all of them.
func (v *visit) steps(due time.Time) (result measure.Result, stays bool) {
	member, err := v.s.fleet.Device(v.number)
	if err != nil {
		v.tell(measure.StageConnect, due, measure.Failed, measure.Cause{Kind: measure.KindOther})
		return measure.ResultFailed, false
	}
	d, outcome, cause := v.connect(member, due)
	v.tell(measure.StageConnect, due, outcome, cause)
	if v.role == measure.Bad {
		if d != nil {
			v.s.rec.Admitted(member.Case)
			v.leave(d)
		}
		return badResult(outcome), false
	}
	if outcome == measure.OK {
		outcome, cause = v.journey(d)
	}
	v.tell(measure.StageReady, due, outcome, cause)
	switch outcome {
	case measure.OK:
		return measure.ResultReady, true
	case measure.Aborted:
		return measure.ResultAborted, false
	}
	return measure.ResultFailed, false
}

// badResult says what the outcome of connecting shows about a device that must be
// refused.
func badResult(o measure.Outcome) measure.Result {
	switch o {
	case measure.OK:
		return measure.ResultAdmitted
	case measure.Refused:
		return measure.ResultDenied
	case measure.Aborted:
		return measure.ResultAborted
	}
	return measure.ResultUnclear
}

// connect plays the device up to CONNACK and tells how each stage went.
func (v *visit) connect(member *fleet.Member, due time.Time) (*device.Device, measure.Outcome, measure.Cause) {
	config := v.s.base
	config.Identity, config.ClientID, config.Ended = &member.Identity, member.ClientID, v.ended
	if v.s.job.Plan.TLS.Resumption {
		config.TLS.Sessions = v.s.sessions(v.own)
	}
	v.s.crowd.add() // for ended, which is called as soon as there is a connection
	d, out, err := device.Connect(v.s.ctx, config)
	outcome, cause := measure.CauseOf(out, err)
	v.stages(out, outcome, cause)
	if d == nil {
		v.s.crowd.exit()
		return nil, outcome, cause
	}
	v.s.rec.Opened()
	if out.Resumed {
		v.s.rec.Resumed()
	}
	v.mu.Lock()
	if !v.brief {
		v.dev, v.connected = d, time.Now()
	}
	v.brief = false
	v.mu.Unlock()
	return d, outcome, cause
}

// stages tells of tcp, tls and connack: each begins where the one before ended, and
// the last that was entered has the outcome.
func (v *visit) stages(out device.Outcome, outcome measure.Outcome, cause measure.Cause) {
	at := out.Times.Started
	phases := [...]struct {
		stage measure.Stage
		took  time.Duration
		last  bool
	}{
		{measure.StageTCP, out.Times.TCP, out.Layer == device.LayerTCPConnect || out.Times.TLS == 0},
		{measure.StageTLS, out.Times.TLS, out.Layer == device.LayerTLSHandshake},
		{measure.StageConnack, out.Times.Connack, true},
	}
	for _, p := range phases {
		sample := measure.Sample{Stage: p.stage, Role: v.role, Started: at, Ended: at.Add(p.took)}
		if p.last {
			sample.Outcome, sample.Cause = outcome, cause
		}
		v.s.rec.Record(sample)
		if p.last {
			return
		}
		at = sample.Ended
	}
}

// journey does the steps after CONNACK. Where one fails the device is let go.
func (v *visit) journey(d *device.Device) (measure.Outcome, measure.Cause) {
	plan := &v.s.job.Plan.Journey
	if plan.Subscribe != "" {
		v.think(plan.Think)
		outcome, cause := v.subscribe(d, plan.Subscribe)
		if outcome != measure.OK {
			v.leave(d)
			return outcome, cause
		}
	}
	if plan.Token {
		v.think(plan.Think)
		token, outcome, cause := v.token(d)
		if outcome == measure.OK && plan.HTTP.Requests > 0 {
			outcome, cause = v.requests(token)
		}
		if outcome != measure.OK {
			v.leave(d)
			return outcome, cause
		}
	}
	return measure.OK, measure.Cause{}
}

// subscribe subscribes with QoS 0.
func (v *visit) subscribe(d *device.Device, filter string) (measure.Outcome, measure.Cause) {
	began := time.Now()
	code, err := d.Subscribe(v.s.ctx, filter, 0)
	outcome, cause := v.sorted(d, err)
	if err == nil && code == device.SubscribeFailure {
		outcome, cause = measure.Refused, measure.SubackCode(code)
	}
	v.tell(measure.StageSuback, began, outcome, cause)
	return outcome, cause
}

// token subscribes and asks for the first token of a connection.
func (v *visit) token(d *device.Device) (string, measure.Outcome, measure.Cause) {
	if outcome, cause := v.subscribe(d, device.TokenResponseTopic); outcome != measure.OK {
		return "", outcome, cause
	}
	began := time.Now()
	text, err := d.RequestToken(v.s.ctx)
	outcome, cause := v.sorted(d, err)
	var token string
	if err == nil {
		var life lifetime
		if token, life, err = readToken(text); err != nil {
			outcome, cause = measure.Failed, measure.Cause{Kind: measure.KindToken}
		}
		v.mu.Lock()
		v.life = life
		v.mu.Unlock()
	}
	v.s.rec.Record(measure.Sample{
		Stage: measure.StageToken, Role: v.role, Outcome: outcome, Cause: cause, Started: began, Ended: time.Now(), Received: uint32(len(text)),
	})
	return token, outcome, cause
}

// sorted says what the error of a call of the device means.
func (v *visit) sorted(d *device.Device, err error) (measure.Outcome, measure.Cause) {
	if errors.Is(err, device.ErrClosed) {
		if v.isLeaving() {
			return measure.Aborted, measure.Cause{Kind: measure.KindStopped}
		}
		select { // how it ended is known a moment after that it did
		case <-d.Closed():
			return measure.Failed, measure.CauseOfEnd(d.End())
		case <-time.After(v.s.base.Timeouts.Response):
		}
	}
	return measure.CauseOfError(err)
}

// isLeaving reports whether we are ending the connection, or have ended it.
func (v *visit) isLeaving() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state == leaving
}

// think pauses, unless the run ends.
func (v *visit) think(pause time.Duration) {
	if pause == 0 {
		return
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-v.s.leave:
	}
}

// tell records a stage that ends now.
func (v *visit) tell(stage measure.Stage, from time.Time, outcome measure.Outcome, cause measure.Cause) {
	v.s.rec.Record(measure.Sample{Stage: stage, Role: v.role, Outcome: outcome, Cause: cause, Started: from, Ended: time.Now()})
}

// leave ends a connection, in order where the plan says so.
func (v *visit) leave(d *device.Device) {
	v.mu.Lock()
	v.state = leaving
	v.mu.Unlock()
	if !v.s.job.Plan.Journey.Disconnect {
		_ = d.Close() // always nil
		return
	}
	began := time.Now()
	err := d.Disconnect(context.WithoutCancel(v.s.ctx))
	outcome, cause := measure.CauseOfError(err)
	v.tell(measure.StageDisconnect, began, outcome, cause)
}

// ended is called when a connection has ended, whoever ended it.
func (v *visit) ended(end device.End) {
	defer v.s.crowd.exit()
	v.mu.Lock()
	before := v.state
	since := v.connected
	if since.IsZero() {
		since = end.At // it ended before Connect could tell that it was there
	}
	v.brief = v.dev == nil
	v.dev, v.connected = nil, time.Time{}
	if before == held {
		v.state = away
		v.timers.stop()
	}
	v.mu.Unlock()

	sample := measure.Sample{Stage: measure.StageHold, Role: v.role, Started: since, Ended: end.At}
	if before != leaving {
		sample.Outcome, sample.Cause = measure.Failed, measure.CauseOfEnd(end)
	}
	v.s.rec.Record(sample)
	v.s.rec.Closed(before != leaving)
	if before == held {
		v.tries = 0
		v.comeBack()
	}
}

// end frees the device for its next arrival.
func (v *visit) end() {
	v.mu.Lock()
	v.state = leaving
	v.timers.stop()
	v.mu.Unlock()
	v.s.crowd.release(v)
	v.s.fleet.Forget(v.number)
	v.s.present[v.own].Store(false)
	v.s.here.Add(-1)
}

// sessions returns the cache of the TLS sessions of a device: one of its own, since
// with a shared one it would resume as another.
func (s *Shard) sessions(own int) tls.ClientSessionCache {
	if cache := s.caches[own].Load(); cache != nil {
		return *cache
	}
	cache := tls.NewLRUClientSessionCache(1)
	s.caches[own].CompareAndSwap(nil, &cache)
	return *s.caches[own].Load()
}
