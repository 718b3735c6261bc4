package broker

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// CONNACK return codes (MQTT 3.1.1 section 3.2.2.3), used for what the real platform uses
// them for: 5 for everything that is wrong with a certificate or its registration, 4 for
// passwords only.
const (
	accepted           byte = 0
	badProtocolVersion byte = 1
	identifierRejected byte = 2
	serverUnavailable  byte = 3
	badUserOrPassword  byte = 4
	notAuthorized      byte = 5
)

// connect expects a CONNECT, answers it and reports whether the client is admitted.
func (c *client) connect() bool {
	header, body, err := c.read(c.broker.config.Timeouts.Connect, c.broker.config.Limits.Connect)
	if err != nil {
		c.observe(Event{Kind: Refused, Reason: because(err, noConnect), Detail: "no CONNECT: " + err.Error()})
		return false
	}
	if header.Type != packets.Connect { // MQTT-3.1.0-1
		c.observe(Event{Kind: Refused, Reason: noConnect, Detail: "the first packet is no CONNECT"})
		return false
	}
	name, level, ok := protocol(body)
	if !ok { // MQTT-3.1.2-1
		c.observe(Event{Kind: Refused, Reason: malformedConnect, Detail: "the protocol name is not MQTT"})
		return false
	}
	if name == "MQTT" && level != 4 || name == "MQIsdp" && level != 3 { // MQTT-3.1.2-2
		c.observe(Event{Kind: Refused, Reason: badVersion, ReturnCode: badProtocolVersion, Detail: fmt.Sprintf("%s level %d", name, level)})
		_ = c.connack(badProtocolVersion)
		return false
	}
	p := packets.Packet{FixedHeader: header}
	if err := p.ConnectDecode(body); err != nil || !validConnect(&p) { // MQTT-3.1.4-1
		c.observe(Event{Kind: Refused, Reason: malformedConnect, Detail: "the fields or flags of CONNECT are not well-formed"})
		return false
	}
	return c.answerConnect(&p)
}

func (c *client) answerConnect(p *packets.Packet) bool {
	admission, code, refusal := c.admit(p)
	if refusal == nil {
		code, refusal = c.whim()
	}
	if refusal == nil {
		c.admission = admission
		if !c.has(deviation.IgnoresKeepAlive) {
			c.idle = time.Duration(p.Connect.Keepalive) * time.Second * 3 / 2 // MQTT-3.1.2-24
		}
		c.will = strings.Clone(p.Connect.WillTopic)
		c.broker.sessions.add(c)
		code, refusal = c.stillAdmitted()
	}
	event := Event{Kind: Admitted, ClientID: strings.Clone(p.Connect.ClientIdentifier), ReturnCode: code}
	if refusal != nil {
		event.Kind, event.Reason, event.Index, event.Detail = Refused, refusal.Reason, refusal.Index, refusal.Detail
	}
	c.observe(event)
	served := refusal == nil || c.broker.config.Deviations.Has(deviation.ServesRefused) // DC-REG-08, MQTT-3.1.4-5
	return c.connack(code) == nil && served
}

// connack answers with Session Present 0 always: the platform keeps no session state,
// whatever Clean Session says (MQTT-3.2.2-3, 4).
func (c *client) connack(code byte) error {
	c.broker.wait(stage.Connack)
	c.dawdle()
	return c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: code})
}

// protocol reads name and level only: the rest of a packet of an unknown level may
// have any form.
func protocol(body []byte) (name string, level byte, ok bool) {
	if len(body) < 2 {
		return "", 0, false
	}
	end := 2 + int(binary.BigEndian.Uint16(body))
	if len(body) <= end {
		return "", 0, false
	}
	name = string(body[2:end])
	return name, body[end], name == "MQTT" || name == "MQIsdp"
}

// validConnect holds the flags of a decoded CONNECT against each other.
func validConnect(p *packets.Packet) bool {
	c := p.Connect
	will := c.WillFlag && c.WillQos <= 2 || // MQTT-3.1.2-14
		!c.WillFlag && c.WillQos == 0 && !c.WillRetain // MQTT-3.1.2-11, 13, 15
	return will && p.ReservedBit == 0 && // MQTT-3.1.2-3
		(c.UsernameFlag || !c.PasswordFlag) && // MQTT-3.1.2-22
		connectLength(c) == p.FixedHeader.Remaining // nothing after the last field
}

// connectLength is the length of the fields that the flags of a CONNECT announce.
func connectLength(c packets.ConnectParams) int {
	length := 2 + len(c.ProtocolName) + 1 + 1 + 2 + 2 + len(c.ClientIdentifier)
	if c.WillFlag {
		length += 2 + len(c.WillTopic) + 2 + len(c.WillPayload)
	}
	if c.UsernameFlag {
		length += 2 + len(c.Username)
	}
	if c.PasswordFlag {
		length += 2 + len(c.Password)
	}
	return length
}

// refuse is a refusal that has no certificate at fault.
func refuse(reason trust.Reason, detail string) *trust.Refusal {
	return &trust.Refusal{Reason: reason, Detail: detail}
}
