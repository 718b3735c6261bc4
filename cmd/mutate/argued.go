package main

import (
	_ "embed"
	"fmt"

	"github.com/chainmail-iot/chainmail/suites/strictyaml"
)

// An argument says why a mutant need not be noticed.
type argument struct {
	File     string `yaml:"file"`
	Function string `yaml:"function"`
	Mutation string `yaml:"mutation"`
	Reason   string `yaml:"reason"`
}

//go:embed argued.yaml
var arguedYAML []byte

// readArguments returns the arguments by the key of their mutant.
func readArguments(file string, data []byte) (map[string]argument, error) {
	var list []argument
	source, err := strictyaml.Read(file, data, &list)
	if err != nil {
		return nil, err
	}
	byKey := make(map[string]argument, len(list))
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
