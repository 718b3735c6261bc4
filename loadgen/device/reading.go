package device

import (
	"context"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

const maxInbox = 1024

// read is the device's goroutine: it takes in packets until the connection ends.
func (d *Device) read() {
	for {
		first, body, err := d.in.frame()
		if err != nil {
			d.finish(err)
			return
		}
		if kind, id, ok := acknowledgement(first, body); ok {
			d.in.release()
			d.acknowledged(kind, id)
			continue
		}
		packet, err := decode(first, body)
		d.in.release()
		if err != nil {
			d.finish(err)
			return
		}
		d.handle(first>>4, packet)
	}
}

// acknowledged takes in what acknowledgement has read.
func (d *Device) acknowledged(kind byte, id uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.changed()
	switch {
	case kind != packets.Pingresp:
		d.answered(kind, id, nil)
	case d.pongs < d.pings:
		d.pongs++
	}
}

// finish settles how the connection ended, lets go of it and tells those who wait.
func (d *Device) finish(err error) {
	d.mu.Lock()
	why := d.hangUp
	if why == nil {
		d.hangUp = &End{} // from here on the end is the platform's, whatever the tester does while we look on
	}
	d.mu.Unlock()

	d.wire.bound(context.Background(), d.linger)
	end := conclude(err, d.wire)
	if why != nil {
		end.ClosedBy, end.TimedOut, end.Detail = ByTester, why.TimedOut, why.Detail
		end.TLSError, end.LocalAlert = "", nil // of reading a socket that we had closed
	} else {
		end.Detail += ", " + closing(end.ClosedBy, end.Close, end.CloseNotify)
	}
	_ = d.wire.Close() // nothing more is to be sent

	end = d.settle(end)
	close(d.closed)
	if d.ended != nil {
		d.ended(end)
	}
}

// settle makes the end final and wakes whoever waits for something that will not come now.
func (d *Device) settle(end End) End {
	d.mu.Lock()
	defer d.mu.Unlock()
	end.ReturnCode = d.end.ReturnCode
	d.end, d.over = end, true
	if d.timer != nil {
		d.timer.Stop()
	}
	for _, x := range d.pending {
		x.wake()
	}
	d.changed()
	return end
}

// handle takes one packet in and sends the answer that MQTT 3.1.1 §4.3 asks for.
func (d *Device) handle(kind byte, packet packets.ControlPacket) {
	reply, id := d.absorb(kind, packet)
	var answer packets.ControlPacket
	switch reply {
	case packets.Puback:
		answer = &packets.PubackPacket{FixedHeader: packets.FixedHeader{MessageType: reply}, MessageID: id}
	case packets.Pubrec:
		answer = &packets.PubrecPacket{FixedHeader: packets.FixedHeader{MessageType: reply}, MessageID: id}
	case packets.Pubcomp:
		answer = &packets.PubcompPacket{FixedHeader: packets.FixedHeader{MessageType: reply}, MessageID: id}
	default:
		return
	}
	_ = d.write(reply, answer) // a write that fails goes with an end, and the next read reports that
}

// absorb changes the state of the device by one packet, and leaves it as it is by one that a server does not send; it returns the type and Packet Identifier of the answer, 0 for none.
func (d *Device) absorb(kind byte, packet packets.ControlPacket) (reply byte, id uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.changed()
	switch p := packet.(type) {
	case *packets.PublishPacket:
		return d.receive(p)
	case *packets.PubrelPacket:
		delete(d.unreleased, p.MessageID)
		return packets.Pubcomp, p.MessageID // also for an identifier unknown here, MQTT-4.3.3-2
	case *packets.SubackPacket:
		d.answered(kind, p.MessageID, p.ReturnCodes)
	case *packets.ConnackPacket:
		code := p.ReturnCode
		d.end.ReturnCode = &code
	}
	return 0, 0
}

// receive puts a message into the inbox. One for which there is no room is not acknowledged. The caller holds mu.
func (d *Device) receive(p *packets.PublishPacket) (reply byte, id uint16) {
	_, known := d.unreleased[p.MessageID]
	if p.Qos < 2 || !known {
		if len(d.inbox) >= maxInbox {
			return 0, 0
		}
		d.arrivals++
		d.inbox = append(d.inbox, arrival{number: d.arrivals, message: Message{
			Topic: p.TopicName, Payload: p.Payload, QoS: p.Qos, Retain: p.Retain, Duplicate: p.Dup, At: time.Now(),
		}})
	}
	switch p.Qos {
	case 1:
		return packets.Puback, p.MessageID
	case 2:
		if d.unreleased == nil {
			d.unreleased = make(map[uint16]struct{})
		}
		d.unreleased[p.MessageID] = struct{}{}
		return packets.Pubrec, p.MessageID
	}
	return 0, 0
}

// keepAwake sends a PINGREQ when the device has been silent for long enough, MQTT-3.1.2-23, and gives up on a platform that has
// left the one before unanswered.
func (d *Device) keepAwake() {
	d.mu.Lock()
	if d.over || d.hangUp != nil {
		d.mu.Unlock()
		return
	}
	if idle := time.Since(d.lastWrite); idle < d.keepAlive {
		d.timer.Reset(d.keepAlive - idle)
		d.mu.Unlock()
		return
	}
	if d.pings > d.pongs {
		d.hangUp = &End{TimedOut: true, Detail: "no PINGRESP within the Keep Alive, closed by the tester"}
		d.mu.Unlock()
		_ = d.wire.Close() // the reader reports the end
		return
	}
	d.pings++
	d.timer.Reset(d.keepAlive)
	d.mu.Unlock()
	_ = d.ping() // a failure is the reader's to report
}
