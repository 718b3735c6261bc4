package chain

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// nothingUploaded is the spec that a platform with no trust anchor at all trusts
// nobody. The run takes its own away for it.
func nothingUploaded() suites.Spec {
	return suites.Spec{
		ID: family + "/nothing-uploaded", Title: "a device connects while no tenant has a trust anchor", Expected: "the device is refused",
		Clauses: []string{"DC-CHAIN-14", "DC-TRUST-01"}, Level: clause.Must, Needs: []target.Capability{target.TrustedCertificates},
		Run: func(ctx context.Context, e *suites.Env) {
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			if !e.EmptyStore(ctx) {
				e.NotApplicable("the platform has trust anchors that the run did not make")
			}
			root, _ := e.OwnAnchor("nobody")
			e.Refuse(ctx, e.DeviceOf(root, "case"), e.GoodDevice("after"))
		},
	}
}

// becomesValid is the spec that a chain is judged by the moment at which it is
// presented, each time anew.
func becomesValid() suites.Spec {
	return suites.Spec{
		ID: family + "/clock-not-yet-then-valid", Title: "a device connects before its certificate begins, and again after", Expected: "the device is refused, then admitted",
		Clauses: []string{"DC-CHAIN-12"}, Level: clause.Must, OverTLS: true, Needs: []target.Capability{target.Clock},
		Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			p := e.DeviceOf(e.Bench("case").Root(), "case", between(10*time.Minute, 24*time.Hour))
			Expect(e.Try(ctx, reports.RoleCase, p)).To(expect.BeRefused())
			e.Forward(ctx, time.Hour)
			Expect(e.Try(ctx, "later", p)).To(expect.BeAdmitted())
		},
	}
}

// expiredKnownDevice is the spec that a device which has been admitted once is
// judged as any other when it comes back.
func expiredKnownDevice() suites.Spec {
	return suites.Spec{
		ID: family + "/expired-known-device", Title: "a device that was admitted before comes back with an expired certificate", Expected: "the device is refused",
		Clauses: []string{"DC-CHAIN-12", "DC-CHAIN-07"}, Level: clause.Must, OverTLS: true, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			root, good := e.Bench("case").Root(), e.GoodDevice("case")
			e.Control(ctx, reports.RoleControlBefore, good)
			expired := e.DeviceNamed(root, good.ClientID, certfactory.Label("expired"), between(-30*24*time.Hour, -time.Hour))
			e.Refuse(ctx, expired, good)
		},
	}
}

// crowd is how many devices are a crowd.
const crowd = 24

// expiredInACrowd is the spec that a platform judges as well when it has more to
// do than the one device of most other specs.
func expiredInACrowd() suites.Spec {
	return suites.Spec{
		ID: family + "/expired-in-a-crowd", Title: fmt.Sprintf("%d devices are connected when one with an expired certificate comes", crowd), Expected: "the device is refused",
		Clauses: []string{"DC-CHAIN-12"}, Level: clause.Must, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			for i := range crowd {
				e.Connect(ctx, e.GoodDevice(fmt.Sprintf("crowd %d", i)))
			}
			e.Refuse(ctx, e.Build("expired-leaf", "case"), e.GoodDevice("after"))
		},
	}
}

// between sets the validity period, reckoned from now.
func between(from, to time.Duration) certfactory.Option {
	return certfactory.With(func(t *x509.Certificate) {
		now := t.NotBefore.Add(time.Hour) // the factory begins every validity period an hour before its moment
		t.NotBefore, t.NotAfter = now.Add(from), now.Add(to)
	})
}

// goodAnchors is what a good device needs.
func goodAnchors(e *suites.Env) ([]certfactory.Anchor, error) {
	return e.GoodDevice("case").Anchors, nil
}
