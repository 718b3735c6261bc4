// Package rest is the HTTP side of the reference platform: trust anchors, tenant
// options, users, registration of devices, inventory and audit, in the form that the
// API of the real platform has.
//
// An API is an http.Handler; its routes are in tables. A route's function gets a call,
// whose user is known and has one of the roles that the table asks for, and returns
// an answer or a problem.
package rest

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
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
	deviceControlAdmin    = "ROLE_DEVICE_CONTROL_ADMIN"
	deviceControlRead     = "ROLE_DEVICE_CONTROL_READ"
	deviceBootstrap       = "ROLE_DEVICE_BOOTSTRAP"
	inventoryAdmin        = "ROLE_INVENTORY_ADMIN"
	inventoryRead         = "ROLE_INVENTORY_READ"
	identityAdmin         = "ROLE_IDENTITY_ADMIN"
	identityRead          = "ROLE_IDENTITY_READ"
	auditRead             = "ROLE_AUDIT_READ"
)

// Sessions is where sessions are ended that have lost what they live on. A
// *broker.Broker is one.
type Sessions interface {
	EndAnchor(tenant, fingerprint string)
	EndUser(tenant, user string)
}

// Config says what the API works on. Fields without a default are required.
type Config struct {
	Registry *registry.Registry
	Tokens   *token.Issuer
	Sessions Sessions
	// Rules returns the rules of the moment; uploads are held against them.
	Rules func() trust.Rules
	// Host is the platform's host name, the domain of every tenant.
	Host string
	// Now is the clock of the audit records.
	Now func() time.Time
	Log *slog.Logger
	// Knobs hold requests up where a tester wants it.
	Knobs *stage.Knobs
	// Deviations are the clauses to break. Default none.
	Deviations deviation.Set
	// MaxBody bounds a request's body in bytes, MaxJSON one of JSON. Default 32 MiB, which is
	// what a list of many thousand devices needs, and 1 MiB.
	MaxBody, MaxJSON int64
}

// An API answers REST requests. It is safe for concurrent use.
type API struct {
	config   Config
	mux      *http.ServeMux
	requests atomic.Int64
}

// A route is one line of the API.
type route struct {
	pattern string
	// roles are those of which the user needs one; none: every user.
	roles []string
	serve func(*API, call) (answer, *problem)
}

// New returns the API.
func New(c Config) *API {
	c.MaxBody, c.MaxJSON = cmp.Or(c.MaxBody, 32<<20), cmp.Or(c.MaxJSON, 1<<20)
	a := &API{config: c, mux: http.NewServeMux()}
	for _, r := range slices.Concat(anchorRoutes(c.Deviations), tenantRoutes(), deviceRoutes()) {
		a.mux.HandleFunc(r.pattern, a.handler(r))
	}
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.write(w, r, answer{}, notFound("general/Not Found", "There is nothing at %s %s.", r.Method, r.URL.Path))
	})
	return a
}

func anchorRoutes(d deviation.Set) []route {
	const anchors = "/tenant/tenants/{tenant}/trusted-certificates"
	write := []string{tenantAdmin, tenantManagementAdmin} // DC-REST-02
	switch {
	case d.Has(deviation.RefusesManagementAdmin):
		write = write[:1]
	case d.Has(deviation.RefusesTenantAdmin):
		write = write[1:]
	}
	read := []string{tenantAdmin, tenantManagementAdmin, tenantManagementRead}
	return []route{
		{"POST " + anchors, write, (*API).addAnchor},
		{"GET " + anchors, read, (*API).listAnchors},
		{"GET " + anchors + "/{fingerprint}", read, (*API).readAnchor},
		{"PUT " + anchors + "/{fingerprint}", write, (*API).changeAnchor},
		{"DELETE " + anchors + "/{fingerprint}", write, (*API).deleteAnchor},
	}
}

func tenantRoutes() []route {
	options, readOptions := []string{optionAdmin}, []string{optionAdmin, optionRead}
	users, readUsers := []string{userAdmin}, []string{userAdmin, userRead}
	return []route{
		{"GET /tenant/options", readOptions, (*API).listOptions},
		{"POST /tenant/options", options, (*API).addOption},
		{"GET /tenant/options/{category}", readOptions, (*API).readCategory},
		{"PUT /tenant/options/{category}", options, (*API).changeCategory},
		{"GET /tenant/options/{category}/{key}", readOptions, (*API).readOption},
		{"PUT /tenant/options/{category}/{key}", options, (*API).changeOption},
		{"DELETE /tenant/options/{category}/{key}", options, (*API).deleteOption},

		{"GET /user/{tenant}/users", readUsers, (*API).listUsers},
		{"GET /user/{tenant}/users/{user}", readUsers, (*API).readUser},
		{"GET /user/{tenant}/userByName/{user}", readUsers, (*API).readUser}, // name and id are one
		{"PUT /user/{tenant}/users/{user}", users, (*API).changeUser},
		{"DELETE /user/{tenant}/users/{user}", users, (*API).deleteUser},

		{"GET /audit/auditRecords", []string{auditRead}, (*API).listAudit},
		{"GET /tenant/currentTenant", nil, (*API).currentTenant},
		{"GET /user/currentUser", nil, (*API).currentUser},
		{"POST /user/logout", nil, (*API).logout},
	}
}

func deviceRoutes() []route {
	const requests, objects = "/devicecontrol/newDeviceRequests", "/inventory/managedObjects"
	register, readRequests := []string{deviceControlAdmin}, []string{deviceControlAdmin, deviceControlRead}
	return []route{
		{"POST /devicecontrol/bulkNewDeviceRequests", register, (*API).bulkRegister},
		{"POST " + requests, register, (*API).addRequest},
		{"GET " + requests, readRequests, (*API).listRequests},
		{"GET " + requests + "/{id}", readRequests, (*API).readRequest},
		{"PUT " + requests + "/{id}", register, (*API).changeRequest},
		{"DELETE " + requests + "/{id}", register, (*API).deleteRequest},
		{"POST /devicecontrol/deviceCredentials", []string{deviceBootstrap}, (*API).takeCredentials},

		{"GET " + objects, []string{inventoryAdmin, inventoryRead}, (*API).listDevices},
		{"GET " + objects + "/{id}", []string{inventoryAdmin, inventoryRead}, (*API).readDevice},
		{"DELETE " + objects + "/{id}", []string{inventoryAdmin}, (*API).deleteDevice},
		{"GET /identity/externalIds/{type}/{externalID}", []string{identityAdmin, identityRead}, (*API).readExternalID},
	}
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
	// deviations are those of Config.
	deviations deviation.Set
	// maxJSON bounds a body of JSON.
	maxJSON int64
}

// maxShown bounds, in bytes, what the log shows of a text that a client may choose.
const maxShown = 160

// tell logs a refusal. The message is one of ours; what it repeats is no secret.
func (a *API) tell(r *http.Request, p *problem) {
	a.config.Log.Info("refused", "stage", "rest", "reason", p.Code, "status", p.status, "addr", r.RemoteAddr,
		"method", r.Method, "path", excerpt(r.URL.Path), "detail", excerpt(p.Message))
}

func excerpt(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// handler makes an http.HandlerFunc that asks who it is before it serves. Everything
// happens in the user's own tenant.
func (a *API) handler(route route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.config.Knobs.Wait(r.Context().Done(), stage.HTTP)
		// In a copy: as long as its own request has its own body, net/http sees how much of it is
		// still to come, and does not wait for that before it answers.
		r = r.WithContext(r.Context())
		r.Body = http.MaxBytesReader(w, r.Body, a.config.MaxBody)
		c, refused := a.identify(r)
		c.deviations = a.config.Deviations
		if refused == nil {
			refused = a.authorize(&c, route.roles)
		}
		if refused == nil {
			refused = a.whim()
		}
		c.maxJSON = a.config.MaxJSON
		if refused != nil {
			a.tell(r, refused)
			a.write(w, r, answer{}, refused)
			return
		}
		ans, refused := route.serve(a, c)
		if err := a.config.Registry.Sync(); err != nil { // nobody hears of what may be lost
			a.config.Log.Error("keep data", "reason", "data-not-kept", "err", err)
			ans, refused = answer{}, refuse(http.StatusServiceUnavailable, "general/Service Unavailable", "The platform cannot keep data.")
		}
		if refused != nil {
			a.tell(r, refused)
		}
		a.write(w, r, ans, refused)
	}
}
