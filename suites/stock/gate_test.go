package stock_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode"
	"unicode/utf8"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// A gate is the hook by which the broker lets devices in.
type gate struct {
	mqtt.HookBase
	platform *platform
}

func (*gate) ID() string { return "certificate" }

func (g *gate) Provides(b byte) bool {
	return b == mqtt.OnConnect || b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}

// OnConnect ends a connection without CONNACK by returning an error.
func (g *gate) OnConnect(client *mqtt.Client, packet packets.Packet) error {
	if g.platform.manner != byClose && g.platform.manner != byReset {
		return nil
	}
	err := g.admit(client, packet)
	if conn, ok := client.Net.Conn.(*tls.Conn); ok && err != nil && g.platform.manner == byReset {
		_ = conn.NetConn().(*net.TCPConn).SetLinger(0)
	}
	return err
}

// OnConnectAuthenticate has the broker answer "not authorized" by returning false.
func (g *gate) OnConnectAuthenticate(client *mqtt.Client, packet packets.Packet) bool {
	return g.admit(client, packet) == nil
}

func (*gate) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// admit judges who the device is, and its chain unless the handshake has done so.
func (g *gate) admit(client *mqtt.Client, packet packets.Packet) error {
	conn, ok := client.Net.Conn.(*tls.Conn)
	if !ok {
		return errors.New("not over TLS")
	}
	presented := conn.ConnectionState().PeerCertificates
	if g.platform.manner != byAlert && g.platform.manner != byLateAlert {
		if err := g.platform.judge(presented); err != nil {
			return err
		}
	}
	name, err := commonName(presented[0])
	if err != nil {
		return err
	}
	return match(packet.Connect.ClientIdentifier, name)
}

// commonName returns the one common name of a device, of a form that can name a
// device (DC-ID-05, DC-ID-06).
func commonName(c *x509.Certificate) (string, error) {
	var names []string
	for _, attribute := range c.Subject.Names {
		if attribute.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 3}) {
			names = append(names, fmt.Sprint(attribute.Value))
		}
	}
	if len(names) != 1 {
		return "", fmt.Errorf("%d common names, want one", len(names))
	}
	name := names[0]
	switch {
	case strings.TrimSpace(name) == "":
		return "", errors.New("the common name is blank")
	case utf8.RuneCountInString(name) > 64: // X.520 ub-common-name
		return "", errors.New("the common name is too long")
	case strings.ContainsAny(name, ":+#/"): // DC-ID-05; MQTT-4.7.1 keeps the others for topics
		return "", errors.New("the common name holds a character with a meaning of its own")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }):
		return "", errors.New("the common name holds what nobody can see")
	}
	return name, nil
}

// match compares the Client Identifier with the common name (DC-ID-03, DC-ID-04).
func match(clientID, name string) error {
	if clientID == name || clientID == "d:"+name || strings.HasPrefix(clientID, "d:"+name+":") {
		return nil
	}
	return errors.New("the Client Identifier is not the common name")
}
