// Package trust decides whether the chain that a device presents makes it a device
// of some tenant. It is the specification's chapter on chains, in code.
//
// On this platform the list of certificates that the device sends is the
// certification path: device first, every certificate followed by the one that
// signed it, the uploaded certificate among them (DC-CHAIN-01, 09). Nothing is
// searched or built; Rules.Walk reads the list once from front to back, and each
// rule is one line that can be held against a clause. What a walk finds is a Path
// or a Refusal.
//
// The walk has no side effects: it runs inside the TLS handshake, before the device
// has proved that it holds its key. Who the device is (CommonName, MatchClientID)
// is asked later, at CONNECT.
package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// DefaultMaxLength is the maximum chain length of the specification: device and CA
// certificate, no intermediate (DC-CHAIN-10).
const DefaultMaxLength = 2

// Anchors is where trust anchors are looked up. A *registry.Registry is one.
type Anchors interface {
	// AnchorsWithDigest returns the anchors whose certificate has this SHA-256.
	AnchorsWithDigest(sum [sha256.Size]byte) []registry.Anchor
	// AnchorsWhere returns the anchors whose certificates match.
	AnchorsWhere(match func(*x509.Certificate) bool) []registry.Anchor
}

// Rules are what a walk goes by.
type Rules struct {
	// Anchors holds what the tenants uploaded. Required.
	Anchors Anchors
	// MaxLength is the greatest number of certificates in a chain, device and anchor
	// included. Default DefaultMaxLength.
	MaxLength int
	// AnchorOptional admits a device certificate presented alone if the certificate that
	// signed it was uploaded, as the platform does since 2024. Default false: the anchor
	// must be presented (DC-CHAIN-01).
	AnchorOptional bool
	// Now is the moment that certificates must be valid at. Required.
	Now time.Time
	// Deviations are the rules to break. Default none.
	Deviations deviation.Set
}

// A Path is a chain that was found good.
type Path struct {
	// Leaf is the device's own certificate.
	Leaf *x509.Certificate
	// Anchor is the uploaded certificate that the device hangs on; its tenant is the device's.
	Anchor registry.Anchor
}

// Walk judges a chain as it was presented. Exactly one of the results is meant: if the
// refusal is nil the path is good.
func (r Rules) Walk(presented []*x509.Certificate) (Path, *Refusal) {
	if refusal := r.length(presented); refusal != nil {
		return Path{}, refusal
	}
	chain, at, anchors := r.findAnchor(r.arranged(presented))
	if len(anchors) == 0 {
		return Path{}, refuse(AnchorNotPresented, len(presented)-1, "no certificate of the chain was uploaded")
	}
	for i, c := range chain {
		if refusal := r.certificate(c, i); refusal != nil {
			return Path{}, refusal
		}
		if refusal := r.besideAnchor(c, i, at); refusal != nil {
			return Path{}, refusal
		}
		if refusal := r.dislike(c, i); refusal != nil {
			return Path{}, refusal
		}
	}
	if refusal := r.links(chain); refusal != nil && !r.Deviations.Has(deviation.AnchorAnywhereSuffices) {
		return Path{}, refusal
	}
	if at == 0 && len(chain) > 1 {
		return Path{}, refuse(LeafIsAnchor, 0, "the device certificate is itself uploaded, yet more follow it")
	}
	if refusal := r.leaf(chain[0]); refusal != nil {
		return Path{}, refusal
	}
	if refusal := r.constraints(chain); refusal != nil {
		return Path{}, refusal
	}
	anchor, refusal := r.tenant(anchors, at)
	if refusal != nil {
		return Path{}, refusal
	}
	return Path{Leaf: chain[0], Anchor: anchor}, nil
}

// length comes first so that a chain of any size costs nothing (DC-CHAIN-10, 11).
func (r Rules) length(presented []*x509.Certificate) *Refusal {
	limit := r.limit()
	if len(presented) == 0 {
		return refuse(NoCertificate, 0, "no certificate was presented")
	}
	if r.counted(presented) > limit && !r.Deviations.Has(deviation.IgnoresMaxLength) {
		return refuse(ChainTooLong, limit, "%d certificates, at most %d", len(presented), limit)
	}
	return nil
}

// limit is the greatest number of certificates in a chain.
func (r Rules) limit() int {
	switch {
	case r.MaxLength == 0 || r.Deviations.Has(deviation.IgnoresLengthSetting): // DC-CHAIN-11
		return DefaultMaxLength
	case r.Deviations.Has(deviation.RefusesDeepChains): // DC-CHAIN-03
		return min(r.MaxLength, 5)
	}
	return r.MaxLength
}

// findAnchor returns the chain to walk, the place of its anchor (the uploaded certificate
// nearest to the device, whatever its status) and who uploaded it. The chain is what
// was presented, save where an anchor that was not presented counts as if it were.
func (r Rules) findAnchor(presented []*x509.Certificate) (chain []*x509.Certificate, at int, found []registry.Anchor) {
	for i, c := range presented {
		if found := r.uploaded(c); len(found) > 0 {
			return presented, i, found
		}
	}
	if r.Deviations.Has(deviation.TrustsAnyRoot) { // DC-CHAIN-14
		return presented, len(presented) - 1, first(r.Anchors.AnchorsWhere(whichever))
	}
	leafAlone := r.AnchorOptional && len(presented) == 1
	if !leafAlone && !r.Deviations.Has(deviation.AnchorNeedNotBePresented) { // DC-CHAIN-01
		return presented, 0, nil
	}
	last := presented[len(presented)-1]
	for _, a := range r.Anchors.AnchorsWhere(named(last.RawIssuer)) {
		if signed(last, a.Certificate) == nil {
			chain = append(presented[:len(presented):len(presented)], a.Certificate)
			return chain, len(presented), r.Anchors.AnchorsWithDigest(sha256.Sum256(a.Certificate.Raw))
		}
	}
	return presented, 0, nil
}

// uploaded returns who uploaded a certificate: this very one. One with the same name and
// key is another certificate.
func (r Rules) uploaded(c *x509.Certificate) []registry.Anchor {
	switch {
	case r.Deviations.Has(deviation.TrustsBySubject): // DC-CHAIN-14
		return first(r.Anchors.AnchorsWhere(named(c.RawSubject)))
	case r.Deviations.Has(deviation.TrustsByKey): // DC-CHAIN-14
		return first(r.Anchors.AnchorsWhere(withKey(c.RawSubjectPublicKeyInfo)))
	case !selfIssued(c) && r.Deviations.Has(deviation.AnchorMustBeSelfSigned): // DC-TRUST-06
		return nil
	}
	return r.Anchors.AnchorsWithDigest(sha256.Sum256(c.Raw))
}

// tenant finds the one tenant whose enabled anchor it is (DC-TRUST-01, 02, 07; DC-ID-02).
func (r Rules) tenant(anchors []registry.Anchor, at int) (registry.Anchor, *Refusal) {
	var enabled []registry.Anchor
	for _, a := range anchors {
		if r.Admits(a) {
			enabled = append(enabled, a)
		}
	}
	switch len(enabled) {
	case 0:
		return registry.Anchor{}, refuse(AnchorDisabled, at, "the trust anchor %s is disabled", anchors[0].Fingerprint)
	case 1:
		return enabled[0], nil
	default:
		return registry.Anchor{}, refuse(TenantAmbiguous, at, "%d tenants uploaded the trust anchor", len(enabled))
	}
}

// Admits reports whether an anchor admits anybody at all (DC-TRUST-07).
func (r Rules) Admits(a registry.Anchor) bool {
	return a.Enabled || r.Deviations.Has(deviation.AdmitsDisabledAnchor)
}

// besideAnchor asks nothing about who trusts the other CA certificates of a chain: one that
// was uploaded is enough, and more do no harm (DC-TRUST-09).
func (r Rules) besideAnchor(c *x509.Certificate, i, at int) *Refusal {
	all, one := r.Deviations.Has(deviation.EveryCAMustBeTrusted), r.Deviations.Has(deviation.RefusesTwoAnchors)
	if i == 0 || i == at || !all && !one {
		return nil
	}
	switch uploaded := len(r.Anchors.AnchorsWithDigest(sha256.Sum256(c.Raw))) > 0; {
	case all && !uploaded:
		return refuse(AnchorNotPresented, i, "not uploaded")
	case one && uploaded:
		return refuse(AnchorNotPresented, i, "uploaded too")
	}
	return nil
}

// A Refusal says why a chain or an identity was not accepted.
type Refusal struct {
	// Reason is the rule that was broken.
	Reason Reason
	// Index is the place in the chain of the certificate at fault; 0 is the device's own.
	Index int
	// Detail says more, for logs.
	Detail string
}

// Error makes a Refusal fit to end a TLS handshake.
func (r *Refusal) Error() string {
	return fmt.Sprintf("certificate %d: %s: %s", r.Index, r.Reason, r.Detail)
}

func refuse(reason Reason, index int, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Index: index, Detail: fmt.Sprintf(format, args...)}
}
