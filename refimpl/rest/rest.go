// Package rest is the HTTP side of the reference platform: trust anchors, tenant
// options, users and who am I, in the form that the platform's own API has
// (platform-facts, sections 3, 4, 7 and 8).
//
// An API is an http.Handler; its routes are in one table in New. A route's function
// gets a call, whose user is known and has one of the roles that the table asks for,
// and returns an answer or a problem.
package rest

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/token"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// Roles that the routes ask for.
const (
	tenantAdmin           = "ROLE_TENANT_ADMIN"
	tenantManagementAdmin = "ROLE_TENANT_MANAGEMENT_ADMIN"
	tenantManagementRead  = "ROLE_TENANT_MANAGEMENT_READ"
	optionAdmin           = "ROLE_OPTION_MANAGEMENT_ADMIN"
	optionRead            = "ROLE_OPTION_MANAGEMENT_READ"
	userAdmin             = "ROLE_USER_MANAGEMENT_ADMIN"
	userRead              = "ROLE_USER_MANAGEMENT_READ"
)

// Sessions is where sessions are ended that have lost what they live on. A
// *broker.Broker is one.
type Sessions interface {
	EndAnchor(tenant, fingerprint string)
	EndUser(tenant, user string)
}

// Config says what the API works on. All fields are required.
type Config struct {
	Registry *registry.Registry
	Tokens   *token.Issuer
	Sessions Sessions
	// Rules returns the rules of the moment; uploads are held against them.
	Rules func() trust.Rules
	// Host is the platform's host name, the domain of every tenant.
	Host string
	Log  *slog.Logger
}

// An API answers REST requests. It is safe for concurrent use.
type API struct {
	config Config
	mux    *http.ServeMux
}

// New returns the API.
func New(c Config) *API {
	a := &API{config: c, mux: http.NewServeMux()}
	const anchors = "/tenant/tenants/{tenant}/trusted-certificates"
	anchorAdmin := []string{tenantAdmin, tenantManagementAdmin} // DC-REST-02
	anchorRead := append(anchorAdmin, tenantManagementRead)
	options, readOptions := []string{optionAdmin}, []string{optionAdmin, optionRead}
	users, readUsers := []string{userAdmin}, []string{userAdmin, userRead}
	for _, r := range []struct {
		pattern string
		roles   []string // any of them; none: every user
		serve   func(*API, call) (answer, *problem)
	}{
		{"POST " + anchors, anchorAdmin, (*API).addAnchor},
		{"GET " + anchors, anchorRead, (*API).listAnchors},
		{"GET " + anchors + "/{fingerprint}", anchorRead, (*API).readAnchor},
		{"PUT " + anchors + "/{fingerprint}", anchorAdmin, (*API).changeAnchor},
		{"DELETE " + anchors + "/{fingerprint}", anchorAdmin, (*API).deleteAnchor},

		{"GET /tenant/options", readOptions, (*API).listOptions},
		{"POST /tenant/options", options, (*API).addOption},
		{"GET /tenant/options/{category}", readOptions, (*API).readCategory},
		{"PUT /tenant/options/{category}", options, (*API).changeCategory},
		{"GET /tenant/options/{category}/{key}", readOptions, (*API).readOption},
		{"PUT /tenant/options/{category}/{key}", options, (*API).changeOption},
		{"DELETE /tenant/options/{category}/{key}", options, (*API).deleteOption},

		{"GET /user/{tenant}/users", readUsers, (*API).listUsers},
		{"GET /user/{tenant}/users/{user}", readUsers, (*API).readUser},
		{"PUT /user/{tenant}/users/{user}", users, (*API).changeUser},
		{"DELETE /user/{tenant}/users/{user}", users, (*API).deleteUser},

		{"GET /tenant/currentTenant", nil, (*API).currentTenant},
		{"GET /user/currentUser", nil, (*API).currentUser},
		{"POST /user/logout", nil, (*API).logout},
	} {
		a.mux.HandleFunc(r.pattern, a.route(r.roles, r.serve))
	}
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.write(w, r, answer{}, notFound("general/Not Found", "There is nothing at %s %s.", r.Method, r.URL.Path))
	})
	return a
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// A call is a request whose user is known.
type call struct {
	*http.Request
	tenant string
	user   registry.User
	// token is the one that the user came with; empty for who came with a password.
	token string
}

// route makes an http.HandlerFunc that asks who it is before it serves. Everything
// happens in the user's own tenant.
func (a *API) route(roles []string, serve func(*API, call) (answer, *problem)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		c, refused := a.identify(r)
		if refused == nil {
			refused = a.authorize(c, roles)
		}
		if refused != nil {
			a.config.Log.LogAttrs(context.Background(), slog.LevelInfo, "refused",
				slog.String("stage", "rest"), slog.Int("status", refused.status), slog.String("path", r.URL.Path))
			a.write(w, r, answer{}, refused)
			return
		}
		ans, refused := serve(a, c)
		a.write(w, r, ans, refused)
	}
}
