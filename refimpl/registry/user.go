package registry

import (
	"cmp"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
)

// DevicePrefix is what the name of every device user begins with; the rest is the
// device's common name.
const DevicePrefix = "device_"

// A Login says how a user proves who they are.
type Login int

// The ways to log in.
const (
	// LoginPassword is a user name and a password (AUTH_TYPE BASIC for a device).
	LoginPassword Login = iota
	// LoginCertificate is a client certificate (AUTH_TYPE CERTIFICATES).
	LoginCertificate
)

// A User is a person or a device of one tenant.
type User struct {
	// Name is the user name without the tenant; that of a device begins with DevicePrefix.
	Name string
	// Roles are the platform's role names.
	Roles []string
	// Enabled is false for a user who may not log in or call the API.
	Enabled bool
	// Login says how the user logs in.
	Login Login

	password string
}

// Device reports whether the user is a device.
func (u User) Device() bool { return strings.HasPrefix(u.Name, DevicePrefix) }

// HasRole reports whether the user has one of the roles.
func (u User) HasRole(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(u.Roles, r) })
}

// deviceRoles are those that the real platform gives to a device.
func deviceRoles() []string {
	return []string{
		"ROLE_DEVICE", "ROLE_IDENTITY_ADMIN", "ROLE_IDENTITY_READ", "ROLE_EVENT_READ",
		"ROLE_INVENTORY_READ", "ROLE_INVENTORY_CREATE", "ROLE_DEVICE_CONTROL_READ",
		"ROLE_MEASUREMENT_READ", "ROLE_AUDIT_READ", "ROLE_ALARM_READ",
		"ROLE_USER_MANAGEMENT_OWN_READ", "ROLE_USER_MANAGEMENT_OWN_ADMIN",
	}
}

// User returns a user of a tenant.
func (r *Registry) User(tenantID, name string) (User, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if u := r.user(tenantID, name); u != nil {
		return *u, true
	}
	return User{}, false
}

// user needs the lock.
func (r *Registry) user(tenantID, name string) *User {
	if t := r.tenants[tenantID]; t != nil {
		return t.users[name]
	}
	return nil
}

// Users returns the users of a tenant, by name.
func (r *Registry) Users(tenantID string) []User {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t := r.tenants[tenantID]
	if t == nil {
		return nil
	}
	out := make([]User, 0, len(t.users))
	for _, u := range t.users {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b User) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Authenticate returns the enabled user who has this password.
func (r *Registry) Authenticate(tenantID, name, password string) (User, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	u := r.user(tenantID, name)
	if u == nil || !u.Enabled || u.Login != LoginPassword {
		return User{}, false
	}
	if subtle.ConstantTimeCompare([]byte(u.password), []byte(password)) != 1 {
		return User{}, false
	}
	return *u, true
}

// RegisterDevice makes the user of a device, or changes how an existing one logs in, and
// reports whether it is new. The password counts for LoginPassword only.
func (r *Registry) RegisterDevice(tenantID, device string, login Login, password string) (created bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return false, fmt.Errorf("register device %q: %w", device, ErrNoTenant)
	}
	created = t.putDeviceUser(device, login, password)
	r.keepUser(tenantID, t.users[DevicePrefix+device])
	return created, nil
}

// keepUser needs the lock.
func (r *Registry) keepUser(tenantID string, u *User) {
	r.keep(func(b *batch) { b.user(tenantID, u) })
}

func (b *batch) user(tenantID string, u *User) {
	b.put(kindUser, userRow{Roles: u.Roles, Enabled: u.Enabled, Login: u.Login, Password: u.password}, tenantID, u.Name)
}

// putDeviceUser needs the lock.
func (t *tenant) putDeviceUser(device string, login Login, password string) (created bool) {
	name := DevicePrefix + device
	if u := t.users[name]; u != nil {
		u.Login, u.password = login, password
		return false
	}
	t.users[name] = &User{Name: name, Roles: deviceRoles(), Enabled: true, Login: login, password: password}
	return true
}

// EnsureDevice makes the user of a device that logs in by certificate unless there is a
// user of that name already, and returns whichever there is then.
func (r *Registry) EnsureDevice(tenantID, device string) (u User, created bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return User{}, false, fmt.Errorf("register device %q: %w", device, ErrNoTenant)
	}
	name := DevicePrefix + device
	if u := t.users[name]; u != nil {
		return *u, false, nil
	}
	made := &User{Name: name, Roles: deviceRoles(), Enabled: true, Login: LoginCertificate}
	t.users[name] = made
	r.keepUser(tenantID, made)
	return *made, true, nil
}

// SetEnabled enables or disables a user. The error is ErrNotFound.
func (r *Registry) SetEnabled(tenantID, name string, enabled bool) (User, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.user(tenantID, name)
	if u == nil {
		return User{}, fmt.Errorf("change user %q: %w", name, ErrNotFound)
	}
	u.Enabled = enabled
	r.keepUser(tenantID, u)
	return *u, nil
}

// DeleteUser removes a user. The error is ErrNotFound.
func (r *Registry) DeleteUser(tenantID, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.user(tenantID, name) == nil {
		return fmt.Errorf("delete user %q: %w", name, ErrNotFound)
	}
	delete(r.tenants[tenantID].users, name)
	r.keep(func(b *batch) { b.remove(kindUser, tenantID, name) })
	return nil
}
