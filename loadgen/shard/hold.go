package shard

import (
	"math/rand/v2"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// timers are what a held visit waits for; each is nil while it is not needed.
type timers struct {
	renewal, publish, hold, reconnect *time.Timer
}

// stop stops all but reconnect, which is of a visit that is away.
func (t *timers) stop() {
	for _, timer := range [...]*time.Timer{t.renewal, t.publish, t.hold} {
		if timer != nil {
			timer.Stop()
		}
	}
	t.renewal, t.publish, t.hold = nil, nil, nil
}

// hold leaves the device to its timers. From here on no goroutine is its own but the
// one that reads from the connection.
func (v *visit) hold() {
	plan := &v.s.job.Plan.Journey
	if plan.Hold == 0 || !v.s.crowd.hold(v) {
		v.goAway()
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dev == nil { // lost since its last step
		v.state = away
		v.s.crowd.add()
		go func() {
			defer v.s.crowd.exit()
			v.comeBack()
		}()
		return
	}
	v.state = held
	if plan.Renewal {
		v.scheduleRenewal(time.Now())
	}
	if plan.Publish.Every > 0 {
		v.schedulePublish(time.Now().Add(plan.Publish.Every), 1)
	}
	if plan.Hold > 0 && v.timers.hold == nil {
		v.timers.hold = v.after(time.Duration(plan.Hold), v.goAway)
	}
}

// after calls f in a goroutine of its own when the time has come, unless the run is
// over then.
func (v *visit) after(wait time.Duration, f func()) *time.Timer {
	return time.AfterFunc(wait, func() {
		if v.s.crowd.enter() {
			defer v.s.crowd.exit()
			f()
		}
	})
}

// connection returns the device while it is held, nil otherwise.
func (v *visit) connection() *device.Device {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.state != held {
		return nil
	}
	return v.dev
}

// goAway ends the visit of its own accord.
func (v *visit) goAway() {
	v.mu.Lock()
	d := v.dev
	v.state = leaving
	v.timers.stop()
	v.mu.Unlock()
	if d != nil {
		v.leave(d)
	}
	v.end()
}

// dismiss ends the visit because the run is over. It is called once, when the crowd
// holds nobody any more.
func (v *visit) dismiss() {
	v.mu.Lock()
	waiting := v.timers.reconnect
	v.mu.Unlock()
	if waiting != nil && waiting.Stop() {
		v.s.crowd.exit()
	}
	v.goAway()
}

// scheduleRenewal has the token renewed after half of its life. The caller holds mu.
func (v *visit) scheduleRenewal(now time.Time) {
	due := now.Add(v.life.half())
	v.timers.renewal = v.after(time.Until(due), func() { v.renew(due) })
}

// renew asks for the next token. One that is no newer than the last is none.
func (v *visit) renew(due time.Time) {
	d := v.connection()
	if d == nil {
		return
	}
	began := time.Now()
	text, err := d.RequestToken(v.s.ctx)
	outcome, cause := v.sorted(d, err)
	now := time.Now()
	v.mu.Lock()
	if err == nil {
		_, life, err := readToken(text)
		if err != nil || !life.issued.After(v.life.issued) {
			outcome, cause = measure.Failed, measure.Cause{Kind: measure.KindToken}
		} else {
			v.life = life
		}
	}
	if v.state == held {
		v.scheduleRenewal(now)
	}
	v.mu.Unlock()
	v.s.rec.Record(measure.Sample{
		Stage: measure.StageRenewal, Role: v.role, Outcome: outcome, Cause: cause, Intended: due, Started: began, Ended: now,
		Received: uint32(len(text)),
	})
}

// schedulePublish has message number n sent when it is due. The caller holds mu.
func (v *visit) schedulePublish(due time.Time, n int) {
	v.timers.publish = v.after(time.Until(due), func() { v.publish(due, n) })
}

// publish sends a message. The next one is due a period after this one was,
// however long this one took.
func (v *visit) publish(due time.Time, n int) {
	d := v.connection()
	if d == nil {
		return
	}
	plan := &v.s.job.Plan.Journey.Publish
	began := time.Now()
	err := d.Publish(v.s.ctx, plan.Topic, v.s.payload, byte(plan.QoS))
	outcome, cause := v.sorted(d, err)
	v.s.rec.Record(measure.Sample{
		Stage: measure.StagePublish, Role: v.role, Outcome: outcome, Cause: cause, Intended: due, Started: began, Ended: time.Now(),
		Sent: uint32(len(v.s.payload)),
	})
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.state == held && (plan.Messages == 0 || n < plan.Messages) {
		v.schedulePublish(due.Add(plan.Every), n+1)
	}
}

// comeBack has a lost device reconnect as the plan says, or ends the visit.
func (v *visit) comeBack() {
	policy := &v.s.job.Plan.Reconnect
	if policy.Policy == loadgen.ReconnectNone || policy.Attempts > 0 && v.tries >= policy.Attempts || !v.s.crowd.enter() {
		v.end()
		return
	}
	wait := delay(policy, v.tries, rand.Float64())
	v.tries++
	due := time.Now().Add(wait)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.timers.reconnect = time.AfterFunc(wait, func() {
		defer v.s.crowd.exit()
		v.reconnect(due)
	})
}

// delay returns how long to wait before a further try, after tries that failed.
// chance is from 0 up to 1.
func delay(policy *loadgen.Reconnect, tries int, chance float64) time.Duration {
	wait := policy.Delay
	if policy.Policy == loadgen.ReconnectExponential {
		for range min(tries, 62) {
			if wait >= policy.Max/2 {
				wait = policy.Max
				break
			}
			wait *= 2
		}
		wait = min(wait, policy.Max)
	}
	return time.Duration(float64(wait) * (1 - policy.Jitter*chance))
}

// reconnect tries once to be connected, with its token, as before.
func (v *visit) reconnect(due time.Time) {
	v.mu.Lock()
	v.timers.reconnect = nil
	v.state = stepping
	v.mu.Unlock()
	select {
	case <-v.s.leave:
		v.end()
		return
	default:
	}
	member, err := v.s.fleet.Device(v.number)
	if err != nil {
		v.tell(measure.StageReconnect, due, measure.Failed, measure.Cause{Kind: measure.KindOther})
		v.end()
		return
	}
	d, outcome, cause := v.connect(member, due)
	v.tell(measure.StageReconnect, due, outcome, cause)
	if outcome == measure.OK {
		outcome, _ = v.journey(d)
	}
	if outcome == measure.OK {
		v.hold()
		return
	}
	v.mu.Lock()
	v.state = away
	v.mu.Unlock()
	v.comeBack()
}
