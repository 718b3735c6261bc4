package registry

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
)

// A RequestStatus is how far the single registration of a device has come.
type RequestStatus string

// The states of a single registration.
const (
	WaitingForConnection RequestStatus = "WAITING_FOR_CONNECTION" // nobody has asked yet
	PendingAcceptance    RequestStatus = "PENDING_ACCEPTANCE"     // the device has asked
	Accepted             RequestStatus = "ACCEPTED"               // a person has agreed
)

// ErrNotAccepted says that a device may not have its credentials yet.
var ErrNotAccepted = errors.New("device request is not accepted")

// A DeviceRequest is the single registration of one device. It ends in a user with a
// password: single registration is not for certificates (DC-REG-07).
type DeviceRequest struct {
	// ID is the device's identifier.
	ID     string
	Status RequestStatus

	order int // in which they came
}

// AddDeviceRequest begins a single registration. The error is ErrNoTenant or ErrDuplicate.
func (r *Registry) AddDeviceRequest(tenantID, id string) (DeviceRequest, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return DeviceRequest{}, fmt.Errorf("request device %q: %w", id, ErrNoTenant)
	}
	if t.request(id) >= 0 {
		return DeviceRequest{}, fmt.Errorf("request device %q: %w", id, ErrDuplicate)
	}
	r.lastID++
	request := DeviceRequest{ID: id, Status: WaitingForConnection, order: r.lastID}
	t.requests = append(t.requests, request)
	r.keepRequest(tenantID, request)
	return request, nil
}

// keepRequest needs the lock.
func (r *Registry) keepRequest(tenantID string, q DeviceRequest) {
	r.keep(func(b *batch) {
		b.number(r.lastID)
		b.put(kindRequest, requestRow{Order: q.order, Status: q.Status}, tenantID, q.ID)
	})
}

func (t *tenant) request(id string) int {
	return slices.IndexFunc(t.requests, func(q DeviceRequest) bool { return q.ID == id })
}

// DeviceRequests returns the single registrations of a tenant that are under way.
func (r *Registry) DeviceRequests(tenantID string) []DeviceRequest {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if t := r.tenants[tenantID]; t != nil {
		return slices.Clone(t.requests)
	}
	return nil
}

// SetDeviceRequest changes the state of a single registration. The error is ErrNotFound.
func (r *Registry) SetDeviceRequest(tenantID, id string, status RequestStatus) (DeviceRequest, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.tenants[tenantID]; t != nil {
		if i := t.request(id); i >= 0 {
			t.requests[i].Status = status
			r.keepRequest(tenantID, t.requests[i])
			return t.requests[i], nil
		}
	}
	return DeviceRequest{}, fmt.Errorf("change device request %q: %w", id, ErrNotFound)
}

// DeleteDeviceRequest drops a single registration. The error is ErrNotFound.
func (r *Registry) DeleteDeviceRequest(tenantID, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.tenants[tenantID]; t != nil {
		if i := t.request(id); i >= 0 {
			t.requests = slices.Delete(t.requests, i, i+1)
			r.keep(func(b *batch) { b.remove(kindRequest, tenantID, id) })
			return nil
		}
	}
	return fmt.Errorf("delete device request %q: %w", id, ErrNotFound)
}

// TakeCredentials is the device's side of a single registration: it asks for its password.
// The first time that makes the request wait for acceptance; once it is accepted
// it makes the user, with the password that is returned, and the request is over. The
// error is ErrNotFound or ErrNotAccepted.
func (r *Registry) TakeCredentials(tenantID, id string) (password string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return "", fmt.Errorf("take credentials of %q: %w", id, ErrNotFound)
	}
	i := t.request(id)
	if i < 0 {
		return "", fmt.Errorf("take credentials of %q: %w", id, ErrNotFound)
	}
	if t.requests[i].Status != Accepted {
		t.requests[i].Status = PendingAcceptance
		r.keepRequest(tenantID, t.requests[i])
		return "", fmt.Errorf("take credentials of %q: %w", id, ErrNotAccepted)
	}
	t.requests = slices.Delete(t.requests, i, i+1)
	password = rand.Text()
	t.putDeviceUser(id, LoginPassword, password)
	r.keep(func(b *batch) {
		b.remove(kindRequest, tenantID, id)
		b.user(tenantID, t.users[DevicePrefix+id])
	})
	return password, nil
}
