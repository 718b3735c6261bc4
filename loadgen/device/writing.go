package device

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// write sends one Control Packet.
func (d *Device) write(kind byte, p packets.ControlPacket) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	return d.bounded(kind, func() error { return p.Write(d.conn) })
}

// bounded writes. It is bounded by the response time-out rather than by a context, since half a TLS record cannot be taken back:
// a write that fails is the end of the connection. The caller holds writing.
func (d *Device) bounded(kind byte, write func() error) error {
	now := time.Now()
	if err := d.wire.SetWriteDeadline(now.Add(d.response)); err != nil {
		return d.closedError()
	}
	if err := write(); err != nil {
		if timedOut(err) && d.leave(&End{TimedOut: true, Detail: "the platform stopped reading, closed by the tester"}) {
			_ = d.wire.Close() // the reader reports the end
		}
		return fmt.Errorf("write %s: %w: %w", typeName(kind), ErrClosed, err)
	}
	d.mu.Lock()
	d.lastWrite = now
	d.mu.Unlock()
	return nil
}

// ping sends PINGREQ, MQTT 3.1.1 §3.12.
func (d *Device) ping() error { return d.writeShort(packets.Pingreq, packets.Pingreq<<4, 0) }

// writeShort sends a packet of a few bytes.
func (d *Device) writeShort(kind byte, packet ...byte) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.scratch = append(d.scratch[:0], packet...)
	return d.writeScratch(kind)
}

// keptScratch is how much room for packets a device keeps, in bytes.
const keptScratch = 512

// writeScratch sends what stands in scratch. The caller holds writing.
func (d *Device) writeScratch(kind byte) error {
	err := d.bounded(kind, func() error {
		_, err := d.conn.Write(d.scratch)
		return err
	})
	if cap(d.scratch) > keptScratch {
		d.scratch = nil
	}
	return err
}

// Publish sends one message. With QoS 1 it returns when PUBACK came, with QoS 2 when PUBCOMP came, with QoS 0 when the message
// has been handed to TCP. A device that publishes again and again allocates nothing for it.
func (d *Device) Publish(ctx context.Context, topic string, payload []byte, qos byte) error {
	if err := errors.Join(checkTopic("topic name", topic), checkQoS(qos)); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if len(payload) > maxPayload {
		return fmt.Errorf("publish: payload has %d bytes, more than %d", len(payload), maxPayload)
	}
	var err error
	switch qos {
	case 0:
		err = d.writePublish(topic, payload, 0, 0)
	default:
		err = d.publishAcknowledged(ctx, topic, payload, qos)
	}
	if err != nil {
		return fmt.Errorf("publish to %q: %w", topic, err)
	}
	return nil
}

// maxPayload keeps a packet within the largest Remaining Length, MQTT 3.1.1 §2.2.3.
const maxPayload = 1<<28 - 1 - 2 - maxStringLength - 2

// writePublish sends PUBLISH, MQTT 3.1.1 §3.3.
func (d *Device) writePublish(topic string, payload []byte, qos byte, id uint16) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	length := 2 + len(topic) + len(payload)
	if qos > 0 {
		length += 2
	}
	b := append(d.scratch[:0], packets.Publish<<4|qos<<1)
	for ; length >= 0x80; length >>= 7 {
		b = append(b, byte(length)|0x80)
	}
	b = append(b, byte(length))
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(topic))), topic...)
	if qos > 0 {
		b = binary.BigEndian.AppendUint16(b, id)
	}
	d.scratch = append(b, payload...)
	return d.writeScratch(packets.Publish)
}

func (d *Device) publishAcknowledged(ctx context.Context, topic string, payload []byte, qos byte) error {
	want := byte(packets.Puback)
	if qos == 2 {
		want = packets.Pubrec
	}
	x, id, err := d.open(want)
	if err != nil {
		return err
	}
	defer d.finishExchange(id, x, true)
	if err := d.writePublish(topic, payload, qos, id); err != nil {
		return err
	}
	if err := d.awaitExchange(ctx, x); err != nil || want == packets.Puback {
		return err
	}
	d.mu.Lock()
	x.want, x.done = packets.Pubcomp, false
	d.mu.Unlock()
	if err := d.writeShort(packets.Pubrel, packets.Pubrel<<4|2, 2, byte(id>>8), byte(id)); err != nil {
		return err
	}
	return d.awaitExchange(ctx, x)
}
