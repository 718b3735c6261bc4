package registry

import (
	"bytes"
	"strings"
)

// lastIDSetting is where a journal has the last number that was given out.
const lastIDSetting = "registry/last-id"

// Setting returns a setting of the whole platform. It must not be changed. Names are paths;
// the first part says whose setting it is.
func (r *Registry) Setting(name string) ([]byte, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	value, ok := r.settings[name]
	return value, ok
}

// Settings returns the settings whose names begin with prefix, by the rest of the name.
func (r *Registry) Settings(prefix string) map[string][]byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := map[string][]byte{}
	for name, value := range r.settings {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			out[rest] = value
		}
	}
	return out
}

// SetSetting sets a setting of the whole platform.
func (r *Registry) SetSetting(name string, value []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settings[name] = bytes.Clone(value)
	r.keep(func(b *batch) { b.put(kindSetting, value, name) })
}

// DeleteSettings removes settings of the whole platform; those that are not there are removed
// already.
func (r *Registry) DeleteSettings(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(func(b *batch) {
		for _, name := range names {
			b.remove(kindSetting, name)
		}
	})
	for _, name := range names {
		delete(r.settings, name)
	}
}
