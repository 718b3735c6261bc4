package device_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// bound is how long anything here may take before it counts as hanging.
const bound = time.Minute

// serve listens on loopback and plays script on each connection, on a goroutine of its own; the connection is closed when the
// script returns. At the end of the test connections are cut and scripts awaited.
func serve(tb testing.TB, script func(net.Conn)) (address string) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cut := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				script(conn)
			})
		}
	})
	tb.Cleanup(func() {
		listener.Close()
		cut()
		running.Wait()
	})
	return listener.Addr().String()
}

// overTLS plays script once the server's handshake has gone well.
func overTLS(config *tls.Config, script func(*tls.Conn)) func(net.Conn) {
	return func(raw net.Conn) {
		conn := tls.Server(raw, config)
		if conn.Handshake() == nil {
			script(conn)
		}
	}
}

// stall waits for the peer or the end of the test to close.
func stall(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// cutHard closes with RST.
func cutHard(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

func write(conn io.Writer, bytes ...byte) { _, _ = conn.Write(bytes) }

// readPacket returns nil when the connection is over.
func readPacket(conn io.Reader) packets.ControlPacket {
	p, err := packets.ReadPacket(conn)
	if err != nil {
		return nil
	}
	return p
}

// answerCONNECT reads CONNECT and writes bytes.
func answerCONNECT(bytes ...byte) func(*tls.Conn) {
	return func(conn *tls.Conn) {
		if _, ok := readPacket(conn).(*packets.ConnectPacket); ok {
			write(conn, bytes...)
		}
	}
}

const testToken = "71,eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJkZXZpY2VfZCJ9.c2ln"

// platform is a small MQTT server: it admits, grants every subscription but those to "no/…", answers s/uat with the token and
// sends back to the device, with the same QoS, what is published to "echo".
func platform(conn *tls.Conn) {
	answerCONNECT(0x20, 2, 0, 0)(conn)
	serveDevice(conn)
}

// serveDevice is platform after CONNACK.
func serveDevice(conn *tls.Conn) {
	for {
		switch p := readPacket(conn).(type) {
		case *packets.SubscribePacket:
			ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			ack.MessageID, ack.ReturnCodes = p.MessageID, p.Qoss
			if len(p.Topics[0]) > 2 && p.Topics[0][:3] == "no/" {
				ack.ReturnCodes = []byte{0x80}
			}
			_ = ack.Write(conn)
		case *packets.PublishPacket:
			acknowledge(conn, p)
			respond(conn, p)
		case *packets.PubrecPacket:
			write(conn, 0x62, 2, byte(p.MessageID>>8), byte(p.MessageID))
		case *packets.PubrelPacket:
			write(conn, 0x70, 2, byte(p.MessageID>>8), byte(p.MessageID))
		case *packets.PingreqPacket:
			write(conn, 0xd0, 0)
		case *packets.DisconnectPacket, nil:
			return
		}
	}
}

func acknowledge(conn io.Writer, p *packets.PublishPacket) {
	switch p.Qos {
	case 1:
		write(conn, 0x40, 2, byte(p.MessageID>>8), byte(p.MessageID))
	case 2:
		write(conn, 0x50, 2, byte(p.MessageID>>8), byte(p.MessageID))
	}
}

func respond(conn io.Writer, p *packets.PublishPacket) {
	answer := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	switch p.TopicName {
	case "s/uat":
		answer.TopicName, answer.Payload = "s/dat", []byte(testToken)
	case "echo":
		answer.TopicName, answer.Payload, answer.Qos, answer.MessageID = "echo", p.Payload, p.Qos, 77
	default:
		return
	}
	_ = answer.Write(conn)
}
