package trust

import (
	"context"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// otherTenantKnownDevice is the spec that the trust anchor says whose device it
// is, though another tenant knows one of that name.
func otherTenantKnownDevice() suites.Spec {
	return suites.Spec{
		ID: family + "/anchor-other-tenant-known-device", Title: "a device of the first tenant is known; one of the same name connects under a trust anchor of the second",
		Expected: "the second device belongs to the second tenant",
		Clauses:  []string{"DC-TRUST-02", "DC-ID-02"}, Level: clause.Must, Needs: twoTenants(),
		Run: func(ctx context.Context, e *suites.Env) {
			first, second := namesakes(ctx, e)
			e.Control(ctx, reports.RoleControlBefore, first)
			e.Admit(ctx, second)
			exists, known := e.UserExistsIn(ctx, 1, second.ClientID)
			if !known {
				e.Inconclusive("tenant 2 does not say whether it has the device user")
			}
			Expect(exists).To(expect.Find(true, "the device user in tenant 2"))
		},
	}
}

// sameNameTwoTenants is the spec that devices of one name are two where they
// belong to two tenants: neither takes the other's session.
func sameNameTwoTenants() suites.Spec {
	return suites.Spec{
		ID: family + "/same-cn-two-tenants", Title: "two devices of one name, each under a trust anchor of its own tenant, are connected at once",
		Expected: "both are connected",
		Clauses:  []string{"DC-TRUST-02", "DC-ID-02"}, Level: clause.Must, Needs: twoTenants(),
		Run: func(ctx context.Context, e *suites.Env) {
			first, second := namesakes(ctx, e)
			one := e.Connect(ctx, first)
			e.Admit(ctx, second)
			Expect(one.Ping(ctx) == nil).To(expect.Find(true, "the session of the first tenant's device"))
		},
	}
}

func twoTenants() []target.Capability {
	return []target.Capability{target.DeviceUsers, target.SecondTenant}
}

// namesakes builds two devices of one name, under a trust anchor of each tenant.
func namesakes(ctx context.Context, e *suites.Env) (first, second certfactory.Presentation) {
	one, anchor := e.OwnAnchor("anchor of the first tenant")
	e.Trust(ctx, anchor)
	other, anchor := e.OwnAnchor("anchor of the second tenant")
	anchor.Tenant = 1
	e.Trust(ctx, anchor)
	return e.DeviceOf(one, "namesake"), e.DeviceOf(other, "namesake")
}
