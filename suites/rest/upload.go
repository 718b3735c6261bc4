package rest

import (
	"context"
	"net/http"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// needs is what every spec of the family needs.
func needs(more ...target.Capability) []target.Capability {
	return append([]target.Capability{target.TrustedCertificates}, more...)
}

// autoRegistrationString is the spec that the body of the specification's own
// example is accepted and its flag taken for true.
func autoRegistrationString() suites.Spec {
	return suites.Spec{
		ID: family + "/upload-autoregistration-string", Title: `autoRegistrationEnabled is uploaded as the string "true"`,
		Expected: "201 Created, and the flag is true",
		Clauses:  []string{"DC-REST-05"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			_, anchor := e.OwnAnchor("case")
			upload := target.NewUpload(anchor)
			response := e.Upload(ctx, anchor, map[string]string{
				"status": upload.Status, "name": upload.Name, "autoRegistrationEnabled": "true", "certInPemFormat": upload.PEM,
			})
			Expect(response).To(expect.Answer(http.StatusCreated))
			Expect(decode(e, read(ctx, e, anchor)).AutoRegistration).To(expect.Be(true, "autoRegistrationEnabled"))
		},
	}
}

// uploaded uploads a good CA certificate; the spec is inconclusive where that is
// not accepted.
func uploaded(ctx context.Context, e *suites.Env, label string) certfactory.Anchor {
	_, anchor := e.OwnAnchor(label)
	if response := e.Upload(ctx, anchor, target.NewUpload(anchor)); response.Status != http.StatusCreated {
		e.Inconclusive("a good upload (%s) was answered %d", label, response.Status)
	}
	return anchor
}

// read asks for one trust anchor of the first tenant.
func read(ctx context.Context, e *suites.Env, a certfactory.Anchor) target.Response {
	return e.AskAdmin(ctx, reports.RoleHTTP, http.MethodGet, target.AnchorPath(e.Tenant(0).ID, a.DER), nil)
}
