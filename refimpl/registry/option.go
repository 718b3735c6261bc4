package registry

import (
	"cmp"
	"fmt"
	"slices"
)

// An Option is one setting of a tenant. Values are strings; what they mean is up to
// whoever reads them.
type Option struct {
	Category string `yaml:"category" json:"category"`
	Key      string `yaml:"key" json:"key"`
	Value    string `yaml:"value" json:"value"`
}

type optionKey struct{ category, key string }

// Option returns the value of a tenant option.
func (r *Registry) Option(tenantID, category, key string) (string, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t := r.tenants[tenantID]
	if t == nil {
		return "", false
	}
	v, ok := t.options[optionKey{category, key}]
	return v, ok
}

// Options returns the options of a tenant by category and key.
func (r *Registry) Options(tenantID string) []Option {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t := r.tenants[tenantID]
	if t == nil {
		return nil
	}
	out := make([]Option, 0, len(t.options))
	for k, v := range t.options {
		out = append(out, Option{k.category, k.key, v})
	}
	slices.SortFunc(out, func(a, b Option) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// SetOption sets a tenant option. The error is ErrNoTenant.
func (r *Registry) SetOption(tenantID string, o Option) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return fmt.Errorf("set option %s/%s: %w", o.Category, o.Key, ErrNoTenant)
	}
	t.options[optionKey{o.Category, o.Key}] = o.Value
	return nil
}

// DeleteOption removes a tenant option. The error is ErrNotFound.
func (r *Registry) DeleteOption(tenantID, category, key string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return fmt.Errorf("delete option %s/%s: %w", category, key, ErrNotFound)
	}
	k := optionKey{category, key}
	if _, ok := t.options[k]; !ok {
		return fmt.Errorf("delete option %s/%s: %w", category, key, ErrNotFound)
	}
	delete(t.options, k)
	return nil
}
