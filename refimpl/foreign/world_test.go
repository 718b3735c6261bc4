package foreign_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/reubenmiller/go-c8y/pkg/c8y"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
)

// bound is how long anything here may take before it counts as hanging.
const bound = time.Minute

// A world is a platform, certificates to try on it, and HTTP that trusts it.
type world struct {
	t        *testing.T
	platform *refimpl.Platform
	factory  *certfactory.Factory
	roots    *x509.CertPool
	http     *http.Client
}

func start(t *testing.T) *world {
	t.Helper()
	p, err := refimpl.New(refimpl.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, platform: p, roots: x509.NewCertPool(), factory: certfactory.New(certfactory.NewSeed(), time.Now())}
	w.roots.AppendCertsFromPEM(p.CA())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.roots}}
	w.http = &http.Client{Timeout: bound, Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), bound)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}

// client returns go-c8y for a user of t1.
func (w *world) client(user string) *c8y.Client {
	w.t.Helper()
	for _, u := range w.platform.Tenants()[0].Users {
		if u.Name == user {
			return c8y.NewClient(w.http, w.platform.Addresses().REST, "t1", user, u.Password, true)
		}
	}
	w.t.Fatalf("no user %q", user)
	return nil
}

// upload makes a certificate a trust anchor with go-c8y.
func (w *world) upload(c *certfactory.Certificate) *c8y.Certificate {
	w.t.Helper()
	added, res, err := w.client("admin").DeviceCertificate.Create(w.t.Context(), "", c8y.Certificate{
		Name: c.Name(), Status: "ENABLED", AutoRegistrationEnabled: true, CertInPemFormat: w.pem(c),
	})
	w.answered("upload", res, err, http.StatusCreated)
	return added
}

func (w *world) pem(c *certfactory.Certificate) string {
	w.t.Helper()
	der, err := c.DER()
	if err != nil {
		w.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// answered holds an answer, as go-c8y reports it, against the status that it should have.
// What is refused must come as an error that go-c8y could read.
func (w *world) answered(what string, res *c8y.Response, err error, want int) {
	w.t.Helper()
	if res == nil || res.StatusCode() != want {
		w.t.Fatalf("%s: %v, %v; want status %d", what, res, err, want)
	}
	if want < http.StatusBadRequest {
		if err != nil {
			w.t.Fatalf("%s: %v", what, err)
		}
		return
	}
	problem, ok := err.(*c8y.ErrorResponse)
	if !ok || !strings.Contains(problem.ErrorType, "/") || problem.Message == "" || problem.Info == "" {
		w.t.Errorf("%s: go-c8y reads the error as %#v", what, err)
	}
}

// device returns Paho with a device's certificate, not connected yet.
func (w *world) device(leaf *certfactory.Certificate) mqtt.Client {
	w.t.Helper()
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		w.t.Fatal(err)
	}
	return mqtt.NewClient(mqtt.NewClientOptions().AddBroker("ssl://" + w.platform.Addresses().MQTT).
		SetClientID(leaf.Name()).SetProtocolVersion(4).SetAutoReconnect(false).SetConnectTimeout(bound).
		SetTLSConfig(&tls.Config{
			RootCAs: w.roots, ServerName: "localhost",
			Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: leaf.Signer()}},
		}))
}

// connects reports whether a device is admitted, and hangs up.
func (w *world) connects(leaf *certfactory.Certificate) bool {
	w.t.Helper()
	client := w.device(leaf)
	if w.done("connect", client.Connect()) != nil {
		return false
	}
	client.Disconnect(0)
	return true
}

// done waits for what Paho calls a token.
func (w *world) done(what string, token mqtt.Token) error {
	w.t.Helper()
	if !token.WaitTimeout(bound) {
		w.t.Fatalf("%s: no answer", what)
	}
	return token.Error()
}
