// Package token holds the specs of the family token: the device token that comes
// over MQTT, and what it opens over HTTP.
package token

import (
	"context"
	"errors"
	"net/http"
	"time"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// family is the first part of every id here.
const family = "token"

// Specs returns the specs of the family.
func Specs() []suites.Spec {
	specs := []suites.Spec{
		form(), opensHTTP(), opensOwnTenant(), reachesOnlyAsker(), wildcard(), ofDeletedUser(), ofEarlierUser(), ofDisabledUser(),
		defaultLifetime(), lifetimeOption(), lifetimeOtherTenant(), lifetimeMinimum(), lifetimeLeast(), afterHalfLife(), expired(),
	}
	return append(specs, forgeries()...)
}

// needs is what every spec of the family needs.
func needs(more ...target.Capability) []target.Capability {
	return append([]target.Capability{target.MQTTTokens}, more...)
}

func form() suites.Spec {
	return suites.Spec{
		ID: family + "/token-form", Title: "a device subscribes to s/dat and publishes an empty message to s/uat",
		Expected: "71, and a compact JWT come on s/dat",
		Clauses:  []string{"DC-TOK-02", "DC-TOK-01", "DC-TOK-03"}, Level: clause.Must, OverTLS: true, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			payload, problem := request(ctx, e, e.Connect(ctx, p))
			Expect(problem).To(expect.Bring("a message on s/dat"))
			token, wrapped, err := parse(payload)
			if err != nil {
				problem = err.Error()
			}
			Expect(problem).To(expect.Bring("71, and a compact JWT"))
			e.Observe("%v", token)
			if wrapped {
				e.Remark("the JWT is wrapped in base64 once more; the wording of the specification allows it")
			}
		},
	}
}

func opensHTTP() suites.Spec {
	return suites.Spec{
		ID: family + "/token-opens-http", Title: "a device uses its token for GET /user/currentUser",
		Expected: "200 OK, and the user is that of the device",
		Clauses:  []string{"DC-TOK-04"}, Level: clause.Must, Needs: needs(target.TrustedCertificates),
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			token := obtain(ctx, e, e.Connect(ctx, p))
			response := currentUser(ctx, e, reports.RoleCase, token.compact)
			Expect(response).To(expect.Answer(http.StatusOK))
			var user struct {
				ID       string `json:"id"`
				UserName string `json:"userName"`
			}
			Expect(response.JSON(&user) == nil).To(expect.Find(true, "a user in the answer"))
			e.Observe("200 OK as %s", user.UserName)
			Expect(user.UserName).To(expect.Be(suites.DeviceUser(p.ClientID), "the user"))
		},
	}
}

// slack is how far a lifetime may be from the one that is set.
const slack = 5 * time.Second

func defaultLifetime() suites.Spec {
	return suites.Spec{
		ID: family + "/token-default-lifetime", Title: "a device gets a token where no option sets its lifetime", Expected: "it lives one hour",
		Clauses: []string{"DC-TOK-05"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			if e.Target.Has(target.TenantOptions) {
				e.ClearOption(ctx, optionPath)
			}
			token := obtain(ctx, e, e.Connect(ctx, e.GoodDevice("case")))
			e.Observe("it lives %v", token.lifetime())
			Expect(token.lifetime()).To(expect.Last(time.Hour, slack))
		},
	}
}

// strayBound is how long a token that goes astray may take beyond the one that
// the bystander then asks for itself.
const strayBound = 200 * time.Millisecond

// reachesOnlyAsker is the spec that a token is delivered to nobody else. The
// bystander then asks for one itself: when that has come, what went astray
// before it has come too.
func reachesOnlyAsker() suites.Spec {
	return suites.Spec{
		ID: family + "/token-reaches-only-asker", Title: "two devices are subscribed to s/dat and one asks for a token",
		Expected: "the other gets nothing of it",
		Clauses:  []string{"DC-TOK-10"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			asker, bystander := e.Connect(ctx, e.GoodDevice("asker")), e.Connect(ctx, e.GoodDevice("bystander"))
			if code, err := bystander.SubscribeToken(ctx); err != nil || code == device.SubscribeFailure {
				e.Inconclusive("the bystander could not subscribe to s/dat")
			}
			obtain(ctx, e, asker)
			obtain(ctx, e, bystander)
			stray := e.Overhear(ctx, bystander, strayBound)
			Expect(stray).NotTo(expect.Be(device.TokenResponseTopic, "the topic of one more message"))
		},
	}
}

// wildcards are Topic Filters under which s/dat falls.
func wildcards() []string { return []string{"#", "s/#", "+/+"} }

// wildcard is the spec that a wildcard brings nobody another device's token,
// whether the subscription is granted, refused, or ends the connection.
func wildcard() suites.Spec {
	return suites.Spec{
		ID: family + "/token-wildcard", Title: "devices subscribe to #, s/# and +/+, and another asks for a token", Expected: "they get nothing of it",
		Clauses: []string{"DC-TOK-10"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			asker := e.Connect(ctx, e.GoodDevice("asker"))
			curious := make(map[string]*device.Device)
			for _, filter := range wildcards() {
				d := e.Connect(ctx, e.GoodDevice("bystander "+filter))
				_, err := d.Subscribe(ctx, filter, 0)
				switch {
				case errors.Is(err, device.ErrNoResponse):
					e.Silent("a subscription to %s was not answered", filter)
				case err != nil && !errors.Is(err, device.ErrClosed):
					e.Fault(err)
				}
				curious[filter] = d
			}
			obtain(ctx, e, asker)
			for _, filter := range wildcards() {
				if curious[filter].Ping(ctx) != nil { // what was sent before it has come
					continue
				}
				stray := e.Overhear(ctx, curious[filter], strayBound)
				Expect(stray).NotTo(expect.Be(device.TokenResponseTopic, "the topic of a message to who subscribed to "+filter))
			}
		},
	}
}

// opensOwnTenant is the spec that a token opens in the tenant of its device, though
// the other tenant has a device of that name.
func opensOwnTenant() suites.Spec {
	return suites.Spec{
		ID: family + "/token-opens-own-tenant", Title: "both tenants have a device of one name; that of the second uses its token for GET /tenant/currentTenant",
		Expected: "200 OK, and the tenant is the second",
		Clauses:  []string{"DC-TOK-09", "DC-TOK-04", "DC-TRUST-02"}, Level: clause.Must,
		Needs: needs(target.TrustedCertificates, target.SecondTenant),
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			e.Connect(ctx, p)
			root, anchor := e.OwnAnchor("anchor of the second tenant")
			anchor.Tenant = 1
			e.Trust(ctx, anchor)
			token := obtain(ctx, e, e.Connect(ctx, e.DeviceNamed(root, p.ClientID)))
			response := e.Ask(ctx, reports.RoleCase, target.Request{Method: http.MethodGet, Path: "/tenant/currentTenant", Bearer: token.compact})
			if response.Status == http.StatusForbidden || response.Status == http.StatusNotFound {
				e.NotApplicable("a device may not ask for its tenant")
			}
			Expect(response).To(expect.Answer(http.StatusOK))
			var tenant struct {
				Name string `json:"name"`
			}
			Expect(response.JSON(&tenant) == nil).To(expect.Find(true, "a tenant in the answer"))
			e.Observe("200 OK in tenant %s", tenant.Name)
			Expect(tenant.Name).To(expect.Be(e.Tenant(1).ID, "the tenant"))
		},
	}
}

// ofDeletedUser is the spec that a token does not outlive its user.
func ofDeletedUser() suites.Spec {
	return ofUser("token-of-deleted-user", "a device's user is deleted while its token is still good", (*suites.Env).DeleteUser)
}

// ofDisabledUser is the spec that a token opens nothing while its user is disabled.
func ofDisabledUser() suites.Spec {
	return ofUser("token-of-disabled-user", "a device's user is disabled while its token is still good", (*suites.Env).DisableUser)
}

// ofUser is the spec that a token is worth no more than its user.
func ofUser(slug, title string, happens func(*suites.Env, context.Context, string)) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "401 Unauthorized",
		Clauses: []string{"DC-TOK-09", "DC-REG-08"}, Level: clause.Should, Needs: needs(target.TrustedCertificates, target.DeviceUsers),
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			token := obtain(ctx, e, e.Connect(ctx, p))
			control(ctx, e, reports.RoleControlBefore, token)
			happens(e, ctx, p.ClientID)
			Expect(currentUser(ctx, e, reports.RoleCase, token.compact)).To(expect.Answer(http.StatusUnauthorized))
		},
	}
}

// ofEarlierUser is the spec that the user whom a device gets anew does not take over
// the tokens of the one that was deleted.
func ofEarlierUser() suites.Spec {
	return suites.Spec{
		ID: family + "/token-of-earlier-user", Title: "a device's user is deleted and made anew while the first one's token is still good",
		Expected: "401 Unauthorized",
		Clauses:  []string{"DC-TOK-09", "DC-REG-08"}, Level: clause.Should, Needs: needs(target.TrustedCertificates, target.DeviceUsers),
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			first := obtain(ctx, e, e.Connect(ctx, p))
			control(ctx, e, reports.RoleControlBefore, first)
			e.DeleteUser(ctx, p.ClientID)
			if again := e.Attempt(ctx, "again", e.Device(p)); !again.Admitted() { // no good device any more, if it is not
				e.Inconclusive("the device gets no user anew: %s", again.Detail)
			}
			second := obtain(ctx, e, e.Connect(ctx, p))
			control(ctx, e, reports.RoleControlAfter, second)
			Expect(currentUser(ctx, e, reports.RoleCase, first.compact)).To(expect.Answer(http.StatusUnauthorized))
		},
	}
}

// currentUser asks who the bearer of the token is.
func currentUser(ctx context.Context, e *suites.Env, role, bearer string) target.Response {
	return e.Ask(ctx, role, target.Request{Method: http.MethodGet, Path: "/user/currentUser", Bearer: bearer})
}
