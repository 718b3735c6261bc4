package registration

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// unserved is the spec that a device which is refused gets no answer to what it
// sends all the same: SUBSCRIBE and the request for a token, in one piece with its
// CONNECT (MQTT-3.1.4-5).
func unserved() suites.Spec {
	return suites.Spec{
		ID: family + "/refused-device-is-not-served", Title: "an unknown device asks for a token behind its CONNECT, under a trust anchor without auto-registration",
		Expected: "the device is refused and gets no answer to what follows",
		Clauses:  []string{"DC-REG-08"}, Level: clause.Must, Needs: []target.Capability{target.DeviceUsers},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			anchor.AutoRegistration = false
			e.Trust(ctx, anchor)
			talkAsGood(ctx, e, reports.RoleControlBefore)
			code, answers := talk(ctx, e, reports.RoleCase, e.DeviceOf(root, "case"))
			served := strings.Join(answers, " and ")
			e.Observe("CONNACK %s, then %s", code, map[bool]string{true: served, false: "nothing"}[served != ""])
			if served == "" {
				talkAsGood(ctx, e, reports.RoleControlAfter)
			}
			Expect(served).To(expect.Bring("no answer behind a refusal"))
		},
	}
}

// talkAsGood is the same talk by a good device, which must be answered.
func talkAsGood(ctx context.Context, e *suites.Env, role string) {
	p := e.GoodDevice(role)
	e.Trust(ctx, p.Anchors...)
	e.Made(p.ClientID)
	if code, answers := talk(ctx, e, role, p); len(answers) == 0 {
		e.Inconclusive("a good device that does the same was not answered (%s): CONNACK %s", role, code)
	}
}

// talk sends CONNECT, SUBSCRIBE and the request for a token without waiting for
// anything. It returns the return code, in words where there is none, and what was
// answered to the rest, up to the first such answer.
func talk(ctx context.Context, e *suites.Env, role string, p certfactory.Presentation) (code string, answers []string) {
	evidence := reports.Evidence{Role: role, Layer: reports.LayerMQTTClose, Detail: "refused by a close"}
	defer func() { e.Record(evidence) }()
	conn, err := dial(ctx, e, p)
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		evidence.Layer, evidence.Detail = reports.LayerTLSHandshake, "refused in the handshake: "+alert.Error()
		return "was not reached", nil
	}
	if err != nil {
		e.Inconclusive("no connection to talk over: %v", err)
	}
	defer conn.Close()
	_, _ = conn.Write(speech(p.ClientID)) // a platform that refuses at once may make it fail; what it sent is still read
	code = "did not come"
	for {
		packet, err := packets.ReadPacket(conn)
		if err != nil {
			var silence net.Error
			if errors.As(err, &silence) && silence.Timeout() {
				evidence.TimedOut = true
				e.Remark("the platform left a refused connection open for %v", e.Target.Timing.Response)
			}
			return code, answers
		}
		connack, ok := packet.(*packets.ConnackPacket)
		if !ok {
			return code, append(answers, strings.TrimSuffix(strings.Fields(packet.String())[0], ":"))
		}
		number := int(connack.ReturnCode)
		code, evidence.ReturnCode = fmt.Sprint(number), &number
		evidence.Layer, evidence.Detail = reports.LayerMQTTConnack, "CONNACK "+code
		if number == 0 {
			evidence.Layer = reports.LayerAdmitted
		}
	}
}

// speech is the bytes of CONNECT, of SUBSCRIBE to s/dat and of an empty PUBLISH to
// s/uat.
func speech(clientID string) []byte {
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion = "MQTT", 4
	connect.CleanSession, connect.Keepalive, connect.ClientIdentifier = true, 60, clientID
	subscribe := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	subscribe.MessageID, subscribe.Topics, subscribe.Qoss = 1, []string{"s/dat"}, []byte{0}
	publish := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	publish.TopicName = "s/uat"
	var b bytes.Buffer
	for _, packet := range []packets.ControlPacket{connect, subscribe, publish} {
		_ = packet.Write(&b) // a buffer takes everything
	}
	return b.Bytes()
}

// dial connects over TLS as the device would, within the bounds of the target.
func dial(ctx context.Context, e *suites.Env, p certfactory.Presentation) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*e.Target.Timing.Connect)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{
		RootCAs: e.Target.MQTT.RootCAs, ServerName: e.Target.MQTT.ServerName,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: p.Chain, PrivateKey: p.Key}, nil
		},
	}}
	conn, err := dialer.DialContext(ctx, "tcp", e.Target.MQTT.Address)
	if err != nil {
		return nil, err
	}
	return conn.(*tls.Conn), conn.SetDeadline(time.Now().Add(e.Target.Timing.Response))
}
