// Package stock_test holds a second platform that conforms for the families chain
// and identity, and the specs to account with it: where the two differ, one of them
// is wrong, or the specification leaves it open and [differences] says so.
//
// The platform is as a vendor would build it from stock parts: crypto/tls,
// x509.Certificate.Verify and mochi-mqtt, with the rules of the specification as
// hooks. It shares no code with the reference platform, so that what the specs
// find true of both is no habit of one.
package stock_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A manner is how the platform refuses a chain. All conform: the specification
// asks for a refusal and leaves its form open.
type manner string

const (
	byAlert     manner = "alert"      // in the handshake
	byLateAlert manner = "late alert" // in the handshake, after a device over TLS 1.3 has sent its CONNECT
	byConnack   manner = "connack"    // with a return code
	byClose     manner = "close"      // without a word, after CONNECT
	byReset     manner = "reset"      // the same with a TCP reset
)

// lateness is how long byLateAlert thinks: longer than a device waits before it
// sends CONNECT.
const lateness = 60 * time.Millisecond

// A platform is the second platform. It is a driver of its own trust anchors and
// serves the management interface.
type platform struct {
	manner manner

	mu        sync.Mutex // guards what is below
	maxLength int
	anchors   map[string]bool // DER of what is trusted
}

// start runs a platform until the end of the test and returns it as a target.
func start(t *testing.T, m manner) *target.Target {
	t.Helper()
	p := &platform{manner: m, maxLength: 2, anchors: make(map[string]bool)}
	server, roots := serverCertificate(t)
	listener := listeners.NewTCP(listeners.Config{ID: "mqtts", Address: "127.0.0.1:0", TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{server}, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAnyClientCert, VerifyConnection: p.verify,
	}})
	broker := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
	for _, err := range []error{broker.AddListener(listener), broker.AddHook(&gate{platform: p}, nil), broker.Serve()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	management := httptest.NewServer(http.HandlerFunc(p.settings))
	t.Cleanup(func() {
		management.Close()
		_ = broker.Close()
		broker.Listeners.ClientsWg.Wait()
	})
	base, err := url.Parse(management.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &target.Target{
		Name: "second platform, refuses by " + string(m), Driver: p,
		MQTT: target.MQTT{
			Address: listener.Address(), ServerName: "localhost", RootCAs: roots,
			Versions: []uint16{tls.VersionTLS12, tls.VersionTLS13},
		},
		Management:   target.NewManagement(base, 10*time.Second),
		Capabilities: []target.Capability{target.MaxChainLengthSetting},
		Policy:       target.Policy{ClientID: target.ClientIDCommonName, MaxChainLength: 2},
		Timing:       target.Timing{Connect: 10 * time.Second, Response: 10 * time.Second, Convergence: 5 * time.Second},
	}
}

// verify judges a chain in the handshake, in the manners that do.
func (p *platform) verify(state tls.ConnectionState) error {
	if p.manner != byAlert && p.manner != byLateAlert {
		return nil
	}
	err := p.judge(state.PeerCertificates)
	if err != nil && p.manner == byLateAlert {
		time.Sleep(lateness)
	}
	return err
}

// judge judges a chain by the settings of the moment.
func (p *platform) judge(presented []*x509.Certificate) error {
	p.mu.Lock()
	r := rules{maxLength: p.maxLength, trusted: func(c *x509.Certificate) bool { return p.anchors[string(c.Raw)] }}
	defer p.mu.Unlock()
	return r.check(presented, time.Now())
}

func (*platform) Name() string { return "second platform" }

// Add takes certificates of the form that the specification asks of an upload
// (General requirements); there is one tenant, and no status.
func (p *platform) Add(_ context.Context, anchors []certfactory.Anchor) ([]target.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	answers := make([]target.Answer, len(anchors))
	for i, a := range anchors {
		c, err := x509.ParseCertificate(a.DER)
		switch {
		case a.Tenant > 0 || a.Disabled:
			answers[i].Detail = "there is one tenant, and trust anchors have no status"
		case err != nil:
			answers[i].Detail = "not a certificate: " + err.Error()
		case c.Version != 3 || !c.BasicConstraintsValid || !c.IsCA:
			answers[i].Detail = "not a certificate of version 3 with CA:true"
		default:
			p.anchors[string(c.Raw)], answers[i].Accepted = true, true
		}
	}
	return answers, nil
}

func (p *platform) Remove(_ context.Context, anchors []certfactory.Anchor) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range anchors {
		delete(p.anchors, string(a.DER))
	}
	return nil
}

// settings answers GET and PUT of the maximum chain length.
func (p *platform) settings(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	settings := struct {
		MaxChainLength int `json:"maxChainLength"`
	}{p.maxLength}
	if r.Method == http.MethodPut {
		if err := json.NewDecoder(r.Body).Decode(&settings); err != nil || settings.MaxChainLength < 1 {
			http.Error(w, "no maximum chain length", http.StatusBadRequest)
			return
		}
		p.maxLength = settings.MaxChainLength
	}
	_ = json.NewEncoder(w).Encode(settings) // a client that has gone needs no answer
}

// serverCertificate makes what the platform shows to devices, and the trust
// store that they need.
func serverCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	f := certfactory.New(certfactory.NewSeed(), time.Now())
	leaf := f.Device(f.Root("server CA"), "localhost", certfactory.With(func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} }))
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certfactory.PEM(chain[1]))
	return tls.Certificate{Certificate: chain, PrivateKey: leaf.Signer()}, roots
}
