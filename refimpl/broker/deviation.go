package broker

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"strings"
	"sync"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/token"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// The deviations that need more than a condition beside their rule. On a conforming
// platform every function here gives what its first sentence says.

// has reports whether a deviation is switched on.
func (c *client) has(name string) bool { return c.broker.config.Deviations.Has(name) }

// tenantOf returns whose device a client is: that of the anchor (DC-TRUST-02, DC-ID-02).
func (c *client) tenantOf(device string) string {
	r := c.broker.config.Registry
	switch {
	case c.has(deviation.AnchorOfFirstTenant):
		return r.Tenants()[0]
	case c.has(deviation.TenantOfKnownDevice):
		for _, tenant := range r.Tenants() {
			if _, known := r.User(tenant, registry.DevicePrefix+device); known {
				return tenant
			}
		}
	}
	return c.path.Anchor.Tenant
}

// registers reports whether an unknown device under an anchor gets its user (DC-REG-02, 03).
func (c *client) registers(a registry.Anchor) bool {
	switch {
	case c.has(deviation.AlwaysRegisters):
		return true
	case c.has(deviation.FlagPlatformWide):
		return slices.ContainsFunc(c.broker.config.Registry.Anchors(a.Tenant), func(other registry.Anchor) bool { return other.AutoRegistration })
	}
	return a.AutoRegistration
}

// registerEarly makes the user of a device before it is known to be one: on no
// conforming platform (DC-REG-01).
func (c *client) registerEarly(leaf *x509.Certificate) {
	name, fault := c.broker.rules().CommonName(leaf)
	switch {
	case fault != nil:
	case c.refusal != nil && c.has(deviation.RegistersRefused):
		c.broker.register(c.broker.config.Registry.Tenants()[0], name)
	case c.refusal == nil && c.path.Anchor.AutoRegistration && c.has(deviation.RegistersAtHandshake):
		c.broker.register(c.path.Anchor.Tenant, name)
	}
}

// register makes the user of a device.
func (b *Broker) register(tenant, device string) {
	if _, _, err := b.config.Registry.EnsureDevice(tenant, device); err != nil {
		b.config.Log.Error("register device", "device", device, "err", err)
	}
}

// anchorsOf returns where the broker looks anchors up: the registry.
func anchorsOf(c Config) trust.Anchors {
	switch d := c.Deviations; {
	case d.Has(deviation.DeletionNeedsRestart):
		return &stale{Anchors: c.Registry, gone: func(a registry.Anchor) registry.Anchor { return a }}
	case d.Has(deviation.DeletionSparesKnown):
		return &stale{Anchors: c.Registry, gone: func(a registry.Anchor) registry.Anchor { a.AutoRegistration = false; return a }}
	case d.Has(deviation.CountsFirstAnchors):
		return firstPage{c.Registry}
	case d.Has(deviation.FlagNeedsRestart):
		return &stale{Anchors: c.Registry, changed: func(old, now registry.Anchor) registry.Anchor {
			now.AutoRegistration = old.AutoRegistration
			return now
		}}
	}
	return c.Registry
}

// stale remembers anchors as they were found first.
type stale struct {
	trust.Anchors
	first sync.Map // [sha256.Size]byte to []registry.Anchor
	// gone is what becomes of an anchor that was deleted; nil: nothing.
	gone func(registry.Anchor) registry.Anchor
	// changed is what becomes of one that is still there; nil: it is as it is.
	changed func(old, now registry.Anchor) registry.Anchor
}

// AnchorsWithDigest is that of trust.Anchors.
func (s *stale) AnchorsWithDigest(sum [sha256.Size]byte) []registry.Anchor {
	found := s.Anchors.AnchorsWithDigest(sum)
	first, known := s.first.Load(sum)
	switch {
	case !known && len(found) > 0:
		s.first.Store(sum, slices.Clone(found))
	case known && len(found) == 0 && s.gone != nil:
		for _, a := range first.([]registry.Anchor) {
			found = append(found, s.gone(a))
		}
	case known && len(found) == 1 && s.changed != nil:
		found[0] = s.changed(first.([]registry.Anchor)[0], found[0])
	}
	return found
}

// subject is whom a token for the client is made out to (DC-TOK-04).
func (c *client) subject() token.Subject {
	s := token.Subject{Tenant: c.admission.tenant, User: c.admission.user}
	if c.has(deviation.TokenNamesClientID) {
		s.User = c.admission.device
	}
	return s
}

// tokenMessage is what a token comes as on s/dat (DC-TOK-02, 03).
func (c *client) tokenMessage(token string) string {
	switch {
	case c.has(deviation.TokenMessage70):
		return "70," + token
	case c.has(deviation.TokenWithoutPrefix):
		return token
	case c.has(deviation.TokenEndsLine):
		token += "\n"
	case c.has(deviation.TokenPadded):
		token = padded(token)
	case c.has(deviation.TokenStandardBase64):
		token = strings.NewReplacer("-", "+", "_", "/").Replace(padded(token))
	}
	return "71," + token
}

// padded writes the parts of a compact JWT with the padding that it leaves out.
func padded(token string) string {
	parts := strings.Split(token, ".")
	for i, part := range parts {
		parts[i] += strings.Repeat("=", -len(part)&3)
	}
	return strings.Join(parts, ".")
}

// overhearers are the sessions that a token is delivered to besides its own: none on a
// conforming platform (DC-TOK-10).
func (c *client) overhearers() []*client {
	switch {
	case c.has(deviation.TokenReachesAll):
		return c.broker.sessions.others(c, func(*client) bool { return true })
	case c.has(deviation.WildcardsOverhear):
		return c.broker.sessions.others(c, func(other *client) bool { return other.wild.Load() })
	}
	return nil
}

// firstPage is a registry of which only the anchors count that a tenant has uploaded
// first.
type firstPage struct{ *registry.Registry }

const pageOfAnchors = 900

// AnchorsWithDigest is that of trust.Anchors.
func (p firstPage) AnchorsWithDigest(sum [sha256.Size]byte) []registry.Anchor {
	return slices.DeleteFunc(p.Registry.AnchorsWithDigest(sum), func(a registry.Anchor) bool {
		uploaded := p.Anchors(a.Tenant)
		return !slices.ContainsFunc(uploaded[:min(pageOfAnchors, len(uploaded))], func(b registry.Anchor) bool { return a.Fingerprint == b.Fingerprint })
	})
}
