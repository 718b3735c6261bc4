package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
)

// disconnect is the spec that the platform ends the connection of a client that
// says goodbye and does not hang up itself, which no ready client does (MQTT-3.14.4-3).
func disconnect() suites.Spec {
	return suites.Spec{
		ID: "client/disconnect", Title: "a subscribed client sends DISCONNECT and leaves the connection open", Expected: "the platform ends the connection",
		Clauses: []string{"DC-CLIENT-02"}, Level: clause.Should,
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			e.Trust(ctx, p.Anchors...)
			e.Made(p.ClientID)
			conn := dial(ctx, e, p)
			if problem := subscribed(conn, p.ClientID, e.Target.Timing.Response); problem != "" {
				e.Inconclusive("a good device did not get to subscribe: %s", problem)
			}
			problem := farewell(conn, e.Target.Timing.Response)
			e.Record(reports.Evidence{Role: reports.RoleCase, Detail: problem})
			Expect(problem).To(expect.Bring("the connection to be ended"))
		},
	}
}

// dial opens the TLS connection of a good device.
func dial(ctx context.Context, e *suites.Env, p certfactory.Presentation) net.Conn {
	ctx, cancel := context.WithTimeout(ctx, e.Target.Timing.Connect)
	defer cancel()
	chain := tls.Certificate{Certificate: p.Chain, PrivateKey: p.Key}
	dialer := tls.Dialer{Config: &tls.Config{
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &chain, nil },
		RootCAs:              e.Target.MQTT.RootCAs, ServerName: e.Target.MQTT.ServerName, MinVersion: tls.VersionTLS12,
	}}
	conn, err := dialer.DialContext(ctx, "tcp", e.Target.MQTT.Address)
	if err != nil {
		e.Inconclusive("a good device was not connected: %v", err)
	}
	e.Cleanup(func() { _ = conn.Close() })
	return conn
}

// subscribed connects as a client and subscribes to s/dat. It returns in words what
// is in the way.
func subscribed(conn net.Conn, clientID string, bound time.Duration) string {
	_ = conn.SetDeadline(time.Now().Add(bound))
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion, connect.CleanSession = "MQTT", 4, true
	connect.ClientIdentifier, connect.Keepalive = clientID, 60
	subscribe := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	subscribe.MessageID, subscribe.Topics, subscribe.Qoss = 1, []string{"s/dat"}, []byte{0}
	for _, packet := range []packets.ControlPacket{connect, subscribe} {
		if err := packet.Write(conn); err != nil {
			return err.Error()
		}
		answer, err := packets.ReadPacket(conn)
		if err != nil {
			return err.Error()
		}
		if connack, ok := answer.(*packets.ConnackPacket); ok && connack.ReturnCode != packets.Accepted {
			return connack.String()
		}
	}
	return ""
}

// farewell sends DISCONNECT and waits for the end of the connection. It returns in
// words what is in the way.
func farewell(conn net.Conn, bound time.Duration) string {
	_ = conn.SetDeadline(time.Now().Add(bound))
	if err := packets.NewControlPacket(packets.Disconnect).Write(conn); err != nil {
		return "DISCONNECT not sent: " + err.Error()
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		return "it was still open after " + bound.String()
	}
	return ""
}
