package rest

import (
	"maps"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/token"
)

// listDevices knows the filters type and owner.
func (a *API) listDevices(c call) (answer, *problem) {
	query := c.URL.Query()
	var devices []registry.Device
	for _, d := range a.config.Registry.Devices(c.tenant) {
		if t, o := query.Get("type"), query.Get("owner"); (t == "" || t == d.Type) && (o == "" || o == d.Owner) {
			devices = append(devices, d)
		}
	}
	return ok(page(c, "managedObjects", devices, func(d registry.Device) any { return deviceObject(c, d) })), nil
}

func (a *API) readDevice(c call) (answer, *problem) {
	d, found := a.device(c)
	if !found {
		return answer{}, deviceNotFound(c)
	}
	return ok(deviceObject(c, d)), nil
}

// device finds the device that the path names.
func (a *API) device(c call) (registry.Device, bool) {
	for _, d := range a.config.Registry.Devices(c.tenant) {
		if d.ID == c.PathValue("id") {
			return d, true
		}
	}
	return registry.Device{}, false
}

// deleteDevice removes the device and, if withDeviceUser is set, its user.
func (a *API) deleteDevice(c call) (answer, *problem) {
	d, found := a.device(c)
	if !found || a.config.Registry.DeleteDevice(c.tenant, d.ID) != nil {
		return answer{}, deviceNotFound(c)
	}
	if c.URL.Query().Get("withDeviceUser") == "true" && a.config.Registry.DeleteUser(c.tenant, d.Owner) == nil {
		a.config.Sessions.EndUser(c.tenant, d.Owner)
		a.config.Tokens.EndAll(token.Subject{Tenant: c.tenant, User: d.Owner})
	}
	return noContent(), nil
}

func (a *API) readExternalID(c call) (answer, *problem) {
	d, found := a.config.Registry.Device(c.tenant, c.PathValue("type"), c.PathValue("externalID"))
	if !found {
		return answer{}, notFound("identity/Not Found", "External id not found.")
	}
	return ok(map[string]any{
		"type": d.ExternalType, "externalId": d.ExternalID, "self": c.url(c.URL.Path),
		"managedObject": map[string]any{"id": d.ID, "self": c.url("/inventory/managedObjects/" + d.ID)},
	}), nil
}

// deviceObject is a device as the inventory shows one.
func deviceObject(c call, d registry.Device) map[string]any {
	out := map[string]any{"c8y_IsDevice": map[string]any{}}
	maps.Copy(out, d.Properties)
	out["id"], out["name"], out["type"], out["owner"] = d.ID, d.Name, d.Type, d.Owner
	out["self"] = c.url("/inventory/managedObjects/" + d.ID)
	return out
}

func deviceNotFound(c call) *problem {
	return notFound("inventory/notFound", "Finding device data from database failed : No managedObject for id '%s'!", c.PathValue("id"))
}
