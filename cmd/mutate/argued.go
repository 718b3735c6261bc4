package main

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"

	"github.com/chainmail-iot/chainmail/suites/strictyaml"
)

// An argument says why mutants of a file need not be noticed.
type argument struct {
	Reason string `yaml:"reason"`
	File   string `yaml:"file"`
	// Functions are those of which no mutant need be.
	Functions []string `yaml:"functions,omitempty"`
	// Mutations are the mutants, by their function.
	Mutations map[string][]string `yaml:"mutations,omitempty"`
}

// mutants returns what the argument is about; a whole function has no mutation.
func (a argument) mutants() []mutant {
	var all []mutant
	for _, function := range a.Functions {
		all = append(all, mutant{File: a.File, Function: function})
	}
	for _, function := range slices.Sorted(maps.Keys(a.Mutations)) {
		for _, mutation := range a.Mutations[function] {
			all = append(all, mutant{File: a.File, Function: function, Mutation: mutation})
		}
	}
	return all
}

// arguments are the reasons by the key of their mutant.
type arguments map[string]string

// of returns what is argued about a mutant; "" if nothing is.
func (all arguments) of(m mutant) string {
	if reason := all.ofFunction(m); reason != "" {
		return reason
	}
	return all[m.key()]
}

// ofFunction returns what is argued about the whole function of a mutant.
func (all arguments) ofFunction(m mutant) string {
	m.Mutation = ""
	return all[m.key()]
}

//go:embed argued.yaml
var arguedYAML []byte

// readArguments returns the arguments by the key of their mutant.
func readArguments(file string, data []byte) (arguments, error) {
	var list []argument
	source, err := strictyaml.Read(file, data, &list)
	if err != nil {
		return nil, err
	}
	byKey := make(arguments)
	for i, a := range list {
		for _, m := range a.mutants() {
			key := m.key()
			if byKey[key] != "" {
				source.Wrong("", fmt.Sprintf("%s: argued twice", key), i)
			}
			if a.Reason == "" {
				source.Wrong("", fmt.Sprintf("%s: no reason", key), i)
			}
			byKey[key] = a.Reason
		}
	}
	return byKey, source.Err()
}
