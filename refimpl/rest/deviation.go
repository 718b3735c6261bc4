package rest

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/token"
)

// The deviations about users and requests that need more than a condition beside
// their rule. On a conforming platform every function here does what its first
// sentence says.

// has reports whether a deviation is switched on.
func (a *API) has(name string) bool { return a.config.Deviations.Has(name) }

// roleNotChecked names the deviation by which a method is open to every user.
func roleNotChecked(method string) string {
	switch method {
	case http.MethodPost:
		return deviation.RoleNotCheckedOnPost
	case http.MethodPut:
		return deviation.RoleNotCheckedOnPut
	case http.MethodDelete:
		return deviation.RoleNotCheckedOnDelete
	default:
		return deviation.RoleNotCheckedOnGet
	}
}

// tenantNotChecked names the deviation by which a method reaches every tenant.
func tenantNotChecked(method string) string {
	switch method {
	case http.MethodPost:
		return deviation.UploadsToOtherTenants
	case http.MethodPut:
		return deviation.ChangesOtherTenants
	case http.MethodDelete:
		return deviation.DeletesFromOthers
	default:
		return deviation.ReadsOtherTenants
	}
}

// authenticate returns the user who has this password.
func (a *API) authenticate(tenant, name, password string) (registry.User, bool) {
	if a.has(deviation.PasswordNotChecked) {
		user, ok := a.config.Registry.User(tenant, name)
		return user, ok && user.Login == registry.LoginPassword
	}
	return a.config.Registry.Authenticate(tenant, name, password)
}

// bearer returns whom a token opens for: its subject (DC-TOK-04, 09).
func (a *API) bearer(s token.Subject) token.Subject {
	switch {
	case a.has(deviation.TokenOpensAsAdmin):
		users := a.config.Registry.Users(s.Tenant)
		if i := slices.IndexFunc(users, func(u registry.User) bool { return !u.Device() }); i >= 0 {
			s.User = users[i].Name
		}
	case a.has(deviation.TokenTenantNotBound):
		for _, tenant := range a.config.Registry.Tenants() {
			if _, known := a.config.Registry.User(tenant, s.User); known {
				return token.Subject{Tenant: tenant, User: s.User}
			}
		}
	}
	return s
}

// whim is why a good request is refused: for nothing.
func (a *API) whim() *problem {
	if a.has(deviation.RESTFailsEveryTenth) && a.requests.Add(1)%10 == 0 {
		return refuse(http.StatusInternalServerError, "general/Internal Error", "It is the turn of a tenth request.")
	}
	return nil
}

// keepsUser reports whether a user outlives its deletion: none does (DC-REG-08, DC-TOK-09).
func (a *API) keepsUser(tenant, name string) bool {
	user, found := a.config.Registry.User(tenant, name)
	switch {
	case !found:
		return false
	case a.has(deviation.UserDeletionIgnored):
		return true
	case user.Device() && a.has(deviation.TokenOutlivesUser): // what it can do no more is log in
		a.config.Sessions.EndUser(tenant, name)
		_, err := a.config.Registry.RegisterDevice(tenant, strings.TrimPrefix(name, registry.DevicePrefix), registry.LoginPassword, rand.Text())
		return err == nil
	}
	return false
}

// shownFingerprint is the fingerprint of a trust anchor (DC-REST-06).
func (c call) shownFingerprint(a registry.Anchor) string {
	if c.deviations.Has(deviation.FingerprintOfKey) {
		return digest(a.Certificate)
	}
	return a.Fingerprint
}

func digest(c *x509.Certificate) string {
	sum := sha1.Sum(c.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}
