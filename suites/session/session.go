// Package session holds the specs of the family session: what becomes of a device
// that is connected while something happens.
package session

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// family is the first part of every id here.
const family = "session"

// Specs returns the specs of the family.
func Specs() []suites.Spec {
	return []suites.Spec{
		takeOver(), keepAliveRunsOut(),
		anchorGone("anchor-deleted-live-session", "DC-TRUST-08", "the trust anchor of a connected device is deleted",
			func(ctx context.Context, e *suites.Env, a certfactory.Anchor) { e.DeleteAnchor(ctx, a) }),
		anchorGone("anchor-disabled-live-session", "DC-TRUST-07", "the trust anchor of a connected device is disabled",
			func(ctx context.Context, e *suites.Env, a certfactory.Anchor) {
				e.ChangeAnchor(ctx, a, target.AnchorChange{Enabled: new(false)})
			}),
	}
}

// takeOver is the spec that a device which comes back before the platform has
// noticed that it was gone is served: MQTT-3.1.4-2 has the platform end the older
// of two connections with one Client Identifier.
func takeOver() suites.Spec {
	return suites.Spec{
		ID: family + "/take-over", Title: "a device connects while a connection of its own still stands", Expected: "the new connection serves it and the old one is ended",
		Clauses: []string{"DC-CLIENT-02"}, Level: clause.Should, OverTLS: true, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			old := e.Connect(ctx, p)
			if old.Ping(ctx) != nil {
				e.Inconclusive("the connection ended before anything was done")
			}
			young := e.Connect(ctx, p)
			ended := awaitEnd(ctx, e, old, e.Target.Timing.Response)
			serves := young.Ping(ctx) == nil
			e.Observe("%s; the new connection serves: %t", words("the old connection", old, ended), serves)
			e.Record(reports.Evidence{Role: reports.RoleCase, Layer: reports.LayerAdmitted, Detail: words("the old connection", old, ended)})
			Expect(serves).To(expect.Find(true, "an answer on the new connection"))
			hasEnded := ended != 0
			Expect(hasEnded).To(expect.Find(true, "an end of the old connection"))
		},
	}
}

// keepAlive is what the device of keepAliveRunsOut announces and does not keep.
const keepAlive = time.Second

// keepAliveRunsOut is the spec that a device which has gone silent is noticed:
// MQTT-3.1.2-24 has the platform end the connection after one and a half times the
// Keep Alive.
func keepAliveRunsOut() suites.Spec {
	return suites.Spec{
		ID: family + "/keep-alive-runs-out", Title: "a device announces a Keep Alive of one second and sends nothing more", Expected: "the platform ends the connection",
		Clauses: []string{"DC-CLIENT-02"}, Level: clause.Should, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			config := e.Device(p)
			config.KeepAlive, config.MQTT.Mute = keepAlive, true
			e.Trust(ctx, p.Anchors...)
			d := e.ConnectAs(ctx, config)
			ended := awaitEnd(ctx, e, d, 3*keepAlive/2+e.Target.Timing.Convergence)
			e.Observe("%s", words("the connection", d, ended))
			e.Record(reports.Evidence{Role: reports.RoleCase, Layer: reports.LayerAdmitted, Detail: words("the connection", d, ended)})
			hasEnded := ended != 0
			Expect(hasEnded).To(expect.Find(true, "an end of the connection"))
		},
	}
}

// anchorGone is the spec that records what becomes of a connection when its trust
// anchor counts no more: the specification speaks of devices that connect then.
// That none does is tried all the same.
func anchorGone(slug, id, title string, happens func(context.Context, *suites.Env, certfactory.Anchor)) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "either: how long the connection lives is recorded",
		Clauses: []string{id}, Level: clause.May, Needs: []target.Capability{target.TrustedCertificates},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			e.Trust(ctx, anchor)
			d := e.Connect(ctx, e.DeviceOf(root, "case"))
			happens(ctx, e, anchor)
			ended := awaitEnd(ctx, e, d, e.Target.Timing.Convergence/5)
			e.Observe("%s", words("the connection", d, ended))
			e.Record(reports.Evidence{Role: reports.RoleCase, Layer: reports.LayerAdmitted, Detail: words("the connection", d, ended)})
			e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
		},
	}
}

// awaitEnd waits for the platform to end a connection and returns how long that
// took; 0 where it did not within the bound.
func awaitEnd(ctx context.Context, e *suites.Env, d *device.Device, bound time.Duration) time.Duration {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	e.Await(ctx, d.Closed())
	select {
	case <-d.Closed():
		return max(time.Since(started), 1)
	default:
		return 0
	}
}

// words says what became of a connection.
func words(which string, d *device.Device, ended time.Duration) string {
	if ended == 0 {
		return which + " lives on"
	}
	return fmt.Sprintf("%s was ended after %v: %s", which, ended.Round(time.Millisecond), d.End().Detail)
}

// goodAnchors is what a good device needs.
func goodAnchors(e *suites.Env) ([]certfactory.Anchor, error) {
	return e.GoodDevice("case").Anchors, nil
}
