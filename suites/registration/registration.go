// Package registration holds the specs of the family registration: when a device
// user comes to be, and when it must not.
package registration

import (
	"context"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// family is the first part of every id here.
const family = "registration"

// Specs returns the specs of the family.
func Specs() []suites.Spec {
	specs := []suites.Spec{
		autoRegistrationOn(),
		autoRegistrationOff(),
		autoRegistrationOffKnownDevice(),
		noSideEffect("refused-no-side-effect", "anchor-unknown", "a device whose chain is refused leaves nothing behind"),
		noSideEffect("possession-no-side-effect", "key-wrong", "a device that does not hold its key leaves nothing behind"),
		mismatchNoSideEffect(), autoRegistrationNotNamed(),
		userDeleted(), userDisabled(), userDeletedLiveSession(), singleRegistration(), singleRegistrationWithPassword(), unserved(),
	}
	return append(specs, bulkSpecs()...)
}

func autoRegistrationOn() suites.Spec {
	return suites.Spec{
		ID: family + "/autoreg-on-new-device", Title: "an unknown device connects under a trust anchor with auto-registration",
		Expected: "the device is admitted and its user made",
		Clauses:  []string{"DC-REG-01"}, Level: clause.Must, Needs: []target.Capability{target.DeviceUsers},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			e.Trust(ctx, anchor)
			p := e.DeviceOf(root, "case")
			Expect(userExists(ctx, e, p.ClientID)).To(expect.Find(false, "a device user before the first connection"))
			e.Admit(ctx, p)
			Expect(userExists(ctx, e, p.ClientID)).To(expect.Find(true, "a device user after the first connection"))
		},
	}
}

func autoRegistrationOff() suites.Spec {
	return suites.Spec{
		ID: family + "/autoreg-off-new-device", Title: "an unknown device connects under a trust anchor without auto-registration",
		Expected: "the device is refused and no user made",
		Clauses:  []string{"DC-REG-02", "DC-REG-08"}, Level: clause.Must, Needs: []target.Capability{target.DeviceUsers},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			anchor.AutoRegistration = false
			e.Trust(ctx, anchor)
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			p := e.DeviceOf(root, "case")
			Expect(e.Try(ctx, reports.RoleCase, p)).To(expect.BeRefused())
			Expect(userExists(ctx, e, p.ClientID)).To(expect.Find(false, "a device user after the refusal"))
			e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
		},
	}
}

func autoRegistrationOffKnownDevice() suites.Spec {
	return suites.Spec{
		ID: family + "/autoreg-off-known-device", Title: "auto-registration is switched off; a device that registered before and a new one connect",
		Expected: "the known device is admitted, the new one refused",
		Clauses:  []string{"DC-REG-03", "DC-REG-02"}, Level: clause.Must, Needs: []target.Capability{target.AnchorChanges},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			e.Trust(ctx, anchor)
			known := e.DeviceOf(root, "known")
			e.Control(ctx, reports.RoleControlBefore, known)
			e.ChangeAnchor(ctx, anchor, target.AnchorChange{AutoRegistration: new(false)})
			Expect(e.Try(ctx, "known-device", known)).To(expect.BeAdmitted())
			Expect(e.Try(ctx, reports.RoleCase, e.DeviceOf(root, "new"))).To(expect.BeRefused())
		},
	}
}

// noSideEffect is the spec that a refused case leaves neither user nor device.
func noSideEffect(slug, id, title string) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "the device is refused and no user made",
		Clauses: []string{"DC-REG-01"}, Level: clause.Must, Needs: []target.Capability{target.DeviceUsers},
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.Build(id, "case")
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			Expect(e.Try(ctx, reports.RoleCase, p)).To(expect.BeRefused())
			Expect(userExists(ctx, e, p.ClientID)).To(expect.Find(false, "a device user after the refusal"))
			e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
		},
	}
}

// mismatchNoSideEffect is the spec that a device whose Client Identifier is not
// its common name leaves no user behind, under neither name.
func mismatchNoSideEffect() suites.Spec {
	return suites.Spec{
		ID: family + "/mismatch-no-side-effect", Title: "a device whose Client Identifier is not its common name leaves nothing behind", Expected: "the device is refused and no user made",
		Clauses: []string{"DC-REG-01", "DC-ID-03"}, Level: clause.Should, Needs: []target.Capability{target.TrustedCertificates, target.DeviceUsers},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			e.Trust(ctx, anchor)
			e.Control(ctx, reports.RoleControlBefore, e.DeviceOf(root, "before"))
			p, other := e.DeviceOf(root, "case"), e.Bench("other").CommonName("dev")
			name := p.ClientID
			p.ClientID = other
			e.Made(name)
			Expect(e.Try(ctx, reports.RoleCase, p)).To(expect.BeRefused())
			for _, name := range []string{name, other} {
				Expect(userExists(ctx, e, name)).To(expect.Find(false, "the device user "+suites.DeviceUser(name)))
			}
			e.Control(ctx, reports.RoleControlAfter, e.DeviceOf(root, "after"))
		},
	}
}

// autoRegistrationNotNamed is the spec that auto-registration has to be activated.
func autoRegistrationNotNamed() suites.Spec {
	return suites.Spec{
		ID: family + "/autoreg-not-named", Title: "a trust anchor is uploaded without autoRegistrationEnabled, and an unknown device connects", Expected: "the device is refused",
		Clauses: []string{"DC-REG-02"}, Level: clause.Should, Needs: []target.Capability{target.TrustedCertificates},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			upload := target.NewUpload(anchor)
			response := e.Upload(ctx, anchor, map[string]string{"status": upload.Status, "name": upload.Name, "certInPemFormat": upload.PEM})
			if response.Status/100 != 2 {
				e.Inconclusive("an upload without autoRegistrationEnabled was answered %d", response.Status)
			}
			e.Trust(ctx, e.GoodDevice("beside").Anchors...) // registers its own devices, and no others
			outcome := e.Try(ctx, reports.RoleCase, e.DeviceOf(root, "case"))
			if outcome.Refused() {
				e.ChangeAnchor(ctx, anchor, target.AnchorChange{AutoRegistration: new(true)})
				e.Control(ctx, reports.RoleControlAfter, e.DeviceOf(root, "after"))
			}
			Expect(outcome).To(expect.BeRefused())
		},
	}
}

// userExists looks for the device user; the spec is inconclusive where the
// platform does not say.
func userExists(ctx context.Context, e *suites.Env, clientID string) bool {
	exists, known := e.UserExists(ctx, clientID)
	if !known {
		e.Inconclusive("the platform does not say whether %s exists", suites.DeviceUser(clientID))
	}
	return exists
}
