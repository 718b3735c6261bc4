package main

import (
	_ "embed"
	"fmt"

	"github.com/chainmail-iot/chainmail/suites/strictyaml"
)

// An argument says why a mutant need not be noticed, or, where it names no
// mutation, why none of a function need be.
type argument struct {
	File     string `yaml:"file"`
	Function string `yaml:"function"`
	Mutation string `yaml:"mutation"`
	Reason   string `yaml:"reason"`
}

// An arguments is all of them by the key of their mutant.
type arguments map[string]argument

// of returns what is argued about a mutant.
func (all arguments) of(m mutant) (argument, bool) {
	if a, ok := all.ofFunction(m); ok {
		return a, true
	}
	a, ok := all[m.key()]
	return a, ok
}

// ofFunction returns what is argued about the whole function of a mutant.
func (all arguments) ofFunction(m mutant) (argument, bool) {
	m.Mutation = ""
	a, ok := all[m.key()]
	return a, ok
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
	byKey := make(arguments, len(list))
	for i, a := range list {
		key := mutant{File: a.File, Function: a.Function, Mutation: a.Mutation}.key()
		if _, again := byKey[key]; again {
			source.Wrong("", fmt.Sprintf("%s: argued twice", key), i)
		}
		if a.Reason == "" {
			source.Wrong("", fmt.Sprintf("%s: no reason", key), i)
		}
		byKey[key] = a
	}
	return byKey, source.Err()
}
