// Package claim holds which specs find which deviation of the reference
// platform: the kill matrix as it is claimed, written by people.
//
// A [Claim] names the specs that are there to find a deviation, those that it
// drags along and why, and what else may happen while it is on. The selftest
// holds every claim against what the specs really say. The data stands in YAML
// files beside this one, by the family of the clause that a deviation breaks.
package claim

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync"

	"go.yaml.in/yaml/v4"
)

// A Claim is what is said of one deviation.
type Claim struct {
	// Deviation is its name in package refimpl/deviation.
	Deviation string `yaml:"deviation"`
	// OverTLS: it shows over one TLS version only, so the specs are run over all
	// of them. Otherwise one version is enough to find it.
	OverTLS bool `yaml:"overTLS,omitempty"`
	// FoundBy are ids or globs of the specs that must find it: each ends with
	// the verdict fail, or warn where its level is should.
	FoundBy []string `yaml:"foundBy,omitempty"`
	// Along are further specs that do not pass while the deviation is on.
	Along []Along `yaml:"along,omitempty"`
	// Inconclusive says why specs may be inconclusive while the deviation is on:
	// good twins are refused, for one. Empty: none may be.
	Inconclusive string `yaml:"inconclusive,omitempty"`
	// Unreliable says why it differs from run to run which specs notice it. The
	// run must then not be conformant, and no spec is claimed.
	Unreliable string `yaml:"unreliable,omitempty"`
}

// Along are specs that do not pass for a reason other than their own subject.
type Along struct {
	Specs   []string `yaml:"specs"` // ids or globs
	Because string   `yaml:"because"`
	// Sometimes: whether they pass hangs on what was run before them.
	Sometimes bool `yaml:"sometimes,omitempty"`
}

//go:embed *.yaml
var files embed.FS

// All returns every claim, in the order of the files.
var All = sync.OnceValue(func() []Claim {
	claims, err := load(files)
	if err != nil {
		panic(err) // embedded, and a test reads it
	}
	return claims
})

// Of returns the claim about a deviation.
func Of(deviation string) (Claim, bool) {
	i := slices.IndexFunc(All(), func(c Claim) bool { return c.Deviation == deviation })
	if i < 0 {
		return Claim{}, false
	}
	return All()[i], true
}

func load(from fs.FS) ([]Claim, error) {
	names, err := fs.Glob(from, "*.yaml")
	if err != nil {
		return nil, err
	}
	var all []Claim
	for _, name := range names {
		if name == idleFile {
			continue
		}
		claims, err := read[Claim](from, name)
		if err != nil {
			return nil, err
		}
		all = append(all, claims...)
	}
	return all, nil
}

// read reads a file that is a list.
func read[T any](from fs.FS, name string) ([]T, error) {
	data, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var list []T
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return list, nil
}

// Finds reports whether the claim names the spec as one that finds the deviation.
func (c Claim) Finds(spec string) bool { return matches(c.FoundBy, spec) }

// Explains reports whether the claim gives a reason why the spec does not pass:
// it finds the deviation, or is dragged along.
func (c Claim) Explains(spec string) bool {
	return c.Finds(spec) || slices.ContainsFunc(c.Along, func(a Along) bool { return matches(a.Specs, spec) })
}

// Drags reports whether the claim names the spec as one that does not pass, though
// it does not find the deviation.
func (c Claim) Drags(spec string) bool {
	return !c.Finds(spec) && slices.ContainsFunc(c.Along, func(a Along) bool { return !a.Sometimes && matches(a.Specs, spec) })
}

// Globs returns every id and glob of the claim.
func (c Claim) Globs() []string {
	globs := slices.Clone(c.FoundBy)
	for _, a := range c.Along {
		globs = append(globs, a.Specs...)
	}
	return globs
}

func matches(globs []string, spec string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := path.Match(glob, spec)
		return ok && err == nil
	})
}
