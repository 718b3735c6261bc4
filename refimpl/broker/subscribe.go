package broker

import (
	"slices"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
)

// Topics of the token (DC-TOK-01).
const (
	tokenRequestTopic = "s/uat"
	tokenTopic        = "s/dat"
)

// subscriptionFailed is the SUBACK return code for a filter that is not granted.
const subscriptionFailed byte = 0x80

// subscribable reports whether a Topic Filter is one of those on which the platform speaks
// to a device. Wildcards are not granted, save the one that stands for all of a device's
// own SmartREST templates.
func subscribable(filter string) bool {
	if filter == "devicecontrol/notifications" || filter == "error" {
		return true
	}
	parts := strings.Split(filter, "/")
	if len(parts) < 2 || !slices.Contains([]string{"s", "t", "q", "c"}, parts[0]) {
		return false
	}
	switch parts[1] {
	case "ds", "dd", "dt", "dat", "dcr", "e":
		return len(parts) == 2
	case "dc":
		return len(parts) == 3 && (parts[2] == "#" || !strings.ContainsAny(parts[2], "+#"))
	}
	return false
}

func (c *client) subscribe(header packets.FixedHeader, body []byte) error {
	p := packets.Packet{FixedHeader: header, ProtocolVersion: 4}
	if err := p.SubscribeDecode(body); err != nil { // MQTT-3.8.3-1, 4
		return err
	}
	if p.PacketID == 0 || len(p.Filters) == 0 { // MQTT-2.3.1-1, MQTT-3.8.3-3
		return errProtocol
	}
	codes := make([]byte, 0, len(p.Filters))
	for _, f := range p.Filters {
		if f.Filter == "" { // MQTT-4.7.3-1
			return errProtocol
		}
		codes = append(codes, c.grant(f.Filter, f.Qos))
	}
	c.broker.wait(stage.Suback)
	return c.send(packets.Packet{ // MQTT-3.8.4-1, 2, 5
		FixedHeader: packets.FixedHeader{Type: packets.Suback}, PacketID: p.PacketID, ReasonCodes: codes,
	})
}

// grant enters one subscription, or the new QoS of an old one (MQTT-3.8.4-3).
func (c *client) grant(filter string, qos byte) byte {
	if strings.ContainsAny(filter, "+#") {
		c.wild.Store(true)
	}
	if !subscribable(filter) || filter == tokenTopic && c.has(deviation.RefusesTokenTopic) {
		return subscriptionFailed
	}
	if _, known := c.subscriptions[filter]; !known && len(c.subscriptions) >= c.broker.config.Limits.Subscriptions {
		return subscriptionFailed
	}
	if c.subscriptions == nil {
		c.subscriptions = make(map[string]byte, 1)
	}
	c.subscriptions[strings.Clone(filter)] = qos // the decoder's string is part of the packet
	return qos
}

func (c *client) unsubscribe(header packets.FixedHeader, body []byte) error {
	p := packets.Packet{FixedHeader: header, ProtocolVersion: 4}
	if err := p.UnsubscribeDecode(body); err != nil { // MQTT-3.10.3-1
		return err
	}
	if p.PacketID == 0 || len(p.Filters) == 0 { // MQTT-2.3.1-1, MQTT-3.10.3-2
		return errProtocol
	}
	for _, f := range p.Filters {
		delete(c.subscriptions, f.Filter) // MQTT-3.10.4-1
	}
	return c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Unsuback}, PacketID: p.PacketID}) // MQTT-3.10.4-4
}
