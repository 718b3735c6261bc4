package broker

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
)

var errFlight = errors.New("too many messages without acknowledgement")

// flight is the messages of QoS 1 and 2 that are under way with a client.
type flight struct {
	received map[uint16]struct{} // of QoS 2 from the client, until PUBREL
	sent     map[uint16]struct{} // to the client, until PUBACK or PUBCOMP
	last     uint16              // Packet Identifier used last
}

// publish takes a message of the device's and acknowledges it by its QoS. What the
// platform does not care about is acknowledged all the same: the only other answer
// that MQTT 3.1.1 has is to close (MQTT-3.3.5-2).
func (c *client) publish(header packets.FixedHeader, body []byte) error {
	p := packets.Packet{FixedHeader: header, ProtocolVersion: 4}
	if err := p.PublishDecode(body); err != nil { // MQTT-3.3.2-1
		return err
	}
	if p.TopicName == "" || strings.ContainsAny(p.TopicName, "+#") { // MQTT-4.7.3-1, MQTT-3.3.2-2
		return errProtocol
	}
	if header.Qos > 0 && p.PacketID == 0 { // MQTT-2.3.1-1
		return errProtocol
	}
	if header.Qos == 2 {
		return c.publishOnce(p)
	}
	if err := c.message(p.TopicName, p.Payload); err != nil {
		return err
	}
	if header.Qos == 1 && !c.has(deviation.WithholdsPuback) {
		return c.sendID(packets.Puback, p.PacketID) // MQTT-4.3.2-2
	}
	return nil
}

// publishOnce acts on a message of QoS 2 the first time only (MQTT-4.3.3-2).
func (c *client) publishOnce(p packets.Packet) error {
	if _, again := c.flight.received[p.PacketID]; !again {
		if len(c.flight.received) >= c.broker.config.Limits.InFlight {
			return errFlight
		}
		if c.flight.received == nil {
			c.flight.received = make(map[uint16]struct{}, 1)
		}
		c.flight.received[p.PacketID] = struct{}{}
		if err := c.message(p.TopicName, p.Payload); err != nil {
			return err
		}
	}
	return c.sendID(packets.Pubrec, p.PacketID)
}

// acknowledge goes on with the handshakes of QoS 1 and 2, either direction.
func (c *client) acknowledge(header packets.FixedHeader, body []byte) error {
	p := packets.Packet{FixedHeader: header, ProtocolVersion: 4}
	if len(body) != 2 {
		return errMalformed
	}
	if err := p.PubackDecode(body); err != nil {
		return err
	}
	switch header.Type {
	case packets.Puback, packets.Pubcomp:
		delete(c.flight.sent, p.PacketID)
		return nil
	case packets.Pubrec:
		return c.sendID(packets.Pubrel, p.PacketID) // MQTT-4.3.3-1
	default: // PUBREL
		delete(c.flight.received, p.PacketID)
		return c.sendID(packets.Pubcomp, p.PacketID) // MQTT-4.3.3-2
	}
}

// message does what a message of the device's asks for: a token, or to be known to the
// inventory. Everything else is taken and forgotten.
func (c *client) message(topic string, payload []byte) error {
	switch {
	case topic == tokenRequestTopic:
		return c.answerTokenRequest()
	case topic == "s/us" || strings.HasPrefix(topic, "s/us/"):
		return c.data(payload)
	}
	return nil
}

// answerTokenRequest publishes a token to the asker and to nobody else (DC-TOK-01, 02, 10), if
// it has subscribed to it. The payload of the request is of no account. Tokens are for
// those who logged in by certificate.
func (c *client) answerTokenRequest() error {
	qos, subscribed := c.subscriptions[tokenTopic]
	if !subscribed || !c.admission.tokens || c.forgetsTokenRequest() {
		return nil
	}
	t, err := c.broker.config.Tokens.Issue(c.subject())
	if err != nil {
		return fmt.Errorf("answer token request: %w", err)
	}
	c.broker.wait(stage.Token)
	c.broker.config.Observe(Event{Kind: TokenIssued})
	for _, other := range c.overhearers() {
		_ = other.deliver(tokenTopic, 0, c.tokenMessage(t))
	}
	return c.deliver(tokenTopic, qos, c.tokenMessage(t))
}

// data enters the device into the inventory at the first data that it sends. The SmartREST
// template 100 gives it name and type. An error says that the device may be forgotten, and
// its message must not be acknowledged.
func (c *client) data(payload []byte) error {
	a, inventory := c.admission, c.broker.config.Registry
	d := registry.Device{Owner: a.user, ExternalType: registry.SerialType, ExternalID: a.device}
	_, known := inventory.Device(a.tenant, d.ExternalType, d.ExternalID)
	line, _, _ := strings.Cut(string(payload), "\n")
	template, fields, _ := strings.Cut(strings.TrimSpace(line), ",")
	switch {
	case template == "100":
		d.Name, d.Type, _ = strings.Cut(fields, ",")
	case known:
		return nil
	}
	d.Name = cmp.Or(d.Name, "MQTT Device "+a.device)
	d.Type = cmp.Or(d.Type, "c8y_MQTTDevice")
	if _, _, err := inventory.PutDevice(a.tenant, d); err != nil {
		c.broker.config.Log.Error("enter device", "user", a.user, "err", err)
	}
	return inventory.Sync()
}

// lastWill takes the Will Message as the last thing that the device says. It can do no
// harm: nobody is there to be answered.
func (c *client) lastWill() {
	if c.will != "" && c.will != tokenRequestTopic {
		_ = c.message(c.will, nil)
	}
}

// deliver publishes to the client, in the QoS that it subscribed with.
func (c *client) deliver(topic string, qos byte, payload string) error {
	p := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: qos}, TopicName: topic, Payload: []byte(payload),
	}
	if qos > 0 {
		id, err := c.flight.next(c.broker.config.Limits.InFlight)
		if err != nil {
			return err
		}
		p.PacketID = id
	}
	return c.send(p)
}

// next returns a Packet Identifier that is not in use (MQTT-2.3.1-2), if fewer than limit are.
func (f *flight) next(limit int) (uint16, error) {
	if len(f.sent) >= min(limit, 1<<16-1) {
		return 0, errFlight
	}
	if f.sent == nil {
		f.sent = make(map[uint16]struct{}, 1)
	}
	for {
		f.last++
		if _, used := f.sent[f.last]; f.last != 0 && !used {
			f.sent[f.last] = struct{}{}
			return f.last, nil
		}
	}
}

// sendID sends a packet that consists of a Packet Identifier.
func (c *client) sendID(kind byte, id uint16) error {
	p := packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, PacketID: id}
	if kind == packets.Pubrel {
		p.FixedHeader.Qos = 1 // the reserved flags of PUBREL (MQTT-3.6.1-1)
	}
	return c.send(p)
}
