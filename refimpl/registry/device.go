package registry

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// SerialType is the type of external id by which a device is known by default.
const SerialType = "c8y_Serial"

// A Device is what the inventory shows of a device: its managed object. It is not
// its user; either may be there without the other.
type Device struct {
	// ID is the platform's own number for it.
	ID string
	// Name and Type are what the device or its registration says.
	Name, Type string
	// Owner is the name of the device user.
	Owner string
	// ExternalType and ExternalID are how the device is known outside.
	ExternalType, ExternalID string
	// Properties are further fragments, as JSON has them. They must not be changed.
	Properties map[string]any
}

// An externalID is how a device is known outside.
type externalID struct{ kind, id string }

// PutDevice enters a device, or changes the one that has the same external id: name and
// type where they are given, and the given properties. It reports whether the device is
// new. The id of d is of no account. The error is ErrNoTenant.
func (r *Registry) PutDevice(tenantID string, d Device) (stored Device, created bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return Device{}, false, fmt.Errorf("enter device %q: %w", d.ExternalID, ErrNoTenant)
	}
	key := externalID{d.ExternalType, d.ExternalID}
	old, known := t.devices[key]
	if !known {
		r.lastID++
		d.ID = strconv.Itoa(r.lastID)
		d.Properties = maps.Clone(d.Properties)
		t.devices[key] = d
		r.keepDevice(tenantID, key, d)
		return d, true, nil
	}
	old.Name, old.Type = cmp.Or(d.Name, old.Name), cmp.Or(d.Type, old.Type)
	if len(d.Properties) > 0 {
		merged := maps.Clone(d.Properties)
		for name, value := range old.Properties {
			if _, replaced := merged[name]; !replaced {
				merged[name] = value
			}
		}
		old.Properties = merged
	}
	t.devices[key] = old
	r.keepDevice(tenantID, key, old)
	return old, false, nil
}

// keepDevice needs the lock.
func (r *Registry) keepDevice(tenantID string, key externalID, d Device) {
	r.keep(func(b *batch) {
		b.number(r.lastID)
		b.put(kindDevice, d, tenantID, key.kind, key.id)
	})
}

// Devices returns the devices of a tenant in the order in which they came.
func (r *Registry) Devices(tenantID string) []Device {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t := r.tenants[tenantID]
	if t == nil {
		return nil
	}
	return slices.SortedFunc(maps.Values(t.devices), func(a, b Device) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID)) // as numbers
	})
}

// Device returns the device that is known outside by that kind of id.
func (r *Registry) Device(tenantID, kind, id string) (Device, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if t := r.tenants[tenantID]; t != nil {
		d, ok := t.devices[externalID{kind, id}]
		return d, ok
	}
	return Device{}, false
}

// DeleteDevice removes a device by the platform's own number. The error is ErrNotFound. Its
// user stays.
func (r *Registry) DeleteDevice(tenantID, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.tenants[tenantID]; t != nil {
		for key, d := range t.devices {
			if d.ID == id {
				delete(t.devices, key)
				r.keep(func(b *batch) { b.remove(kindDevice, tenantID, key.kind, key.id) })
				return nil
			}
		}
	}
	return fmt.Errorf("delete device %q: %w", id, ErrNotFound)
}
