package suites

import (
	"context"
	"net/http"
)

// DeleteUser deletes the user of the device with this Client Identifier in the
// first tenant; the spec is inconclusive where the platform does not do it.
func (e *Env) DeleteUser(ctx context.Context, clientID string) {
	response := e.AskAdmin(ctx, RolePreamble, http.MethodDelete, usersPath(e.Tenant(0).ID, DeviceUser(clientID)), nil)
	if response.Status/100 != 2 {
		e.Inconclusive("DELETE of the device user answered %d", response.Status)
	}
}

// DisableUser disables the user of a device, as DeleteUser deletes it.
func (e *Env) DisableUser(ctx context.Context, clientID string) {
	path := usersPath(e.Tenant(0).ID, DeviceUser(clientID))
	response := e.AskAdmin(ctx, RolePreamble, http.MethodPut, path, map[string]any{"enabled": false})
	if response.Status/100 != 2 {
		e.Inconclusive("PUT of the device user answered %d", response.Status)
	}
}

// Made notes that the platform may have made the user of this device, which is
// deleted at the end of the run.
func (e *Env) Made(clientID string) { e.session.madeUser(clientID) }
