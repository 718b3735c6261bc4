package rest

import (
	"context"
	"net/http"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// roleSuffices is the spec that a user with this role may upload.
func roleSuffices(slug, role string) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: "a user with " + role + " uploads a trust anchor", Expected: "201 Created",
		Clauses: []string{"DC-REST-02"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			user, ok := e.Tenant(0).With(role)
			if !ok {
				e.NotApplicable("the target file names no user with %s", role)
			}
			Expect(uploadAs(ctx, e, user)).To(expect.Answer(http.StatusCreated))
		},
	}
}

func withWrongPassword() suites.Spec {
	return suites.Spec{
		ID: family + "/upload-unauthorized", Title: "a trust anchor is uploaded with a wrong password", Expected: "401 Unauthorized",
		Clauses: []string{"DC-REST-03"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			uploaded(ctx, e, reports.RoleControlBefore)
			admin, _ := e.Tenant(0).Admin() // the loader of target files sees to it that there is one
			impostor := target.NewUser(admin.Name, "not the password of "+admin.Name)
			Expect(uploadAs(ctx, e, impostor)).To(expect.Answer(http.StatusUnauthorized))
		},
	}
}

func withoutCredentials() suites.Spec {
	return suites.Spec{
		ID: family + "/upload-no-credentials", Title: "a trust anchor is uploaded without any credentials", Expected: "401 Unauthorized",
		Clauses: []string{"DC-REST-03"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			uploaded(ctx, e, reports.RoleControlBefore)
			Expect(uploadAs(ctx, e, target.User{})).To(expect.Answer(http.StatusUnauthorized))
		},
	}
}

// uploadAs uploads a good CA certificate to the first tenant as one of its users.
func uploadAs(ctx context.Context, e *suites.Env, user target.User) target.Response {
	_, anchor := e.OwnAnchor("case")
	e.WillAdd(anchor)
	return e.Ask(ctx, reports.RoleUpload, target.Request{
		Method: http.MethodPost, Path: target.AnchorsPath(e.Tenant(0).ID), Tenant: e.Tenant(0).ID, User: user,
		Body: target.NewUpload(anchor),
	})
}
