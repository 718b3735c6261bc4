package token

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/gomega"

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

// setLifetime writes the option and puts it back when the spec ends.
func setLifetime(ctx context.Context, e *suites.Env, seconds string) target.Response {
	e.RestoreOption(ctx, optionPath)
	return e.AskAdmin(ctx, suites.RolePreamble, http.MethodPut, optionPath, map[string]string{"value": seconds})
}
