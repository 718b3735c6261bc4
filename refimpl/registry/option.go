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

// SetOptions sets tenant options, all or, where that is the error, none: ErrNoTenant.
func (r *Registry) SetOptions(tenantID string, options ...Option) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return fmt.Errorf("set options of %q: %w", tenantID, ErrNoTenant)
	}
	for _, o := range options {
		t.options[optionKey{o.Category, o.Key}] = o.Value
	}
	r.keep(func(b *batch) {
		for _, o := range options {
			b.put(kindOption, o.Value, tenantID, o.Category, o.Key)
		}
	})
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
	r.keep(func(b *batch) { b.remove(kindOption, tenantID, category, key) })
	return nil
}
