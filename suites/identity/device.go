package identity

import (
	"context"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// deviceUser is the spec that a device is its common name, however its Client
// Identifier is written.
func deviceUser() suites.Spec {
	return suites.Spec{
		ID: family + "/user-of-the-common-name", Title: "a device connects with 'd:' and its common name as Client Identifier",
		Expected: "the device user is named after the common name",
		Clauses:  []string{"DC-ID-02", "DC-ID-04"}, Level: clause.Must, Needs: []target.Capability{target.TrustedCertificates, target.DeviceUsers},
		Beside:  suites.Connecting,
		Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.Build("cn-clientid-d", "case")
			e.Control(ctx, reports.RoleCase, p)
			exists, known := e.UserExists(ctx, p.ClientID)
			if !known {
				e.Inconclusive("the platform does not say whether %s exists", suites.DeviceUser(p.ClientID))
			}
			Expect(exists).To(expect.Find(true, "the user "+suites.DeviceUser(p.ClientID)))
		},
	}
}

// otherTenantInUserName is the spec that a device cannot choose its tenant: a
// user name that speaks of another one than the certificate is a contradiction.
func otherTenantInUserName() suites.Spec {
	return suites.Spec{
		ID: family + "/tenant-in-user-name-mismatch", Title: "a device of the first tenant connects with a user name of the second and no password",
		Expected: "the device is refused",
		Clauses:  []string{"DC-ID-02"}, Level: clause.Should, OverTLS: true, Needs: []target.Capability{target.SecondTenant},
		Beside:  suites.Connecting,
		Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			try := func(role string, tenant int) device.Outcome {
				p := e.GoodDevice(role)
				e.Trust(ctx, p.Anchors...)
				config := e.Device(p)
				config.Username = e.Tenant(tenant).ID + "/" + suites.DeviceUser(p.ClientID)
				return e.Attempt(ctx, role, config)
			}
			control := func(role string) {
				if outcome := try(role, 0); !outcome.Admitted() {
					e.Inconclusive("the good twin was not admitted (%s): %s", role, outcome.Detail)
				}
			}
			control(reports.RoleControlBefore)
			outcome := try(reports.RoleCase, 1)
			if outcome.Refused() {
				control(reports.RoleControlAfter)
			}
			Expect(outcome).To(expect.BeRefused())
		},
	}
}

// renewed is the spec that a device is known by its name and its trust anchor and
// not by one certificate.
func renewed() suites.Spec {
	return suites.Spec{
		ID: family + "/two-certificates-one-device", Title: "a device comes back with a renewed certificate: another key and serial number, the same common name",
		Expected: "the device is admitted",
		Clauses:  []string{"DC-ID-02", "DC-ID-03", "DC-CHAIN-02"}, Level: clause.Must, OverTLS: true, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			first := e.GoodDevice("case")
			e.Control(ctx, reports.RoleControlBefore, first)
			second := e.DeviceNamed(e.Bench("case").Root(), first.ClientID, certfactory.Label("renewed"))
			Expect(e.Try(ctx, reports.RoleCase, second)).To(expect.BeAdmitted())
		},
	}
}

// goodAnchors is what a good device needs.
func goodAnchors(e *suites.Env) ([]certfactory.Anchor, error) {
	return e.GoodDevice("case").Anchors, nil
}
