package suites

import (
	"context"
	"net/http"

	"github.com/chainmail-iot/chainmail/suites/target"
)

// DeleteUser deletes the user of the device with this Client Identifier in the
// first tenant; the spec is inconclusive where the platform does not do it.
func (e *Env) DeleteUser(ctx context.Context, clientID string) {
	e.prepared("deletion of the device user", e.Target.Users().DeleteUser(ctx, 0, DeviceUser(clientID)),
		e.step(0, http.MethodDelete, func(tenant string) string { return target.UserPath(tenant, DeviceUser(clientID)) }, nil))
}

// DisableUser disables the user of a device, as DeleteUser deletes it.
func (e *Env) DisableUser(ctx context.Context, clientID string) {
	e.prepared("disabling of the device user", e.Target.Users().DisableUser(ctx, 0, DeviceUser(clientID)),
		e.step(0, http.MethodPut, func(tenant string) string { return target.UserPath(tenant, DeviceUser(clientID)) }, map[string]any{"enabled": false}))
}

// Registered notes that bulk registration may have made this device in the first
// tenant, and its user; both are deleted at the end of the run.
func (e *Env) Registered(clientID string) {
	e.session.registered(clientID)
	e.Made(clientID)
}

// Made notes that the platform may have made the user of this device, which is
// deleted at the end of the run: in the first tenant, and in those whose trust
// anchors the spec uses.
func (e *Env) Made(clientID string) {
	for tenant := range e.trial.tenants + 1 {
		e.session.madeUser(tenant, clientID)
	}
}
