package suites

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A Profile says which clauses a run is about, and what it expects otherwise than
// the specification.
type Profile struct {
	Name    string
	Summary string
	// MaxChainLength is the longest chain that is accepted by default, where the
	// target file does not say (DC-CHAIN-10).
	MaxChainLength int
	// AnchorOptional: a device may leave out the trust anchor that issued its certificate.
	AnchorOptional bool
	// Without are the clauses, or the families of clauses, that do not bind.
	Without []Exclusion
	// Texts are clauses that ask for something else, by their ids.
	Texts map[string]string
	// Amendments are specs that expect something else.
	Amendments []Amendment
	// MustRun are ids of specs without whose verdict a run is incomplete.
	MustRun []string
}

// An Exclusion is a clause, or a family of clauses, that does not bind.
type Exclusion struct {
	Clause string `json:"clause"`
	Reason string `json:"reason"`
}

// An Amendment is what a profile expects of one case otherwise than the catalogue.
type Amendment struct {
	Spec        string            `json:"spec"` // id of the spec that runs the case
	Expectation cases.Expectation `json:"expectation"`
	Clauses     []string          `json:"clauses"` // what the spec is about then
	Reason      string            `json:"reason"`
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
	return p.Excludes(id) == ""
}

// Excludes says why a clause is no part of the profile; "" where it is one.
func (p Profile) Excludes(id string) string {
	family := id[:strings.LastIndex(id, "-")]
	for _, e := range p.Without {
		if e.Clause == id || e.Clause == family {
			return e.Reason
		}
	}
	return ""
}

// Amend returns the spec as the profile has it.
func (p Profile) Amend(s Spec) Spec {
	i := slices.IndexFunc(p.Amendments, func(a Amendment) bool { return a.Spec == s.ID })
	c, ok := cases.ByID(s.Case)
	if i < 0 || !ok {
		return s
	}
	a := p.Amendments[i]
	c.Expectation, c.Clauses = a.Expectation, a.Clauses
	if !c.Expectation.Refuse() {
		c.Control = "" // only a refusal needs its good twin
	}
	amended := FromCase(s.Family(), c)
	amended.Needs = s.Needs
	return amended
}

// Text is what the clause asks for under the profile.
func (p Profile) Text(c clause.Clause) string {
	if text, ok := p.Texts[c.ID]; ok {
		return text
	}
	return c.Text
}

// mustRun are those of the runs without whose verdict the run is incomplete.
func (p Profile) mustRun(selected []variant) []string {
	var ids []string
	for _, v := range selected {
		if slices.Contains(p.MustRun, v.spec.ID) {
			ids = append(ids, v.id())
		}
	}
	return ids
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

// amend returns all specs as the profile has them.
func (p Profile) amend(specs []Spec) []Spec {
	amended := make([]Spec, len(specs))
	for i, s := range specs {
		amended[i] = p.Amend(s)
	}
	return amended
}

// A Runnable is a spec at one point of its axes, which gets one result.
type Runnable struct{ ID, Spec string }

// Runnables returns all that the profile can run against the target, costly
// specs too.
func (p Profile) Runnables(specs []Spec, t *target.Target) []Runnable {
	var all []Runnable
	for _, v := range variants(p.amend(specs), t.MQTT.Versions) {
		if p.Selects(v.spec, t.Policy) {
			all = append(all, Runnable{ID: v.id(), Spec: v.spec.ID})
		}
	}
	return all
}

// untested says of each clause that no spec proves why that is so.
func (p Profile) untested(c clause.Clause) string {
	switch {
	case c.Binds != clause.Platform:
		return c.Proof()
	case !p.Binds(c.ID):
		return "no part of the profile " + p.Name + ": " + p.Excludes(c.ID)
	}
	return ""
}
