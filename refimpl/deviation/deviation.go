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

// The names of the deviations. Their meaning is in All.
const (
	AcceptsExpired           = "accepts-expired"
	IgnoresPathLen           = "ignores-pathlen"
	IgnoresMaxLength         = "ignores-max-length"
	AnchorNeedNotBePresented = "anchor-need-not-be-presented"
	IgnoresClientID          = "ignores-client-id"
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
	return []Deviation{
		{AcceptsExpired, "DC-CHAIN-12", "notAfter is ignored: an expired certificate passes anywhere in the chain"},
		{IgnoresPathLen, "DC-CHAIN-05", "pathLenConstraint is ignored"},
		{IgnoresMaxLength, "DC-CHAIN-10", "a chain of any length is walked"},
		{AnchorNeedNotBePresented, "DC-CHAIN-01", "a chain that ends below the uploaded certificate is completed from the store"},
		{IgnoresClientID, "DC-ID-03", "the Client Identifier may differ from the common name"},
	}
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

// Has reports whether the deviation of that name is switched on.
func (s Set) Has(name string) bool { return slices.Contains(s.names, name) }
