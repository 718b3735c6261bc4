package rest

import (
	"errors"
	"net/http"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// requestObject is a single registration as the API shows one.
func requestObject(c call, q registry.DeviceRequest) map[string]any {
	return map[string]any{"id": q.ID, "status": q.Status, "self": c.url("/devicecontrol/newDeviceRequests/" + q.ID)}
}

// addRequest begins a single registration. What comes of it logs in with a password
// (DC-REG-07).
func (a *API) addRequest(c call) (answer, *problem) {
	var body struct {
		ID string `json:"id"`
	}
	if p := c.decode(&body); p != nil {
		return answer{}, p
	}
	if fault := deviceIDFault(body.ID); fault != "" {
		return answer{}, unprocessable("devicecontrol/Unprocessable Entity", "The id %s.", fault)
	}
	q, err := a.config.Registry.AddDeviceRequest(c.tenant, body.ID)
	if err != nil {
		return answer{}, unprocessable("devicecontrol/Unprocessable Entity", "There is a newDeviceRequest of this id already.")
	}
	return created(requestObject(c, q)), nil
}

func (a *API) listRequests(c call) (answer, *problem) {
	return ok(page(c, "newDeviceRequests", a.config.Registry.DeviceRequests(c.tenant), func(q registry.DeviceRequest) any {
		return requestObject(c, q)
	})), nil
}

func (a *API) readRequest(c call) (answer, *problem) {
	for _, q := range a.config.Registry.DeviceRequests(c.tenant) {
		if q.ID == c.PathValue("id") {
			return ok(requestObject(c, q)), nil
		}
	}
	return answer{}, requestNotFound(c.PathValue("id"))
}

// changeRequest accepts a device, whether or not it has asked yet.
func (a *API) changeRequest(c call) (answer, *problem) {
	var body struct {
		Status registry.RequestStatus `json:"status"`
	}
	if p := c.decode(&body); p != nil {
		return answer{}, p
	}
	if body.Status != registry.Accepted {
		return answer{}, unprocessable("devicecontrol/Unprocessable Entity", "The status can be set to ACCEPTED only.")
	}
	q, err := a.config.Registry.SetDeviceRequest(c.tenant, c.PathValue("id"), body.Status)
	if err != nil {
		return answer{}, requestNotFound(c.PathValue("id"))
	}
	if a.has(deviation.SingleForCertificates) {
		_, _ = a.config.Registry.RegisterDevice(c.tenant, q.ID, registry.LoginCertificate, "") // the tenant is there
	}
	return ok(requestObject(c, q)), nil
}

func (a *API) deleteRequest(c call) (answer, *problem) {
	if err := a.config.Registry.DeleteDeviceRequest(c.tenant, c.PathValue("id")); err != nil {
		return answer{}, requestNotFound(c.PathValue("id"))
	}
	return noContent(), nil
}

// takeCredentials is what the device calls, again and again until it is accepted.
func (a *API) takeCredentials(c call) (answer, *problem) {
	var body struct {
		ID string `json:"id"`
	}
	if p := c.decode(&body); p != nil {
		return answer{}, p
	}
	password, err := a.config.Registry.TakeCredentials(c.tenant, body.ID)
	if errors.Is(err, registry.ErrNotAccepted) {
		return answer{}, refuse(http.StatusNotFound, "devicecontrol/Not Accepted", "The device is not accepted yet.")
	}
	if err != nil {
		return answer{}, requestNotFound(body.ID)
	}
	return created(map[string]any{
		"id": body.ID, "tenantId": c.tenant, "username": registry.DevicePrefix + body.ID, "password": password,
		"self": c.url("/devicecontrol/deviceCredentials/" + body.ID),
	}), nil
}

func requestNotFound(id string) *problem {
	return notFound("devicecontrol/Not Found", "Could not find newDeviceRequest by ID %s", id)
}
