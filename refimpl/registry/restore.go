package registry

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// The rows of a journal. What is in the key is not in the row.
type (
	tenantRow struct {
		Order int `json:"order"`
	}
	userRow struct {
		Roles    []string `json:"roles"`
		Enabled  bool     `json:"enabled"`
		Login    Login    `json:"login"`
		Password string   `json:"password,omitempty"`
	}
	anchorRow struct {
		Order            int    `json:"order"`
		Certificate      []byte `json:"certificate"`
		Name             string `json:"name"`
		Enabled          bool   `json:"enabled"`
		AutoRegistration bool   `json:"autoRegistration"`
	}
	requestRow struct {
		Order  int           `json:"order"`
		Status RequestStatus `json:"status"`
	}
)

// restore reads everything that the journal has.
func (r *Registry) restore() error {
	for _, read := range []func() error{
		r.restoreTenants, r.restoreSettings, r.restoreUsers, r.restoreOptions,
		r.restoreAnchors, r.restoreDevices, r.restoreRequests, r.restoreAudit,
	} {
		if err := read(); err != nil {
			return fmt.Errorf("restore registry: %w", err)
		}
	}
	return nil
}

// each decodes every row of a kind, whose key has n parts.
func each[T any](r *Registry, kind string, n int, use func(key []string, row T) error) error {
	return r.journal.Each(kind, func(key string, value []byte) error {
		parts, err := splitKey(key, n)
		if err != nil {
			return err
		}
		var row T
		if err := json.Unmarshal(value, &row); err != nil {
			return fmt.Errorf("decode row %s of %s: %w", key, kind, err)
		}
		return use(parts, row)
	})
}

// eachOfTenant is each for rows whose key begins with a tenant; the key is the rest of it.
func eachOfTenant[T any](r *Registry, kind string, n int, use func(t *tenant, key []string, row T) error) error {
	return each(r, kind, n, func(key []string, row T) error {
		t := r.tenants[key[0]]
		if t == nil {
			return fmt.Errorf("row %q of %s: %w", key, kind, ErrNoTenant)
		}
		return use(t, key[1:], row)
	})
}

func (r *Registry) restoreTenants() error {
	order := map[string]int{}
	err := each(r, kindTenant, 1, func(key []string, row tenantRow) error {
		r.tenants[key[0]], order[key[0]] = newTenant(key[0]), row.Order
		r.order = append(r.order, key[0])
		return nil
	})
	slices.SortFunc(r.order, func(a, b string) int { return cmp.Compare(order[a], order[b]) })
	return err
}

func (r *Registry) restoreSettings() error {
	err := r.journal.Each(kindSetting, func(key string, value []byte) error {
		name, err := splitKey(key, 1)
		if err != nil {
			return err
		}
		if name[0] == lastIDSetting {
			return json.Unmarshal(value, &r.lastID)
		}
		var setting []byte
		err = json.Unmarshal(value, &setting)
		r.settings[name[0]] = setting
		return err
	})
	return err
}

func (r *Registry) restoreUsers() error {
	return eachOfTenant(r, kindUser, 2, func(t *tenant, key []string, row userRow) error {
		t.users[key[0]] = &User{Name: key[0], Roles: row.Roles, Enabled: row.Enabled, Login: row.Login, password: row.Password}
		return nil
	})
}

func (r *Registry) restoreOptions() error {
	return eachOfTenant(r, kindOption, 3, func(t *tenant, key []string, value string) error {
		t.options[optionKey{key[0], key[1]}] = value
		return nil
	})
}

func (r *Registry) restoreAnchors() error {
	err := eachOfTenant(r, kindAnchor, 2, func(t *tenant, key []string, row anchorRow) error {
		certificate, err := x509.ParseCertificate(row.Certificate)
		if err != nil {
			return fmt.Errorf("anchor %q: %w", key, err)
		}
		a := &Anchor{
			Tenant: t.id, Certificate: certificate, Fingerprint: Fingerprint(certificate), Name: row.Name,
			Enabled: row.Enabled, AutoRegistration: row.AutoRegistration, order: row.Order,
		}
		t.anchors = append(t.anchors, a)
		sum := sha256.Sum256(certificate.Raw)
		r.anchors[sum] = append(r.anchors[sum], a)
		return nil
	})
	for _, t := range r.tenants {
		slices.SortFunc(t.anchors, func(a, b *Anchor) int { return cmp.Compare(a.order, b.order) })
	}
	return err
}

func (r *Registry) restoreDevices() error {
	return eachOfTenant(r, kindDevice, 3, func(t *tenant, key []string, d Device) error {
		t.devices[externalID{key[0], key[1]}] = d
		return nil
	})
}

func (r *Registry) restoreRequests() error {
	err := eachOfTenant(r, kindRequest, 2, func(t *tenant, key []string, row requestRow) error {
		t.requests = append(t.requests, DeviceRequest{ID: key[0], Status: row.Status, order: row.Order})
		return nil
	})
	for _, t := range r.tenants {
		slices.SortFunc(t.requests, func(a, b DeviceRequest) int { return cmp.Compare(a.order, b.order) })
	}
	return err
}

func (r *Registry) restoreAudit() error {
	err := eachOfTenant(r, kindAudit, 2, func(t *tenant, _ []string, record AuditRecord) error {
		t.audit = append(t.audit, record)
		return nil
	})
	for _, t := range r.tenants {
		slices.SortFunc(t.audit, func(a, b AuditRecord) int { return cmp.Compare(asNumber(a.ID), asNumber(b.ID)) })
	}
	return err
}

// asNumber reads an id that the registry gave out.
func asNumber(id string) int {
	n, _ := strconv.Atoi(id)
	return n
}
