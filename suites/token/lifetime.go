package token

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// The tenant option that sets the lifetime of device tokens (DC-TOK-06).
const (
	optionCategory = "oauth.internal"
	optionKey      = "device-token.lifespan.seconds"
	optionPath     = "/tenant/options/" + optionCategory + "/" + optionKey
)

func lifetimeOption() suites.Spec {
	return suites.Spec{
		ID: family + "/token-lifetime-option", Title: "the tenant option sets a lifetime of ten minutes", Expected: "new tokens of that tenant live ten minutes",
		Clauses: []string{"DC-TOK-06"}, Level: clause.Must, Needs: needs(target.TenantOptions),
		Run: func(ctx context.Context, e *suites.Env) {
			response := setLifetime(ctx, e, "600")
			Expect(response).To(expect.Answer(http.StatusOK))
			token := obtain(ctx, e, e.Connect(ctx, e.GoodDevice("case")))
			e.Observe("it lives %v", token.lifetime())
			Expect(token.lifetime()).To(expect.Last(10*time.Minute, slack))
		},
	}
}

// lifetimeOtherTenant is the spec that one tenant's option leaves another's tokens
// alone.
func lifetimeOtherTenant() suites.Spec {
	return suites.Spec{
		ID: family + "/token-lifetime-other-tenant", Title: "the first tenant's option sets ten minutes; a device of the second tenant gets a token",
		Expected: "it lives one hour",
		Clauses:  []string{"DC-TOK-11"}, Level: clause.Must, Needs: needs(target.TenantOptions, target.SecondTenant, target.TrustedCertificates),
		Run: func(ctx context.Context, e *suites.Env) {
			Expect(setLifetime(ctx, e, "600")).To(expect.Answer(http.StatusOK))
			root, anchor := e.OwnAnchor("anchor")
			anchor.Tenant = 1
			e.Trust(ctx, anchor)
			token := obtain(ctx, e, e.Connect(ctx, e.DeviceOf(root, "case")))
			e.Observe("it lives %v", token.lifetime())
			Expect(token.lifetime()).To(expect.Last(time.Hour, slack))
		},
	}
}

// afterHalfLife is the spec that a device gets a new token after half of the
// lifetime, while the old one still opens.
func afterHalfLife() suites.Spec {
	return suites.Spec{
		ID: family + "/token-after-half-life", Title: "a device asks again after half of its token's lifetime", Expected: "another token that ends later; the old one still opens",
		Clauses: []string{"DC-TOK-08"}, Level: clause.Must, Needs: needs(target.TrustedCertificates), Waits: longestWait,
		Run: func(ctx context.Context, e *suites.Env) {
			shorten(ctx, e)
			d := e.Connect(ctx, e.GoodDevice("case"))
			first := obtain(ctx, e, d)
			e.Forward(ctx, first.lifetime()/2+time.Minute)
			second := obtain(ctx, e, d)
			e.Observe("the second token ends %v after the first", time.Duration(second.Expires-first.Expires)*time.Second)
			same, later := second.compact == first.compact, second.Expires > first.Expires
			Expect(same).To(expect.Find(false, "the first token again"))
			Expect(later).To(expect.Find(true, "a later end of the second token"))
			Expect(currentUser(ctx, e, "first-token", first.compact)).To(expect.Answer(http.StatusOK))
			Expect(currentUser(ctx, e, "second-token", second.compact)).To(expect.Answer(http.StatusOK))
		},
	}
}

// expired is the spec that a token opens nothing after its end.
func expired() suites.Spec {
	return suites.Spec{
		ID: family + "/token-expired", Title: "a device uses its token after its end", Expected: "401 Unauthorized",
		Clauses: []string{"DC-TOK-09"}, Level: clause.Must, Needs: needs(target.TrustedCertificates), Waits: longestWait,
		Run: func(ctx context.Context, e *suites.Env) {
			shorten(ctx, e)
			d := e.Connect(ctx, e.GoodDevice("case"))
			token := obtain(ctx, e, d)
			control(ctx, e, reports.RoleControlBefore, token)
			e.Forward(ctx, token.lifetime()+time.Minute)
			response := currentUser(ctx, e, reports.RoleCase, token.compact)
			if response.Status == http.StatusUnauthorized {
				control(ctx, e, reports.RoleControlAfter, obtain(ctx, e, d))
			}
			Expect(response).To(expect.Answer(http.StatusUnauthorized))
		},
	}
}

// longestWait is for tokens of the default lifetime.
const longestWait = 70 * time.Minute

// shorten makes tokens live as short as they may where their end has to be waited
// for. A platform that refuses the option leaves them as they are.
func shorten(ctx context.Context, e *suites.Env) {
	if !e.Target.Has(target.Clock) && e.Target.Has(target.TenantOptions) {
		e.SetOption(ctx, optionPath, "300")
	}
}

func lifetimeMinimum() suites.Spec {
	return suites.Spec{
		ID: family + "/token-lifetime-minimum", Title: "the tenant option asks for a lifetime of ten seconds", Expected: "the option is refused, or tokens live five minutes at least",
		Clauses: []string{"DC-TOK-07"}, Level: clause.Must, Needs: needs(target.TenantOptions),
		Run: func(ctx context.Context, e *suites.Env) {
			response := setLifetime(ctx, e, "10")
			if response.Status/100 == 4 {
				return
			}
			Expect(response).To(expect.Answer(http.StatusOK))
			token := obtain(ctx, e, e.Connect(ctx, e.GoodDevice("case")))
			e.Observe("the option is taken, the token lives %v", token.lifetime())
			Expect(token.lifetime()).To(expect.LastAtLeast(5 * time.Minute))
		},
	}
}

// lifetimeLeast is the spec that the least lifetime is itself allowed.
func lifetimeLeast() suites.Spec {
	return suites.Spec{
		ID: family + "/token-lifetime-least", Title: "the tenant option asks for a lifetime of five minutes", Expected: "new tokens live five minutes",
		Clauses: []string{"DC-TOK-07", "DC-TOK-06"}, Level: clause.Must, Needs: needs(target.TenantOptions),
		Run: func(ctx context.Context, e *suites.Env) {
			Expect(setLifetime(ctx, e, "300")).To(expect.Answer(http.StatusOK))
			token := obtain(ctx, e, e.Connect(ctx, e.GoodDevice("case")))
			e.Observe("it lives %v", token.lifetime())
			Expect(token.lifetime()).To(expect.Last(5*time.Minute, slack))
		},
	}
}

// setLifetime writes the option and puts it back when the spec ends.
func setLifetime(ctx context.Context, e *suites.Env, seconds string) target.Response {
	return e.SetOption(ctx, optionPath, seconds)
}
