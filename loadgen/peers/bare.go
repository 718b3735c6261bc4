package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime/debug"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// actAsBare is the least that a client can do that has crypto/tls and a codec: one key
// exchange on offer, the server taken for whom it says it is, no deadline, no keep
// alive, nothing measured, and garbage let lie. No tool should be so; it is what a tool
// is to be held against.
func (s *scene) actAsBare(devices int) error {
	identities, _, err := s.devices(devices)
	if err != nil {
		return err
	}
	debug.SetGCPercent(400)
	var talk script
	if err := talk.ready(); err != nil {
		return err
	}
	connections := make([]net.Conn, devices)
	err = arrive(devices, func(i int) (err error) {
		connections[i], err = s.connectBare(fmt.Sprint("bare-", i), &identities[i])
		return err
	})
	if err != nil {
		return err
	}
	talk.done()
	for _, c := range connections {
		_ = c.Close() // all is measured
	}
	return nil
}

// connectBare connects, subscribes, and leaves a goroutine behind that reads.
func (s *scene) connectBare(id string, identity *tls.Certificate) (net.Conn, error) {
	conn, err := tls.Dial("tcp", s.address, &tls.Config{
		InsecureSkipVerify: true, // to check a name and a signature is not the least
		CurvePreferences:   []tls.CurveID{tls.X25519},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return identity, nil
		},
	})
	if err != nil {
		return nil, err
	}
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion, connect.CleanSession, connect.ClientIdentifier = "MQTT", 4, true, id
	subscribe := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	subscribe.MessageID, subscribe.Topics, subscribe.Qoss = 1, []string{"s/dat"}, []byte{0}
	for _, packet := range []packets.ControlPacket{connect, subscribe} {
		if err := packet.Write(conn); err != nil {
			return nil, err
		}
		if _, err := packets.ReadPacket(conn); err != nil {
			return nil, err
		}
	}
	go func() { _, _ = io.Copy(io.Discard, conn) }() // until it is closed
	return conn, nil
}
