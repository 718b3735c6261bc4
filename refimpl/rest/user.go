package rest

import (
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/token"
)

// listUsers knows the filters username (a prefix) and onlyDevices. Without the latter it
// lists no devices at all, as the real platform has it.
func (a *API) listUsers(c call) (answer, *problem) {
	query := c.URL.Query()
	var users []registry.User
	for _, u := range a.config.Registry.Users(c.tenant) {
		if u.Device() == (query.Get("onlyDevices") == "true") && strings.HasPrefix(u.Name, query.Get("username")) {
			users = append(users, u)
		}
	}
	return ok(page(c, "users", users, func(u registry.User) any { return userObject(c, u) })), nil
}

func (a *API) readUser(c call) (answer, *problem) {
	u, found := a.config.Registry.User(c.tenant, c.PathValue("user"))
	if !found || u.Device() && a.has(deviation.HidesDeviceUsers) {
		return answer{}, userNotFound()
	}
	return ok(userObject(c, u)), nil
}

// changeUser enables or disables a user. A device that is disabled loses its
// connection, as the real platform has it.
func (a *API) changeUser(c call) (answer, *problem) {
	var req struct {
		Enabled *bool `json:"enabled"`
	}
	if p := c.decode(&req); p != nil {
		return answer{}, p
	}
	if req.Enabled == nil {
		return a.readUser(c)
	}
	u, err := a.config.Registry.SetEnabled(c.tenant, c.PathValue("user"), *req.Enabled)
	if err != nil {
		return answer{}, userNotFound()
	}
	if !u.Enabled {
		a.config.Sessions.EndUser(c.tenant, u.Name)
	}
	return ok(userObject(c, u)), nil
}

// deleteUser ends what the user has: sessions and tokens (DC-REG-08).
func (a *API) deleteUser(c call) (answer, *problem) {
	name := c.PathValue("user")
	if a.keepsUser(c.tenant, name) {
		return noContent(), nil
	}
	if err := a.config.Registry.DeleteUser(c.tenant, name); err != nil {
		return answer{}, userNotFound()
	}
	if !a.has(deviation.DeletedUserKeepsSession) {
		a.config.Sessions.EndUser(c.tenant, name)
	}
	if !a.has(deviation.TokenOfEarlierUser) {
		a.config.Tokens.EndAll(token.Subject{Tenant: c.tenant, User: name})
	}
	return noContent(), nil
}

func userNotFound() *problem { return notFound("users/Not Found", "User not found.") }
