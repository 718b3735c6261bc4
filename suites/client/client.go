// Package client holds the specs of the family client: an MQTT client that we did
// not write, given a key store and a trust store, logs in and works.
package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
)

// Specs returns the specs of the family: one for each format of the stores, and
// what a ready client does not show.
func Specs() []suites.Spec {
	return []suites.Spec{paho("paho-pkcs12", store.PKCS12), paho("paho-jks", store.JKS), pahoLaterAnchor(), disconnect()}
}

// password protects stores that live as long as a spec.
const password = store.Password("a password of a test")

// paho is the spec that the Paho client, with stores written and read back in
// one format, logs in as "d:" and its common name, subscribes, publishes and
// disconnects.
func paho(slug string, format store.Format) suites.Spec {
	return suites.Spec{
		ID: "client/" + slug, Title: "Eclipse Paho connects with a key store and a trust store in " + format.String(),
		Expected: "connect, subscribe, publish and disconnect work",
		Clauses:  []string{"DC-CLIENT-01", "DC-CLIENT-02"}, Level: clause.Must,
		Anchors: func(e *suites.Env) ([]certfactory.Anchor, error) { return e.GoodDevice("case").Anchors, nil },
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			e.Trust(ctx, p.Anchors...)
			works(ctx, e, p, format)
		},
	}
}

// pahoLaterAnchor is the spec that the trust anchors which are uploaded while the
// platform runs are no worse than those before. A client of its own accord sends
// no certificate whose CA the server does not name (RFC 5246 §7.4.6, RFC 8446
// §4.4.2.3), and our own devices do.
func pahoLaterAnchor() suites.Spec {
	return suites.Spec{
		ID: "client/paho-later-anchor", Title: "Eclipse Paho connects under a trust anchor that was uploaded after devices of another had connected",
		Expected: "connect, subscribe, publish and disconnect work",
		Clauses:  []string{"DC-CLIENT-01", "DC-TRUST-01"}, Level: clause.Must,
		Run: func(ctx context.Context, e *suites.Env) {
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			root, anchor := e.OwnAnchor("anchor")
			e.Trust(ctx, anchor)
			works(ctx, e, e.DeviceOf(root, "case"), store.PKCS12)
		},
	}
}

// works judges how a Paho client with that device's stores gets on.
func works(ctx context.Context, e *suites.Env, p certfactory.Presentation, format store.Format) {
	config := stores(e, p, format)
	e.Made(p.ClientID)
	done, problem := work(ctx, e, config, "d:"+p.ClientID)
	e.Record(reports.Evidence{Role: reports.RoleCase, Detail: done})
	e.Observe("%s", done)
	Expect(problem).To(expect.Bring("a Paho client to connect, subscribe, publish and disconnect"))
}

// stores writes both stores, reads them back and returns what they hold.
func stores(e *suites.Env, p certfactory.Presentation, format store.Format) *tls.Config {
	if e.Target.MQTT.CAFile == "" {
		e.NotApplicable("the target file names no mqtt.caFile to make a trust store of")
	}
	dir, err := os.MkdirTemp("", "chainmail-stores-")
	if err != nil {
		e.Fault(err)
	}
	e.Cleanup(func() { _ = os.RemoveAll(dir) })
	authority := readPEM(e, e.Target.MQTT.CAFile)
	key := reopen(e, filepath.Join(dir, "keystore"), format, store.Entry{Alias: store.DeviceAlias, Key: p.Key, Chain: p.Chain})
	trust := reopen(e, filepath.Join(dir, "truststore"), format, store.Entry{Alias: store.ServerAlias, Chain: [][]byte{authority}, Trusted: true})
	device, err := key.Device()
	if err != nil {
		e.Fault(err)
	}
	roots, err := trust.Pool()
	if err != nil {
		e.Fault(err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{device.TLS()}, RootCAs: roots, ServerName: e.Target.MQTT.ServerName, MinVersion: tls.VersionTLS12,
	}
}

// readPEM reads the first certificate of a PEM file.
func readPEM(e *suites.Env, file string) []byte {
	data, err := os.ReadFile(file)
	if err != nil {
		e.Fault(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		e.NotApplicable("%s holds no certificate in PEM", file)
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		e.Fault(err)
	}
	return block.Bytes
}

// reopen writes a store of one entry to a file and reads it back.
func reopen(e *suites.Env, file string, format store.Format, entry store.Entry) *store.Store {
	data, err := store.Encode([]store.Entry{entry}, store.Config{Format: format, Password: password})
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err == nil {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		e.Fault(err)
	}
	s, err := store.Open(data, password)
	if err != nil {
		e.Fault(err)
	}
	return s
}

// refusedSubscription reports what Paho does not call an error: a return code of
// SUBACK that says failure (MQTT-3.9.3-2).
func refusedSubscription(t mqtt.Token) bool {
	subscription, ok := t.(*mqtt.SubscribeToken)
	if !ok {
		return false
	}
	for _, code := range subscription.Result() {
		if code == failure {
			return true
		}
	}
	return false
}

// failure is the return code of SUBACK for a subscription that is not granted.
const failure = 0x80

// work plays the client and returns what it did and, in words, what went wrong.
func work(ctx context.Context, e *suites.Env, config *tls.Config, clientID string) (done, problem string) {
	client := mqtt.NewClient(mqtt.NewClientOptions().
		AddBroker("ssl://" + e.Target.MQTT.Address).SetClientID(clientID).SetTLSConfig(config).SetProtocolVersion(4).
		SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(e.Target.Timing.Response))
	steps := []struct {
		name string
		take func() mqtt.Token
	}{
		{"connected", client.Connect},
		{"subscribed to s/dat", func() mqtt.Token { return client.Subscribe("s/dat", 0, func(mqtt.Client, mqtt.Message) {}) }},
		{"published to s/uat", func() mqtt.Token { return client.Publish("s/uat", 1, false, "") }},
	}
	defer client.Disconnect(0)
	for _, step := range steps {
		token := step.take()
		select {
		case <-token.Done():
		case <-time.After(e.Target.Timing.Response):
			return done, "not " + step.name + ": no answer came"
		case <-ctx.Done():
			e.Inconclusive("interrupted")
		}
		if err := token.Error(); err != nil {
			return done, "not " + step.name + ": " + err.Error()
		}
		if refusedSubscription(token) {
			return done, "not " + step.name + ": SUBACK says that the subscription failed"
		}
		if done != "" {
			done += ", "
		}
		done += step.name
	}
	return done + ", disconnected", ""
}
