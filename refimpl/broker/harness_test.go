package broker_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl/broker"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/token"
)

// bound is how long anything here may take before it counts as hanging.
const bound = time.Minute

// A stand is a broker with one tenant, one anchor and the means to connect.
type stand struct {
	t        testing.TB
	broker   *broker.Broker
	registry *registry.Registry
	factory  *certfactory.Factory
	root     *certfactory.Certificate
	anchor   registry.Anchor
	roots    *x509.CertPool
	address  string
	close    func() error
}

// serve starts a broker on a port of its own; edit changes its configuration.
func serve(t testing.TB, edit func(*broker.Config)) *stand {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, listener, edit)
}

func serveOn(t testing.TB, listener net.Listener, edit func(*broker.Config)) *stand {
	t.Helper()
	s := &stand{t: t, factory: certfactory.New(certfactory.NewSeed(), time.Now()), roots: x509.NewCertPool()}
	s.root = s.factory.Root("root")
	s.makeRegistry()
	s.address = listener.Addr().String()
	tokens, err := token.New(token.Config{Host: "localhost", Options: s.registry, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	config := broker.Config{
		Registry: s.registry, Tokens: tokens, Certificate: s.serverCertificate(),
		MaxChainLength: func() int { return 2 }, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	if edit != nil {
		edit(&config)
	}
	s.broker = broker.New(config)
	served := make(chan error, 1)
	go func() { served <- s.broker.Serve(listener) }()
	s.close = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), bound)
		defer cancel()
		return errors.Join(s.broker.Close(ctx), <-served)
	}
	t.Cleanup(func() {
		if s.close == nil {
			return
		}
		if err := s.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func (s *stand) makeRegistry() {
	s.t.Helper()
	var err error
	s.registry, err = registry.New([]registry.TenantConfig{
		{ID: "t1", Users: []registry.UserConfig{{Name: "person", Password: "secret"}}}, {ID: "t2"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.anchor, err = s.registry.AddAnchor(registry.Anchor{
		Tenant: "t1", Certificate: s.parse(s.root), Enabled: true, AutoRegistration: true,
	}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) serverCertificate() tls.Certificate {
	s.t.Helper()
	ca := s.factory.Root("server CA")
	server := s.factory.Device(ca, "localhost", certfactory.With(func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} }))
	s.roots.AddCert(s.parse(ca))
	return tls.Certificate{Certificate: s.chain(server), PrivateKey: server.Signer()}
}

func (s *stand) parse(c *certfactory.Certificate) *x509.Certificate {
	s.t.Helper()
	der, err := c.DER()
	if err != nil {
		s.t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return parsed
}

func (s *stand) chain(leaf *certfactory.Certificate) [][]byte {
	s.t.Helper()
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		s.t.Fatal(err)
	}
	return chain
}

// device returns the certificate of a good device, as TLS wants it.
func (s *stand) device(name string) *tls.Certificate {
	s.t.Helper()
	leaf := s.factory.Device(s.root, name)
	return &tls.Certificate{Certificate: s.chain(leaf), PrivateKey: leaf.Signer()}
}

// A wire is a TLS connection to the broker, seen packet by packet.
type wire struct {
	t testing.TB
	*tls.Conn
}

// dial connects with a certificate, or with none if it is nil.
func (s *stand) dial(certificate *tls.Certificate) *wire {
	s.t.Helper()
	dialer := tls.Dialer{Config: s.client(certificate)}
	conn, err := dialer.DialContext(s.t.Context(), "tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(bound))
	return &wire{s.t, conn.(*tls.Conn)}
}

// client is the TLS configuration of a client.
func (s *stand) client(certificate *tls.Certificate) *tls.Config {
	if certificate == nil {
		certificate = &tls.Certificate{}
	}
	return &tls.Config{RootCAs: s.roots, ServerName: "localhost", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return certificate, nil
	}}
}

// connect connects a good device and expects to be admitted.
func (s *stand) connect(name string) *wire {
	s.t.Helper()
	w := s.dial(s.device(name))
	w.send(connectPacket(name))
	if code := w.connack(); code != 0 {
		s.t.Fatalf("%s: return code %d", name, code)
	}
	return w
}

func connectPacket(clientID string) *packets.ConnectPacket {
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion, p.CleanSession, p.ClientIdentifier, p.Keepalive = "MQTT", 4, true, clientID, 60
	return p
}

func (w *wire) send(p packets.ControlPacket) {
	w.t.Helper()
	if err := p.Write(w.Conn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) raw(data ...byte) {
	w.t.Helper()
	if _, err := w.Write(data); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) receive() packets.ControlPacket {
	w.t.Helper()
	p, err := packets.ReadPacket(w.Conn)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *wire) connack() byte {
	w.t.Helper()
	p, ok := w.receive().(*packets.ConnackPacket)
	if !ok || p.SessionPresent {
		w.t.Fatalf("answer to CONNECT is %v", p)
	}
	return p.ReturnCode
}

// closed expects an orderly end, with nothing before it.
func (w *wire) closed() {
	w.t.Helper()
	n, err := io.Copy(io.Discard, w.Conn)
	if n > 0 || err != nil {
		w.t.Fatalf("%d bytes, then %v; want an orderly end", n, err)
	}
}

// alive expects the session to go on.
func (w *wire) alive() {
	w.t.Helper()
	w.send(packets.NewControlPacket(packets.Pingreq))
	if p, ok := w.receive().(*packets.PingrespPacket); !ok {
		w.t.Fatalf("answer to PINGREQ is %v", p)
	}
}

func (w *wire) subscribe(topics map[string]byte) map[string]byte {
	w.t.Helper()
	p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	p.MessageID = 7
	for topic, qos := range topics {
		p.Topics, p.Qoss = append(p.Topics, topic), append(p.Qoss, qos)
	}
	w.send(p)
	suback, ok := w.receive().(*packets.SubackPacket)
	if !ok || suback.MessageID != 7 || len(suback.ReturnCodes) != len(p.Topics) {
		w.t.Fatalf("answer to SUBSCRIBE is %v", suback)
	}
	out := map[string]byte{}
	for i, topic := range p.Topics {
		out[topic] = suback.ReturnCodes[i]
	}
	return out
}

func publishPacket(topic string, qos byte, id uint16) *packets.PublishPacket {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Qos, p.MessageID = topic, qos, id
	return p
}
