// Package token holds the specs of the family token: the device token that comes
// over MQTT, and what it opens over HTTP.
package token

import (
	"context"
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
		form(), opensHTTP(), reachesOnlyAsker(), ofDeletedUser(),
		defaultLifetime(), lifetimeOption(), lifetimeOtherTenant(), lifetimeMinimum(), afterHalfLife(), expired(),
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

// ofDeletedUser is the spec that a token does not outlive its user.
func ofDeletedUser() suites.Spec {
	return suites.Spec{
		ID: family + "/token-of-deleted-user", Title: "a device's user is deleted while its token is still good", Expected: "401 Unauthorized",
		Clauses: []string{"DC-TOK-09", "DC-REG-08"}, Level: clause.Should, Needs: needs(target.TrustedCertificates, target.DeviceUsers),
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			token := obtain(ctx, e, e.Connect(ctx, p))
			control(ctx, e, reports.RoleControlBefore, token)
			e.DeleteUser(ctx, p.ClientID)
			Expect(currentUser(ctx, e, reports.RoleCase, token.compact)).To(expect.Answer(http.StatusUnauthorized))
		},
	}
}

// currentUser asks who the bearer of the token is.
func currentUser(ctx context.Context, e *suites.Env, role, bearer string) target.Response {
	return e.Ask(ctx, role, target.Request{Method: http.MethodGet, Path: "/user/currentUser", Bearer: bearer})
}
