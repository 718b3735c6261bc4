package registry

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
)

// An Anchor is a CA certificate that a tenant has uploaded and trusts.
type Anchor struct {
	// Tenant is the id of the tenant that uploaded it.
	Tenant string
	// Certificate is the anchor itself. It is never changed.
	Certificate *x509.Certificate
	// Fingerprint is the SHA-1 of the certificate in lower-case hex, the name of the
	// anchor in the REST API. It names, it does not identify: identity is the whole certificate.
	Fingerprint string
	// Name is the tenant's own label. It means nothing to the platform.
	Name string
	// Enabled says whether the anchor admits devices (status ENABLED).
	Enabled bool
	// AutoRegistration says whether an unknown device under this anchor gets its user
	// at its first MQTT connection (DC-REG-01).
	AutoRegistration bool

	order int // of upload
}

// An AnchorUpdate changes an anchor; what is nil stays as it is.
type AnchorUpdate struct {
	Name             *string
	Enabled          *bool
	AutoRegistration *bool
}

// Fingerprint returns the name that the REST API gives to a certificate.
func Fingerprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return hex.EncodeToString(sum[:])
}

// AddAnchor adds a trust anchor and returns it with its fingerprint filled in. The error
// is ErrNoTenant, ErrDuplicate or ErrTooMany: a certificate is an anchor at most once on the
// whole platform, and a tenant has no more of them than SetMaxAnchors allows.
func (r *Registry) AddAnchor(a Anchor) (Anchor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[a.Tenant]
	if t == nil {
		return Anchor{}, fmt.Errorf("add anchor to %q: %w", a.Tenant, ErrNoTenant)
	}
	sum := sha256.Sum256(a.Certificate.Raw)
	if len(r.anchors[sum]) > 0 {
		return Anchor{}, fmt.Errorf("add anchor to %q: %w", a.Tenant, ErrDuplicate)
	}
	if r.maxAnchors > 0 && len(t.anchors) >= r.maxAnchors {
		return Anchor{}, fmt.Errorf("add anchor to %q: %w", a.Tenant, ErrTooMany)
	}
	r.lastID++
	a.Fingerprint, a.order = Fingerprint(a.Certificate), r.lastID
	t.anchors = append(t.anchors, &a)
	r.anchors[sum] = append(r.anchors[sum], &a)
	r.keepAnchor(&a)
	r.anchorVersion.Add(1)
	return a, nil
}

// SetMaxAnchors bounds how many anchors a tenant may have, enabled or not; 0 is for no bound. A
// tenant that has more keeps them.
func (r *Registry) SetMaxAnchors(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.maxAnchors = n
}

// keepAnchor needs the lock.
func (r *Registry) keepAnchor(a *Anchor) {
	r.keep(func(b *batch) {
		b.number(r.lastID)
		b.put(kindAnchor, anchorRow{
			Order: a.order, Certificate: a.Certificate.Raw, Name: a.Name, Enabled: a.Enabled, AutoRegistration: a.AutoRegistration,
		}, a.Tenant, a.Fingerprint)
	})
}

// Anchors returns the anchors of a tenant in order of upload.
func (r *Registry) Anchors(tenantID string) []Anchor {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t := r.tenants[tenantID]
	if t == nil {
		return nil
	}
	out := make([]Anchor, len(t.anchors))
	for i, a := range t.anchors {
		out[i] = *a
	}
	return out
}

// Anchor returns the anchor of a tenant that has the given fingerprint.
func (r *Registry) Anchor(tenantID, fingerprint string) (Anchor, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if a := r.anchor(tenantID, fingerprint); a != nil {
		return *a, true
	}
	return Anchor{}, false
}

// anchor needs the lock.
func (r *Registry) anchor(tenantID, fingerprint string) *Anchor {
	t := r.tenants[tenantID]
	if t == nil {
		return nil
	}
	i := slices.IndexFunc(t.anchors, func(a *Anchor) bool { return a.Fingerprint == fingerprint })
	if i < 0 {
		return nil
	}
	return t.anchors[i]
}

// UpdateAnchor changes an anchor and returns it as it is then. The error is ErrNotFound.
func (r *Registry) UpdateAnchor(tenantID, fingerprint string, u AnchorUpdate) (Anchor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.anchor(tenantID, fingerprint)
	if a == nil {
		return Anchor{}, fmt.Errorf("update anchor %s of %q: %w", fingerprint, tenantID, ErrNotFound)
	}
	if u.Name != nil {
		a.Name = *u.Name
	}
	if u.Enabled != nil {
		a.Enabled = *u.Enabled
	}
	if u.AutoRegistration != nil {
		a.AutoRegistration = *u.AutoRegistration
	}
	r.keepAnchor(a)
	r.anchorVersion.Add(1)
	return *a, nil
}

// DeleteAnchor removes an anchor. The error is ErrNotFound. Sessions that live on it
// are the caller's to end.
func (r *Registry) DeleteAnchor(tenantID, fingerprint string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.anchor(tenantID, fingerprint)
	if a == nil {
		return fmt.Errorf("delete anchor %s of %q: %w", fingerprint, tenantID, ErrNotFound)
	}
	same := func(x *Anchor) bool { return x == a }
	t := r.tenants[tenantID]
	t.anchors = slices.DeleteFunc(t.anchors, same)
	sum := sha256.Sum256(a.Certificate.Raw)
	if rest := slices.DeleteFunc(r.anchors[sum], same); len(rest) > 0 {
		r.anchors[sum] = rest
	} else {
		delete(r.anchors, sum)
	}
	r.keep(func(b *batch) { b.remove(kindAnchor, a.Tenant, a.Fingerprint) })
	r.anchorVersion.Add(1)
	return nil
}

// AnchorsWithDigest returns the anchors, of whatever tenant and status, whose whole
// certificate has the given SHA-256.
func (r *Registry) AnchorsWithDigest(sum [sha256.Size]byte) []Anchor {
	r.mu.RLock()
	defer r.mu.RUnlock()
	found := r.anchors[sum]
	if len(found) == 0 {
		return nil
	}
	out := make([]Anchor, len(found))
	for i, a := range found {
		out[i] = *a
	}
	return out
}

// AnchorsWhere returns the anchors, of whatever tenant and status, whose certificates
// match.
func (r *Registry) AnchorsWhere(match func(*x509.Certificate) bool) []Anchor {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []Anchor
	for _, id := range r.order {
		for _, a := range r.tenants[id].anchors {
			if match(a.Certificate) {
				out = append(out, *a)
			}
		}
	}
	return out
}

// AnchorVersion returns a number that is another one after every change to an anchor.
func (r *Registry) AnchorVersion() uint64 { return r.anchorVersion.Load() }
