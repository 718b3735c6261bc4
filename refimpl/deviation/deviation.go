// Package deviation names the ways in which the reference platform can be told
// to break the specification.
//
// A Deviation is one clause broken on purpose, so that the conformance suite can
// show that it notices. Every deviation is asked for in exactly one place of the
// reference platform: search for the constant to find it. A Set holds those that
// are switched on; the zero Set is the conforming platform.
package deviation

import (
	"errors"
	"fmt"
	"slices"
)

// A Deviation is one named way of breaking one clause.
type Deviation struct {
	// Name is what Config.Deviations takes, in kebab case.
	Name string
	// Clause is the id of the clause that no longer holds.
	Clause string
	// Summary says in one sentence what the platform does instead.
	Summary string
}

// All returns every deviation the reference platform knows, in a fresh slice.
func All() []Deviation {
	return slices.Concat(
		chain(), certificate(), identity(), transport(), strict(),
		trust(), rest(), registration(), token(), page(), session(), unreliable(),
	)
}

// A Set is the deviations that are switched on. The zero value is empty. A Set
// does not change after Parse and may be shared.
type Set struct{ names []string }

// Parse returns the set of the given names. All unknown names are reported together.
func Parse(names []string) (Set, error) {
	var errs []error
	for _, name := range names {
		if !slices.ContainsFunc(All(), func(d Deviation) bool { return d.Name == name }) {
			errs = append(errs, fmt.Errorf("unknown deviation %q", name))
		}
	}
	if len(errs) > 0 {
		return Set{}, errors.Join(errs...)
	}
	return Set{slices.Clone(names)}, nil
}

// SparingDates is the set with AcceptsExpired, for deviations that are that one now and
// then.
func (s Set) SparingDates() Set { return Set{append(slices.Clone(s.names), AcceptsExpired)} }

// SparingSignatures is the set with IgnoresSignatures, likewise.
func (s Set) SparingSignatures() Set { return Set{append(slices.Clone(s.names), IgnoresSignatures)} }

// Has reports whether the deviation of that name is switched on.
func (s Set) Has(name string) bool { return slices.Contains(s.names, name) }
