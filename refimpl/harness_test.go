package refimpl_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
)

// bound is how long anything here may take before it counts as hanging.
const bound = time.Minute

// A world is a platform, certificates to try on it, and an HTTP client that trusts it.
type world struct {
	t        *testing.T
	platform *refimpl.Platform
	factory  *certfactory.Factory
	http     *http.Client
	roots    *x509.CertPool
}

func start(t *testing.T, c refimpl.Config) *world {
	t.Helper()
	p, err := refimpl.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, platform: p, roots: x509.NewCertPool(), factory: certfactory.New(certfactory.NewSeed(), time.Now())}
	w.roots.AppendCertsFromPEM(p.CA())
	w.http = &http.Client{Timeout: bound, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.roots}}}
	t.Cleanup(func() {
		w.http.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), bound)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}

// call sends a REST request as a user of a tenant and returns status and body.
func (w *world) call(method, path, tenant, user string, body any) (int, map[string]any) {
	w.t.Helper()
	return w.send(w.request(method, path, tenant, user, body))
}

func (w *world) request(method, path, tenant, user string, body any) *http.Request {
	w.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.platform.Addresses().REST+path, bytes.NewReader(encoded))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if user != "" {
		req.SetBasicAuth(tenant+"/"+user, w.password(tenant, user))
	}
	return req
}

func (w *world) send(req *http.Request) (int, map[string]any) {
	w.t.Helper()
	res, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &out); err != nil {
			w.t.Fatalf("body %q: %v", raw, err)
		}
	}
	return res.StatusCode, out
}

func (w *world) password(tenant, user string) string {
	w.t.Helper()
	for _, t := range w.platform.Tenants() {
		for _, u := range t.Users {
			if t.ID == tenant && u.Name == user {
				return u.Password
			}
		}
	}
	w.t.Fatalf("no user %s/%s", tenant, user)
	return ""
}

// upload makes a certificate a trust anchor of t1 and returns its fingerprint.
func (w *world) upload(c *certfactory.Certificate) string {
	w.t.Helper()
	status, body := w.call("POST", "/tenant/tenants/t1/trusted-certificates", "t1", "admin", map[string]any{
		"status": "ENABLED", "name": "test", "autoRegistrationEnabled": "true", "certInPemFormat": string(certfactory.PEM(der(w.t, c))),
	})
	if status != http.StatusCreated {
		w.t.Fatalf("upload: %d %v", status, body)
	}
	return body["fingerprint"].(string)
}

func der(t *testing.T, c *certfactory.Certificate) []byte {
	t.Helper()
	out, err := c.DER()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func chain(t *testing.T, leaf *certfactory.Certificate) [][]byte {
	t.Helper()
	out, err := certfactory.Chain(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A mqttClient is a bare MQTT connection.
type mqttClient struct {
	t    *testing.T
	conn *tls.Conn
}

// dial opens a TLS connection with a chain, in any version of TLS between the bounds.
func (w *world) dial(certificates [][]byte, key crypto.Signer, version uint16) (*mqttClient, error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), bound)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{
		RootCAs: w.roots, ServerName: "localhost", MinVersion: version, MaxVersion: version,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: certificates, PrivateKey: key}, nil
		},
	}}
	conn, err := dialer.DialContext(ctx, "tcp", w.platform.Addresses().MQTT)
	if err != nil {
		return nil, err
	}
	w.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(bound))
	return &mqttClient{w.t, conn.(*tls.Conn)}, nil
}

// connect sends CONNECT and returns the return code.
func (c *mqttClient) connect(clientID string) (byte, error) {
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion, p.CleanSession, p.ClientIdentifier, p.Keepalive = "MQTT", 4, true, clientID, 60
	if err := p.Write(c.conn); err != nil {
		return 0, err
	}
	answer, err := packets.ReadPacket(c.conn)
	if err != nil {
		return 0, err
	}
	connack, ok := answer.(*packets.ConnackPacket)
	if !ok {
		return 0, fmt.Errorf("answer to CONNECT is %v", answer)
	}
	return connack.ReturnCode, nil
}

func (c *mqttClient) subscribe(topic string, qos byte) byte {
	c.t.Helper()
	p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	p.MessageID, p.Topics, p.Qoss = 1, []string{topic}, []byte{qos}
	c.write(p)
	suback, ok := c.read().(*packets.SubackPacket)
	if !ok || len(suback.ReturnCodes) != 1 {
		c.t.Fatalf("answer to SUBSCRIBE is %v", suback)
	}
	return suback.ReturnCodes[0]
}

func (c *mqttClient) publish(topic string) {
	c.t.Helper()
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName = topic
	c.write(p)
}

func (c *mqttClient) write(p packets.ControlPacket) {
	c.t.Helper()
	if err := p.Write(c.conn); err != nil {
		c.t.Fatal(err)
	}
}

func (c *mqttClient) read() packets.ControlPacket {
	c.t.Helper()
	p, err := packets.ReadPacket(c.conn)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// token asks for a token as the specification says.
func (c *mqttClient) token() string {
	c.t.Helper()
	if code := c.subscribe("s/dat", 0); code != 0 {
		c.t.Fatalf("SUBACK return code %d", code)
	}
	c.publish("s/uat")
	p, ok := c.read().(*packets.PublishPacket)
	if !ok || p.TopicName != "s/dat" || !bytes.HasPrefix(p.Payload, []byte("71,")) {
		c.t.Fatalf("answer to the token request is %v", p)
	}
	return string(p.Payload[3:])
}

// device connects a good device with common name and Client Identifier alike.
func (w *world) device(leaf *certfactory.Certificate) *mqttClient {
	w.t.Helper()
	c, err := w.dial(chain(w.t, leaf), leaf.Signer(), tls.VersionTLS13)
	if err != nil {
		w.t.Fatal(err)
	}
	if code, err := c.connect(leaf.Name()); err != nil || code != 0 {
		w.t.Fatalf("CONNECT of %s: return code %d, %v", leaf.Name(), code, err)
	}
	return c
}

// ended waits until the platform closes the connection.
func (c *mqttClient) ended() {
	c.t.Helper()
	if p, err := packets.ReadPacket(c.conn); err == nil {
		c.t.Fatalf("the session goes on: %v", p)
	}
}
