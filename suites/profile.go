package suites

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A Profile says which clauses a run is about.
type Profile struct {
	Name    string
	Summary string
	// without are the clauses, or the families of clauses, that do not bind under
	// this profile.
	without []string
}

// Profiles returns every profile, the default first.
func Profiles() []Profile {
	return []Profile{
		{Name: "device-certificates", Summary: "the whole specification"},
		{
			Name:    "broker",
			Summary: "a plain MQTT broker: what a TLS stack and an identity rule can do",
			without: []string{"DC-CHAIN-01", "DC-CHAIN-09", "DC-CHAIN-10", "DC-CHAIN-11", "DC-REST", "DC-REG", "DC-TOK", "DC-UI", "DC-TLS-03"},
		},
	}
}

// ProfileByName returns a profile; "" names the default.
func ProfileByName(name string) (Profile, error) {
	profiles := Profiles()
	if name == "" {
		return profiles[0], nil
	}
	names := make([]string, 0, len(profiles))
	for _, p := range profiles {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("unknown profile %q: want %s", name, strings.Join(names, " or "))
}

// Binds reports whether a clause is part of the profile.
func (p Profile) Binds(id string) bool {
	family := id[:strings.LastIndex(id, "-")]
	return !slices.Contains(p.without, id) && !slices.Contains(p.without, family)
}

// Selects reports whether a spec belongs to the profile: the clause that it is
// about, its first, must bind. On a target whose policy ignores the Client
// Identifier the rule about it is no part of the profile broker.
func (p Profile) Selects(s Spec, policy target.Policy) bool {
	if len(s.Clauses) == 0 || !p.Binds(s.Clauses[0]) {
		return false
	}
	if p.Name == "broker" && policy.ClientID == target.ClientIDAny {
		return !strings.HasPrefix(s.Clauses[0], "DC-ID")
	}
	return true
}

// A Runnable is a spec at one point of its axes, which gets one result.
type Runnable struct{ ID, Spec string }

// Runnables returns all that the profile can run against the target, costly
// specs too.
func (p Profile) Runnables(specs []Spec, t *target.Target) []Runnable {
	var all []Runnable
	for _, v := range variants(specs, t.MQTT.Versions) {
		if p.Selects(v.spec, t.Policy) {
			all = append(all, Runnable{ID: v.id(), Spec: v.spec.ID})
		}
	}
	return all
}

// untested says of each clause that no spec proves why that is so.
func (p Profile) untested(c clause.Clause) string {
	switch {
	case c.Binds == clause.Device:
		return "binds the device: proven on our own device by its tests"
	case c.Binds == clause.Tool:
		return "binds the certificate tool: proven on our own factory by its tests"
	case !p.Binds(c.ID):
		return "no part of the profile " + p.Name
	}
	return ""
}
