// Package registry is what the reference platform remembers: tenants, and for
// each its trust anchors, its users (people and devices), its options, its inventory
// and its audit records.
//
// It keeps everything in memory and judges nothing: whether a certificate may be
// an anchor, or a user may do something, is decided by those who ask. Everything
// handed out is a copy; a Registry is safe for concurrent use.
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

	mu sync.RWMutex // guards all below
	// lastID numbers devices and audit records.
	lastID int
	// order keeps the tenants as they were configured.
	order   []string
	tenants map[string]*tenant
	// anchors finds anchors by the SHA-256 of the whole certificate, over all tenants.
	anchors map[[sha256.Size]byte][]*Anchor
}

type tenant struct {
	anchors  []*Anchor // in order of upload
	users    map[string]*User
	options  map[optionKey]string
	devices  map[externalID]Device
	requests []DeviceRequest
	audit    []AuditRecord // the latest last
}

// New returns a registry with the given tenants. Every fault of the configuration is reported.
func New(configs []TenantConfig) (*Registry, error) {
	r := &Registry{tenants: map[string]*tenant{}, anchors: map[[sha256.Size]byte][]*Anchor{}}
	var errs []error
	for _, c := range configs {
		errs = append(errs, r.addTenant(c))
	}
	return r, errors.Join(errs...)
}

func (r *Registry) addTenant(c TenantConfig) error {
	if c.ID == "" {
		return errors.New("tenant without id")
	}
	if r.tenants[c.ID] != nil {
		return fmt.Errorf("tenant %q is configured twice", c.ID)
	}
	t := &tenant{users: map[string]*User{}, options: map[optionKey]string{}, devices: map[externalID]Device{}}
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

// HasTenant reports whether there is a tenant of that id.
func (r *Registry) HasTenant(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.tenants[id] != nil
}
