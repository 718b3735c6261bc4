// Package trust holds the specs of the family trust: whose devices a tenant
// admits, and from when to when.
package trust

import (
	"context"
	"fmt"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// family is the first part of every id here.
const family = "trust"

// Specs returns the specs of the family.
func Specs() []suites.Spec {
	specs := []suites.Spec{
		changed("anchor-disabled", "DC-TRUST-07", "a trust anchor is disabled, then a device connects", disable, target.AnchorChanges),
		changed("anchor-deleted", "DC-TRUST-08", "a trust anchor is deleted, then a device connects", remove),
		knownChanged("anchor-disabled-known-device", "DC-TRUST-07", "a device connects, its trust anchor is disabled, and it connects again", disable, target.AnchorChanges),
		knownChanged("anchor-deleted-known-device", "DC-TRUST-08", "a device connects, its trust anchor is deleted, and it connects again", remove),
		midway("anchor-disabled-before-connect", "DC-TRUST-07", "a device's trust anchor is disabled between its handshake and its CONNECT", disable, target.AnchorChanges),
		midway("anchor-deleted-before-connect", "DC-TRUST-08", "a device's trust anchor is deleted between its handshake and its CONNECT", remove),
		uploadedDisabled(),
		restored("anchor-reenabled", "DC-TRUST-07", "a trust anchor is disabled and enabled again, then a device connects", disable, enable, target.AnchorChanges),
		restored("anchor-deleted-reuploaded", "DC-TRUST-08", "a trust anchor is deleted and uploaded again, then a device connects", remove, upload),
		otherTenant(), otherTenantKnownDevice(), sameNameTwoTenants(),
	}
	for _, s := range suites.FromCases(family, "tenancy") {
		s.Needs = []target.Capability{target.SecondTenant}
		specs = append(specs, s)
	}
	return specs
}

// A change of a trust anchor.
type change func(context.Context, *suites.Env, certfactory.Anchor)

func disable(ctx context.Context, e *suites.Env, a certfactory.Anchor) {
	e.ChangeAnchor(ctx, a, target.AnchorChange{Enabled: new(false)})
}

func enable(ctx context.Context, e *suites.Env, a certfactory.Anchor) {
	e.ChangeAnchor(ctx, a, target.AnchorChange{Enabled: new(true)})
}

func remove(ctx context.Context, e *suites.Env, a certfactory.Anchor) { e.DeleteAnchor(ctx, a) }

func upload(ctx context.Context, e *suites.Env, a certfactory.Anchor) {
	e.Trust(ctx, a)
}

// changed is the spec that a change takes the trust away. Before it, a device
// under the very anchor is admitted; after it, one under another.
func changed(slug, id, title string, c change, needs ...target.Capability) suites.Spec {
	return refusedAfter(slug, id, title, c, needs, func(e *suites.Env, root *certfactory.Certificate, _ certfactory.Presentation) certfactory.Presentation {
		return e.DeviceOf(root, "case")
	})
}

// knownChanged is changed for a device that the platform knows already.
func knownChanged(slug, id, title string, c change, needs ...target.Capability) suites.Spec {
	return refusedAfter(slug, id, title, c, needs, func(_ *suites.Env, _ *certfactory.Certificate, known certfactory.Presentation) certfactory.Presentation {
		return known
	})
}

// refusedAfter is the spec that a device is refused after a change: the one that
// next gives, under the trust anchor that admitted another before.
func refusedAfter(slug, id, title string, c change, needs []target.Capability, next func(*suites.Env, *certfactory.Certificate, certfactory.Presentation) certfactory.Presentation) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "the device is refused",
		Clauses: []string{id, "DC-TRUST-01"}, Level: clause.Must, OverTLS: true, Needs: needs,
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			e.Trust(ctx, anchor)
			before := e.DeviceOf(root, "before")
			e.Control(ctx, reports.RoleControlBefore, before)
			c(ctx, e, anchor)
			outcome := e.Try(ctx, reports.RoleCase, next(e, root, before))
			if outcome.Refused() {
				e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
			}
			Expect(outcome).To(expect.BeRefused())
		},
	}
}

// midway is the spec that the trust counts which there is at CONNECT, where a
// device is admitted, and not that of the handshake before; for a device that the
// platform knows, which is refused for nothing else. The specification does not
// name the moment, so that a broken one is a warning.
func midway(slug, id, title string, c change, needs ...target.Capability) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "the device is refused",
		Clauses: []string{id}, Level: clause.Should, Needs: needs,
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			e.Trust(ctx, anchor)
			p := e.DeviceOf(root, "case")
			e.Control(ctx, reports.RoleControlBefore, p)
			config, shaken := e.Device(p), false
			config.BeforeConnect = func(ctx context.Context) { shaken = true; c(ctx, e, anchor) }
			outcome := e.Attempt(ctx, reports.RoleCase, config)
			if !shaken {
				e.Inconclusive("the device was refused before its trust anchor was touched")
			}
			if outcome.Refused() {
				e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
			}
			Expect(outcome).To(expect.BeRefused())
		},
	}
}

// restored is the spec that one change takes the trust away and a second one
// gives it back.
func restored(slug, id, title string, away, back change, needs ...target.Capability) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "the device is admitted",
		Clauses: []string{id, "DC-TRUST-01"}, Level: clause.Must, OverTLS: true, Needs: needs,
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			e.Trust(ctx, anchor)
			away(ctx, e, anchor)
			back(ctx, e, anchor)
			e.Admit(ctx, e.DeviceOf(root, "case"))
		},
	}
}

// uploadedDisabled is the spec that the status of the upload counts.
func uploadedDisabled() suites.Spec {
	return suites.Spec{
		ID: family + "/anchor-uploaded-disabled", Title: "a trust anchor is uploaded with the status DISABLED, and a device connects", Expected: "the device is refused",
		Clauses: []string{"DC-TRUST-07", "DC-REST-01"}, Level: clause.Must, Needs: []target.Capability{target.AnchorChanges},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			anchor.Disabled = true
			e.Trust(ctx, anchor)
			outcome := e.Try(ctx, reports.RoleCase, e.DeviceOf(root, "case"))
			if outcome.Refused() { // for its status alone
				enable(ctx, e, anchor)
				e.Control(ctx, reports.RoleControlAfter, e.DeviceOf(root, "after"))
			}
			Expect(outcome).To(expect.BeRefused())
		},
	}
}

// otherTenant is the spec that a trust anchor of the second tenant makes its
// devices the second tenant's and nobody else's.
func otherTenant() suites.Spec {
	return suites.Spec{
		ID: family + "/anchor-other-tenant", Title: "a device connects under a trust anchor of the second tenant",
		Expected: "the device belongs to the second tenant and not to the first",
		Clauses:  []string{"DC-TRUST-02", "DC-TRUST-01", "DC-ID-02"}, Level: clause.Must,
		Needs: []target.Capability{target.DeviceUsers, target.SecondTenant},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			anchor.Tenant = 1
			e.Trust(ctx, anchor)
			p := e.DeviceOf(root, "case")
			e.Admit(ctx, p)
			for number, wanted := range []bool{false, true} {
				exists, known := e.UserExistsIn(ctx, number, p.ClientID)
				if !known {
					e.Inconclusive("tenant %d does not say whether it has the device user", number+1)
				}
				Expect(exists).To(expect.Find(wanted, fmt.Sprintf("the device user in tenant %d", number+1)))
			}
		},
	}
}
