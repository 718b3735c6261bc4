package transport

import (
	"context"
	"crypto/tls"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// webSocketPath is where the platform speaks MQTT over WebSocket, if it does.
const webSocketPath = "/mqtt"

// webSocket is the spec that a certificate admits nobody over WebSocket. A
// platform without such an endpoint complies.
func webSocket() suites.Spec {
	return suites.Spec{
		ID: family + "/websocket-certificate", Title: "a good device connects over MQTT over WebSocket, with its certificate and no password",
		Expected: "the device is not admitted",
		Clauses:  []string{"DC-TLS-03"}, Level: clause.Must, Beside: suites.Connecting, Anchors: goodAnchors, Needs: []target.Capability{target.TrustedCertificates},
		Run: func(ctx context.Context, e *suites.Env) {
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			admitted := connectOverWebSocket(ctx, e, e.GoodDevice("case"))
			if !admitted {
				e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
			}
			Expect(admitted).To(expect.Find(false, "a device admitted by certificate over WebSocket"))
		},
	}
}

// connectOverWebSocket tries the REST interface's host. Silence leaves the spec
// inconclusive.
func connectOverWebSocket(ctx context.Context, e *suites.Env, p certfactory.Presentation) bool {
	certificate := tls.Certificate{Certificate: p.Chain, PrivateKey: p.Key}
	options := mqtt.NewClientOptions().
		AddBroker("wss://" + e.Target.REST.BaseURL.Host + webSocketPath).
		SetClientID(p.ClientID).SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false).
		SetConnectTimeout(e.Target.Timing.Response).
		SetTLSConfig(&tls.Config{
			RootCAs: e.Target.MQTT.RootCAs, MinVersion: tls.VersionTLS12,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil },
		})
	client := mqtt.NewClient(options)
	e.Pace(ctx)
	started := time.Now()
	connecting := client.Connect()
	evidence := reports.Evidence{Role: reports.RoleCase, Detail: "admitted over WebSocket", Layer: reports.LayerAdmitted}
	select {
	case <-connecting.Done():
	case <-ctx.Done():
		e.Inconclusive("interrupted")
	}
	if err := connecting.Error(); err != nil {
		evidence.Layer, evidence.Detail = reports.LayerMQTTClose, "over WebSocket: "+err.Error()
		evidence.TimedOut = time.Since(started) >= e.Target.Timing.Response
	} else {
		e.Made(p.ClientID)
		client.Disconnect(0)
	}
	e.Record(evidence)
	e.Observe("%s", evidence.Detail)
	if evidence.TimedOut {
		e.Silent("no answer over WebSocket within %v", e.Target.Timing.Response)
	}
	return evidence.Layer == reports.LayerAdmitted
}
