package suites

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// ErrNothingSelected says that no spec is left to run.
var ErrNothingSelected = errors.New("nothing selected")

// selectVariants returns what the profile and the globs leave, in catalogue order.
// A glob is matched against the id with and without its axes; "*" does not cross
// the slash of an id, and a glob without a slash is a family.
func selectVariants(config Config) ([]variant, error) {
	p, t, only := config.Profile, config.Target, config.Only
	for _, glob := range slices.Concat(only, config.Skip) {
		if _, err := path.Match(glob, ""); err != nil {
			return nil, fmt.Errorf("selection %q: %w", glob, err)
		}
	}
	var selected []variant
	matched := make(map[string]bool)
	for _, v := range variants(p.amend(config.Specs), t.MQTT.Versions) {
		unwanted, globs := matching(config.Skip, v), wanted(only, v)
		for _, glob := range slices.Concat(unwanted, globs) {
			matched[glob] = true
		}
		if len(globs) == 0 && (len(only) > 0 || v.spec.Costly) {
			continue
		}
		if len(unwanted) == 0 && p.Selects(v.spec, t.Policy) {
			selected = append(selected, v)
		}
	}
	for _, glob := range slices.Concat(only, config.Skip) {
		if !matched[glob] {
			return nil, fmt.Errorf("%w: no spec matches %q", ErrNothingSelected, glob)
		}
	}
	if len(selected) == 0 {
		return nil, fmt.Errorf("%w: no spec of profile %s is left", ErrNothingSelected, p.Name)
	}
	return selected, nil
}

// wanted returns the globs that select the variant. A costly spec is selected by
// nothing but its own id.
func wanted(globs []string, v variant) []string {
	if !v.spec.Costly {
		return matching(globs, v)
	}
	return slices.DeleteFunc(slices.Clone(globs), func(glob string) bool { return glob != v.spec.ID && glob != v.id() })
}

// matching returns the globs that match the variant.
func matching(globs []string, v variant) []string {
	return slices.DeleteFunc(slices.Clone(globs), func(glob string) bool {
		cited := slices.ContainsFunc(v.spec.Clauses, func(id string) bool { return strings.EqualFold(glob, id) })
		return !cited && glob != v.spec.Family() && !matches(glob, v.spec.ID) && !matches(glob, v.id())
	})
}

func matches(glob, id string) bool {
	ok, err := path.Match(glob, id)
	return err == nil && ok
}
