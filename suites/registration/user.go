package registration

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

func userDeleted() suites.Spec {
	return knownThen("no-user-no-communication", "DC-REG-08", clause.Must, "the user of a known device is deleted while auto-registration is off",
		func(ctx context.Context, e *suites.Env, p certfactory.Presentation) { e.DeleteUser(ctx, p.ClientID) })
}

func userDisabled() suites.Spec {
	return knownThen("device-user-disabled", "DC-REG-08", clause.Should, "the user of a known device is disabled",
		func(ctx context.Context, e *suites.Env, p certfactory.Presentation) { e.DisableUser(ctx, p.ClientID) })
}

// knownThen is the spec that a device which was admitted is refused after
// something happened to its user.
func knownThen(slug, id string, level clause.Level, title string, happens func(context.Context, *suites.Env, certfactory.Presentation)) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "the device is refused",
		Clauses: []string{id}, Level: level, Needs: []target.Capability{target.AnchorChanges, target.DeviceUsers},
		Run: func(ctx context.Context, e *suites.Env) {
			root, anchor := e.OwnAnchor("anchor")
			e.Trust(ctx, anchor)
			e.Trust(ctx, e.GoodDevice("after").Anchors...) // auto-registration stays on for others: it is this anchor's that counts
			p := e.DeviceOf(root, "case")
			e.Control(ctx, reports.RoleControlBefore, p)
			e.ChangeAnchor(ctx, anchor, target.AnchorChange{AutoRegistration: new(false)})
			happens(ctx, e, p)
			e.Refuse(ctx, p, e.GoodDevice("after"))
		},
	}
}

// userDeletedLiveSession is the spec that a device which is connected loses what
// it needs for communication with its user.
func userDeletedLiveSession() suites.Spec {
	return suites.Spec{
		ID: family + "/user-deleted-live-session", Title: "the user of a connected device is deleted", Expected: "the connection is ended",
		Clauses: []string{"DC-REG-08"}, Level: clause.Should, Needs: []target.Capability{target.TrustedCertificates, target.DeviceUsers},
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			d := e.Connect(ctx, p)
			if d.Ping(ctx) != nil {
				e.Inconclusive("the connection ended before anything was done")
			}
			e.DeleteUser(ctx, p.ClientID)
			started := time.Now()
			for d.Ping(ctx) == nil && time.Since(started) < e.Target.Timing.Convergence {
				e.Wait(ctx, poll)
			}
			lives := d.Ping(ctx) == nil
			e.Observe("the connection was open %v later: %t", time.Since(started).Round(time.Millisecond), lives)
			Expect(lives).To(expect.Find(false, "the connection"))
		},
	}
}

// poll is how often a connection is tried that should end.
const poll = 100 * time.Millisecond

// singleRegistration is the spec that a device registered by itself does not get
// in by its certificate.
func singleRegistration() suites.Spec {
	return single("single-registration", "a device is registered by itself, then connects by certificate while auto-registration is off",
		func(context.Context, *suites.Env, certfactory.Presentation) {})
}

// singleRegistrationWithPassword goes on to where the device has fetched its
// password and so has its user.
func singleRegistrationWithPassword() suites.Spec {
	return single("single-registration-with-password", "a device is registered by itself and fetches its password, then connects by certificate while auto-registration is off",
		func(ctx context.Context, e *suites.Env, p certfactory.Presentation) {
			user, ok := e.Tenant(0).With("ROLE_DEVICE_BOOTSTRAP")
			if !ok {
				e.NotApplicable("the target file names no user with ROLE_DEVICE_BOOTSTRAP")
			}
			response := e.Ask(ctx, suites.RolePreamble, target.Request{
				Method: http.MethodPost, Path: "/devicecontrol/deviceCredentials", Tenant: e.Tenant(0).ID, User: user,
				Body: map[string]string{"id": p.ClientID},
			})
			if response.Status != http.StatusCreated {
				e.Inconclusive("the request for the device's password was answered %d", response.Status)
			}
		})
}

// single is the spec that a device is refused after its single registration and
// what follows.
func single(slug, title string, then func(context.Context, *suites.Env, certfactory.Presentation)) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "the device is refused",
		Clauses: []string{"DC-REG-07"}, Level: clause.Must,
		Needs: []target.Capability{target.TrustedCertificates, target.SingleRegistration},
		Run: func(ctx context.Context, e *suites.Env) {
			p := strangerTo(ctx, e)
			e.Made(p.ClientID)
			const path = "/devicecontrol/newDeviceRequests"
			begun := e.AskAdmin(ctx, suites.RolePreamble, http.MethodPost, path, map[string]string{"id": p.ClientID})
			if begun.Status != http.StatusCreated {
				e.Inconclusive("single registration answered %d", begun.Status)
			}
			e.AtTheEnd(http.MethodDelete, path+"/"+p.ClientID)
			e.AskAdmin(ctx, suites.RolePreamble, http.MethodPut, path+"/"+p.ClientID, map[string]string{"status": "ACCEPTED"})
			then(ctx, e, p)
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			Expect(e.Try(ctx, reports.RoleCase, p)).To(expect.BeRefused())
			e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
		},
	}
}
