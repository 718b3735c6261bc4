// Package registry is what the reference platform remembers: tenants, and for
// each its trust anchors, its users (people and devices), its options, its inventory
// and its audit records.
//
// It judges nothing: whether a certificate may be an anchor, or a user may do something, is
// decided by those who ask. Everything handed out is a copy; a Registry is safe for
// concurrent use.
//
// Everything is in memory. A Registry that was opened on a Journal tells it of each change as
// well, and a later one on the same journal begins with what that has. Changes show at
// once; Sync says when they will outlive the process.
package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Errors that a caller may want to tell apart.
var (
	// ErrNoTenant says that there is no tenant of that id.
	ErrNoTenant = errors.New("no such tenant")
	// ErrDuplicate says that the certificate is an anchor already, of this tenant or another.
	ErrDuplicate = errors.New("certificate is already a trust anchor")
	// ErrTooMany says that a tenant has as many anchors as it may.
	ErrTooMany = errors.New("too many trust anchors")
	// ErrNotFound says that there is no such anchor, user or option.
	ErrNotFound = errors.New("not found")
)

// A TenantConfig describes a tenant as it is at the start.
type TenantConfig struct {
	// ID names the tenant in URLs, user names and tokens. Required, unique.
	ID string `yaml:"id"`
	// Users are the people who may use the REST API. Optional.
	Users []UserConfig `yaml:"users"`
	// Options are the tenant options set from the start. Optional.
	Options []Option `yaml:"options"`
}

// A UserConfig describes a person who may log in with a password.
type UserConfig struct {
	// Name is the user name without the tenant. Required, unique in its tenant.
	Name string `yaml:"user"`
	// Password is kept as it is: the reference platform must be able to tell it to a test.
	Password string `yaml:"password"`
	// Roles are the platform's role names, ROLE_TENANT_ADMIN and the like.
	Roles []string `yaml:"roles"`
}

// A Registry holds the state of every tenant.
type Registry struct {
	// anchorVersion changes whenever the set of enabled anchors may have changed.
	anchorVersion atomic.Uint64
	journal       Journal // nil: everything is in memory only

	mu sync.RWMutex // guards all below
	// lastID numbers what has a number or an order: devices, audit records, anchors.
	lastID int
	// settings are those of the whole platform.
	settings map[string][]byte
	// unkept is why something could not be handed to the journal.
	unkept error
	// maxAnchors bounds the anchors of a tenant; 0: no bound.
	maxAnchors int
	// order keeps the tenants as they were configured.
	order   []string
	tenants map[string]*tenant
	// anchors finds anchors by the SHA-256 of the whole certificate, over all tenants.
	anchors map[[sha256.Size]byte][]*Anchor
}

type tenant struct {
	id       string
	anchors  []*Anchor // in order of upload
	users    map[string]*User
	options  map[optionKey]string
	devices  map[externalID]Device
	requests []DeviceRequest
	audit    []AuditRecord // the latest last
}

// New returns a registry with the given tenants, in memory. Every fault of the configuration
// is reported.
func New(configs []TenantConfig) (*Registry, error) { return Open(nil, configs) }

// Open returns a registry that a journal keeps; nil is for memory. A tenant that the journal
// has stays as it is there, whatever the configuration says of it, since its people and
// options may have been changed; the configuration adds those that are missing. It adds all
// of them or, if there is a fault in any, none.
func Open(j Journal, configs []TenantConfig) (*Registry, error) {
	r := &Registry{
		journal: j, tenants: map[string]*tenant{}, anchors: map[[sha256.Size]byte][]*Anchor{}, settings: map[string][]byte{},
	}
	if j != nil {
		if err := r.restore(); err != nil {
			return nil, err
		}
	}
	var errs []error
	known := len(r.order)
	for _, c := range configs {
		if !slices.Contains(r.order[:known], c.ID) {
			errs = append(errs, r.addTenant(c))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	r.keep(func(b *batch) {
		for i, id := range r.order[known:] {
			b.tenant(id, known+i, r.tenants[id])
		}
	})
	return r, nil
}

// tenant writes a new tenant, which has people and options only.
func (b *batch) tenant(id string, order int, t *tenant) {
	b.put(kindTenant, tenantRow{order}, id)
	for _, u := range t.users {
		b.user(id, u)
	}
	for k, v := range t.options {
		b.put(kindOption, v, id, k.category, k.key)
	}
}

func newTenant(id string) *tenant {
	return &tenant{id: id, users: map[string]*User{}, options: map[optionKey]string{}, devices: map[externalID]Device{}}
}

func (r *Registry) addTenant(c TenantConfig) error {
	if c.ID == "" {
		return errors.New("tenant without id")
	}
	if r.tenants[c.ID] != nil {
		return fmt.Errorf("tenant %q is configured twice", c.ID)
	}
	t := newTenant(c.ID)
	for _, u := range c.Users {
		if u.Name == "" || u.Password == "" {
			return fmt.Errorf("tenant %q: user %q needs a name and a password", c.ID, u.Name)
		}
		if t.users[u.Name] != nil {
			return fmt.Errorf("tenant %q: user %q is configured twice", c.ID, u.Name)
		}
		t.users[u.Name] = &User{Name: u.Name, password: u.Password, Roles: slices.Clone(u.Roles), Enabled: true}
	}
	for _, o := range c.Options {
		t.options[optionKey{o.Category, o.Key}] = o.Value
	}
	r.tenants[c.ID] = t
	r.order = append(r.order, c.ID)
	return nil
}

// Tenants returns the ids of all tenants, as they were configured.
func (r *Registry) Tenants() []string { return slices.Clone(r.order) }

// TenantConfigs returns every tenant as a configuration would have to describe it: its people,
// by name and with their passwords, and its options.
func (r *Registry) TenantConfigs() []TenantConfig {
	out := make([]TenantConfig, 0, len(r.order))
	for _, id := range r.Tenants() {
		c := TenantConfig{ID: id, Options: r.Options(id)}
		for _, u := range r.Users(id) {
			if !u.Device() {
				c.Users = append(c.Users, UserConfig{Name: u.Name, Password: u.password, Roles: slices.Clone(u.Roles)})
			}
		}
		out = append(out, c)
	}
	return out
}

// HasTenant reports whether there is a tenant of that id.
func (r *Registry) HasTenant(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.tenants[id] != nil
}
