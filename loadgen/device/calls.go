package device

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Message is an application message.
type Message struct {
	Topic   string
	Payload []byte
	QoS     byte
	Retain  bool
	// Duplicate is the DUP flag; it and At, the moment of receipt, are set on received messages only.
	Duplicate bool
	At        time.Time
}

// arrival is a message in the inbox with its number on this connection, from 1.
type arrival struct {
	number  uint64
	message Message
}

// exchange is a packet of ours that awaits its acknowledgement.
type exchange struct {
	want     byte // type of the packet awaited
	done     bool
	forsaken bool // its caller has gone; kept so that a late answer is not taken for one to nothing
	codes    []byte
	// answer wakes the one who awaits the exchange, bound ends the wait. Both are made once and used again.
	answer chan struct{}
	bound  *time.Timer
}

// SubscribeFailure is the return code of SUBACK for a refused subscription; the others are the QoS granted.
const SubscribeFailure byte = 0x80

// Subscribe asks for one Topic Filter and returns the return code of SUBACK: the QoS granted, or [SubscribeFailure]. A refusal
// is not an error.
func (d *Device) Subscribe(ctx context.Context, filter string, qos byte) (returnCode byte, err error) {
	if err := errors.Join(checkTopic("topic filter", filter), checkQoS(qos)); err != nil {
		return 0, fmt.Errorf("subscribe: %w", err)
	}
	x, id, err := d.open(packets.Suback)
	if err != nil {
		return 0, fmt.Errorf("subscribe to %q: %w", filter, err)
	}
	subscribe := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	subscribe.MessageID, subscribe.Topics, subscribe.Qoss = id, []string{filter}, []byte{qos}
	err = d.write(packets.Subscribe, subscribe)
	if err == nil {
		err = d.awaitExchange(ctx, x)
	}
	d.finishExchange(id, x, false)
	if err != nil {
		return 0, fmt.Errorf("subscribe to %q: %w", filter, err)
	}
	return x.codes[0], nil
}

// Receive returns the oldest message not yet taken, waiting for one until ctx is over. It keeps returning what had arrived after
// the connection has ended, and only then ErrClosed. At most 1024 messages wait; what comes while they do is
// neither kept nor acknowledged.
func (d *Device) Receive(ctx context.Context) (Message, error) {
	m, err := d.take(ctx, 0, func(arrival) bool { return true })
	if err != nil {
		return Message{}, fmt.Errorf("receive: %w", err)
	}
	return m, nil
}

// Ping sends PINGREQ and returns when it has been answered.
func (d *Device) Ping(ctx context.Context) error {
	d.mu.Lock()
	d.pings++
	mine := d.pings
	d.mu.Unlock()
	err := d.ping()
	if err == nil {
		err = d.await(ctx, d.response, func() bool { return d.pongs >= mine })
	}
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	return nil
}

// take removes and returns the oldest message that fits. A bound of 0 leaves the waiting to ctx alone.
func (d *Device) take(ctx context.Context, bound time.Duration, fits func(arrival) bool) (Message, error) {
	var found Message
	err := d.await(ctx, bound, func() bool {
		for i, a := range d.inbox {
			if !fits(a) {
				continue
			}
			found = a.message
			copy(d.inbox[i:], d.inbox[i+1:])
			d.inbox[len(d.inbox)-1] = arrival{}
			if d.inbox = d.inbox[:len(d.inbox)-1]; len(d.inbox) == 0 {
				d.inbox = nil
			}
			return true
		}
		return false
	})
	return found, err
}

// open reserves a Packet Identifier for an exchange, MQTT-2.3.1-2.
func (d *Device) open(want byte) (*exchange, uint16, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pending == nil {
		d.pending = make(map[uint16]*exchange, 1)
	}
	for range 1 << 16 {
		d.lastID++
		if _, busy := d.pending[d.lastID]; d.lastID != 0 && !busy {
			x := d.spare
			if d.spare = nil; x == nil {
				x = &exchange{answer: make(chan struct{}, 1)}
			}
			x.want, x.done, x.codes = want, false, nil
			d.pending[d.lastID] = x
			return x, d.lastID, nil
		}
	}
	return nil, 0, errors.New("all packet identifiers are in use")
}

// finishExchange frees the identifier, or leaves it taken while its answer may still come. One that is over may be kept, for the
// next of its kind.
func (d *Device) finishExchange(id uint16, x *exchange, keep bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !x.done && !d.over {
		x.forsaken = true
		return
	}
	delete(d.pending, id)
	if !keep && len(d.pending) == 0 {
		d.pending = nil
	}
	if keep && x.done {
		select {
		case <-x.answer: // left by an answer that came as its time was up
		default:
		}
		d.spare = x
	}
}

// answered matches an acknowledgement with its exchange; one that nobody awaits is nobody's answer. The caller holds mu.
func (d *Device) answered(kind byte, id uint16, codes []byte) {
	x, ok := d.pending[id]
	if !ok || x.want != kind || x.done {
		return
	}
	x.codes, x.done = codes, true
	if x.forsaken {
		delete(d.pending, id)
		return
	}
	x.wake()
}

// wake wakes the one who awaits the exchange. It never blocks: one who is not there yet looks before waiting.
func (x *exchange) wake() {
	select {
	case x.answer <- struct{}{}:
	default:
	}
}

// awaitExchange blocks until the exchange is answered, the connection is over, or ctx or the response time-out is.
func (d *Device) awaitExchange(ctx context.Context, x *exchange) error {
	if x.bound == nil {
		x.bound = time.NewTimer(d.response)
	} else {
		x.bound.Reset(d.response)
	}
	defer x.bound.Stop()
	for {
		d.mu.Lock()
		done, over := x.done, d.over
		d.mu.Unlock()
		switch {
		case done:
			return nil
		case over:
			return d.closedError()
		}
		select {
		case <-x.answer:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-x.bound.C:
			return ErrNoResponse
		}
	}
}

// await blocks until ready, which is called with mu held, says so; until the connection is over; or until ctx or bound is.
func (d *Device) await(ctx context.Context, bound time.Duration, ready func() bool) error {
	var expired <-chan time.Time
	if bound > 0 {
		timer := time.NewTimer(bound)
		defer timer.Stop()
		expired = timer.C
	}
	for {
		d.mu.Lock()
		if ready() {
			d.mu.Unlock()
			return nil
		}
		if d.over {
			d.mu.Unlock()
			return d.closedError()
		}
		if d.wake == nil {
			d.wake = make(chan struct{})
		}
		wake := d.wake
		d.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-expired:
			return ErrNoResponse
		}
	}
}

// changed wakes all who wait. The caller holds mu.
func (d *Device) changed() {
	if d.wake != nil {
		close(d.wake)
		d.wake = nil
	}
}
