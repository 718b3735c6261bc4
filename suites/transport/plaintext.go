package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	. "github.com/onsi/gomega"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
)

func plaintext() suites.Spec {
	return suites.Spec{
		ID: family + "/plain-tcp-on-8883", Title: "a client sends CONNECT in plaintext to the MQTT port", Expected: "no CONNACK comes and the platform closes",
		Clauses: []string{"DC-TLS-02"}, Level: clause.Must, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			answer := connectInPlaintext(ctx, e)
			if !expect.IsConnack(answer) {
				e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
			}
			Expect(answer).NotTo(expect.BeConnack())
		},
	}
}

// connectInPlaintext sends CONNECT without TLS and returns all that came back
// until the platform closed. It leaves the spec inconclusive where it did not.
func connectInPlaintext(ctx context.Context, e *suites.Env) []byte {
	e.Pace(ctx)
	dialer := net.Dialer{Timeout: e.Target.Timing.Connect}
	started := time.Now()
	conn, err := dialer.DialContext(ctx, "tcp", e.Target.MQTT.Address)
	if err != nil {
		e.Inconclusive("no TCP connection: %v", err)
	}
	defer conn.Close()
	connected := time.Since(started)
	if err := conn.SetDeadline(time.Now().Add(e.Target.Timing.Response)); err != nil {
		e.Fault(err)
	}
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion = "MQTT", 4
	connect.CleanSession, connect.Keepalive = true, 60
	connect.ClientIdentifier = e.GoodDevice("case").ClientID
	var packet bytes.Buffer
	if err := connect.Write(&packet); err != nil {
		e.Fault(err)
	}
	_, _ = conn.Write(packet.Bytes()) // a platform that closes at once may make it fail; what it sent is still read
	answer, err := io.ReadAll(io.LimitReader(conn, 4<<10))
	evidence := reports.Evidence{
		Role: reports.RoleCase, Layer: reports.LayerMQTTClose, ClosedBy: reports.ClosedByPeer, Close: reports.CloseFIN,
		Times: reports.Times{TCP: reports.InMilliseconds(connected)}, Detail: "CONNECT in plaintext, the platform closed",
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		evidence.ClosedBy, evidence.Close, evidence.TimedOut = "", "", true
		evidence.Detail = "CONNECT in plaintext, nothing happened"
	case errors.Is(err, syscall.ECONNRESET):
		evidence.Close = reports.CloseRST
	}
	if expect.IsConnack(answer) {
		evidence.Layer, evidence.Detail = reports.LayerMQTTConnack, "CONNECT in plaintext was answered by CONNACK"
	}
	e.Record(evidence)
	e.Observe("%s", evidence.Detail)
	if evidence.TimedOut && !expect.IsConnack(answer) {
		e.Inconclusive("the platform neither answered nor closed")
	}
	return answer
}
