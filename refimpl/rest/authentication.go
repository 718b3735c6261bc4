package rest

import (
	"net/http"
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// identify finds out who is asking: by Basic with tenant/user and password, or by
// Bearer with a device's token (DC-TOK-04).
func (a *API) identify(r *http.Request) (call, *problem) {
	if name, password, ok := r.BasicAuth(); ok {
		return a.identifyPassword(r, name, password)
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme == "" && a.has(deviation.AnonymousIsAdmin) {
		return call{Request: r, tenant: r.PathValue("tenant"), user: registry.User{Roles: []string{tenantAdmin}}}, nil
	}
	if !strings.EqualFold(scheme, "Bearer") || a.has(deviation.TokenNotForHTTP) {
		return call{}, a.unauthorized()
	}
	s, err := a.config.Tokens.Verify(token)
	if err != nil { // DC-TOK-09
		return call{}, a.unauthorized()
	}
	s = a.bearer(s)
	user, ok := a.config.Registry.User(s.Tenant, s.User)
	if !ok || !user.Enabled && !a.has(deviation.TokenOfDisabledUser) { // a token is good as long as its user is
		return call{}, a.unauthorized()
	}
	return call{Request: r, tenant: s.Tenant, user: user, token: token}, nil
}

// identifyPassword takes a user name without a tenant too, where it means one user only.
func (a *API) identifyPassword(r *http.Request, name, password string) (call, *problem) {
	if tenant, bare, ok := strings.Cut(name, "/"); ok {
		user, ok := a.authenticate(tenant, bare, password)
		if !ok {
			return call{}, a.unauthorized()
		}
		return call{Request: r, tenant: tenant, user: user}, nil
	}
	var found []call
	for _, tenant := range a.config.Registry.Tenants() {
		if user, ok := a.authenticate(tenant, name, password); ok {
			found = append(found, call{Request: r, tenant: tenant, user: user})
		}
	}
	if len(found) != 1 {
		return call{}, a.unauthorized()
	}
	return found[0], nil
}

// authorize checks role and tenant (DC-REST-03, DC-TRUST-01).
func (a *API) authorize(c *call, roles []string) *problem {
	if len(roles) > 0 && !c.user.HasRole(roles...) && !a.has(roleNotChecked(c.Method)) {
		return forbidden()
	}
	tenant := c.PathValue("tenant")
	switch {
	case tenant == "" || tenant == c.tenant:
		return nil
	case a.has(tenantNotChecked(c.Method)):
		c.tenant = tenant
		return nil
	case !a.config.Registry.HasTenant(tenant):
		return notFound("security/Not Found", "There is no tenant with id = %s", tenant)
	default:
		return forbidden()
	}
}

func (a *API) currentTenant(c call) (answer, *problem) {
	return ok(map[string]any{
		"name": c.tenant, "domainName": a.config.Host, "allowCreateTenants": false,
		"customProperties": map[string]any{},
	}), nil
}

func (a *API) currentUser(c call) (answer, *problem) { return ok(userObject(c, c.user)), nil }

// logout ends the token that it is called with; with a password there is nothing to end.
func (a *API) logout(c call) (answer, *problem) {
	if c.token != "" {
		if err := a.config.Tokens.End(c.token); err != nil {
			return answer{}, a.unauthorized()
		}
	}
	return ok(nil), nil
}

// userObject is a user as the API shows one: never with a password.
func userObject(c call, u registry.User) map[string]any {
	roles := make([]map[string]string, len(u.Roles))
	for i, r := range u.Roles {
		roles[i] = map[string]string{"id": r, "name": r, "self": c.url("/user/roles/" + r)}
	}
	return map[string]any{
		"id": u.Name, "userName": u.Name, "enabled": u.Enabled, "shouldResetPassword": false,
		"effectiveRoles": roles, "self": c.url("/user/" + c.tenant + "/users/" + u.Name),
	}
}
