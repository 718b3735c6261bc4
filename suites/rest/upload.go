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

// accepted is the spec that an upload makes a trust anchor.
func accepted(slug, id, title string, d describe, b body) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "201 Created, and the trust anchor can be read",
		Clauses: []string{id, "DC-REST-01"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			anchor := anchorOf(e, d)
			Expect(e.Upload(ctx, anchor, b(target.NewUpload(anchor)))).To(expect.Answer(http.StatusCreated))
			Expect(read(ctx, e, anchor)).To(expect.Answer(http.StatusOK))
		},
	}
}

// refused is the spec that an upload is answered with a client error and leaves
// no trust anchor behind. A good upload stands before and after it.
func refused(slug, id, title string, d describe, b body) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: title, Expected: "a client error (4xx), and no trust anchor is made",
		Clauses: []string{id, "DC-REST-07"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			controlUpload(ctx, e, reports.RoleControlBefore)
			anchor := anchorOf(e, d)
			response := e.Upload(ctx, anchor, b(target.NewUpload(anchor)))
			after := read(ctx, e, anchor)
			if response.Status/100 == 4 { // an upload let in is a contradiction whatever comes after
				controlUpload(ctx, e, reports.RoleControlAfter)
			}
			e.Observe("%d %s", response.Status, http.StatusText(response.Status))
			Expect(response).To(expect.AnswerClientError())
			Expect(after).To(expect.Answer(http.StatusNotFound))
		},
	}
}

// controlUpload uploads a good CA certificate; the spec is inconclusive where
// that is not accepted.
func controlUpload(ctx context.Context, e *suites.Env, role string) {
	_, anchor := e.OwnAnchor(role)
	if response := e.Upload(ctx, anchor, target.NewUpload(anchor)); response.Status != http.StatusCreated {
		e.Inconclusive("a good upload (%s) was answered %d", role, response.Status)
	}
}

// read asks for one trust anchor of the first tenant.
func read(ctx context.Context, e *suites.Env, a certfactory.Anchor) target.Response {
	return e.AskAdmin(ctx, reports.RoleHTTP, http.MethodGet, target.AnchorPath(e.Tenant(0).ID, a.DER), nil)
}
