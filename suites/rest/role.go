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
			Expect(uploadAs(ctx, e, 0, user)).To(expect.Answer(http.StatusCreated))
		},
	}
}

func withoutRole() suites.Spec {
	return suites.Spec{
		ID: family + "/upload-no-role", Title: "a user without either role uploads a trust anchor", Expected: "403 Forbidden",
		Clauses: []string{"DC-REST-03"}, Level: clause.Must, Needs: needs(target.UserWithoutRole),
		Run: func(ctx context.Context, e *suites.Env) {
			controlUpload(ctx, e, reports.RoleControlBefore)
			user, _ := e.Tenant(0).Viewer() // the capability says that there is one
			Expect(uploadAs(ctx, e, 0, user)).To(expect.Answer(http.StatusForbidden))
		},
	}
}

func withoutCredentials() suites.Spec {
	return suites.Spec{
		ID: family + "/upload-unauthorized", Title: "a trust anchor is uploaded with a wrong password", Expected: "401 Unauthorized",
		Clauses: []string{"DC-REST-03"}, Level: clause.Must, Needs: needs(),
		Run: func(ctx context.Context, e *suites.Env) {
			controlUpload(ctx, e, reports.RoleControlBefore)
			admin, _ := e.Tenant(0).Admin() // the loader of target files sees to it that there is one
			impostor := target.NewUser(admin.Name, "not the password of "+admin.Name)
			Expect(uploadAs(ctx, e, 0, impostor)).To(expect.Answer(http.StatusUnauthorized))
		},
	}
}

func otherTenantPath() suites.Spec {
	return suites.Spec{
		ID: family + "/upload-other-tenant-path", Title: "a tenant's admin uploads a trust anchor to another tenant", Expected: "403 Forbidden or 404 Not Found",
		Clauses: []string{"DC-TRUST-01", "DC-REST-03"}, Level: clause.Must, Needs: needs(target.SecondTenant),
		Run: func(ctx context.Context, e *suites.Env) {
			controlUpload(ctx, e, reports.RoleControlBefore)
			admin, _ := e.Tenant(0).Admin() // the loader of target files sees to it that there is one
			Expect(uploadAs(ctx, e, 1, admin)).To(expect.Answer(http.StatusForbidden, http.StatusNotFound))
		},
	}
}

// uploadAs uploads a good CA certificate to a tenant as a user of the first.
func uploadAs(ctx context.Context, e *suites.Env, tenant int, user target.User) target.Response {
	_, anchor := e.OwnAnchor("case")
	anchor.Tenant = tenant
	e.WillAdd(anchor)
	return e.Ask(ctx, reports.RoleUpload, target.Request{
		Method: http.MethodPost, Path: target.AnchorsPath(e.Tenant(tenant).ID), Tenant: e.Tenant(0).ID, User: user,
		Body: target.NewUpload(anchor),
	})
}
