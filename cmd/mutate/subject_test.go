package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// root is that of the module, seen from this package.
const root = "../.."

func everything(t *testing.T) map[string]bool {
	t.Helper()
	keys := make(map[string]bool)
	for _, s := range subjects() {
		all, of, err := s.mutants(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if keys[m.key()] {
				t.Errorf("two mutants are %s", m.key())
			}
			keys[m.key()] = true
			m.Mutation = ""
			keys[m.key()] = true
		}
		for _, p := range s.parts {
			for _, glob := range p.files {
				if !slices.ContainsFunc(all, func(m mutant) bool { return slices.Equal(of[m.File].files, p.files) }) {
					t.Errorf("no mutant is of %s", glob)
				}
			}
		}
	}
	return keys
}

// What is argued is a mutant, each argued once, in words.
func TestArgumentsNameMutants(t *testing.T) {
	known, err := readArguments("argued.yaml", arguedYAML)
	if err != nil {
		t.Fatal(err)
	}
	keys := everything(t)
	for key, reason := range known {
		if !keys[key] {
			t.Errorf("no mutant is %s: the code has changed, take the argument out", key)
		}
		if len(strings.Fields(reason)) < 4 {
			t.Errorf("%s: %q is no reason", key, reason)
		}
	}
}

func TestReadArgumentsShowsEveryProblem(t *testing.T) {
	_, err := readArguments("argued.yaml", []byte(`
- {file: a.go, mutations: {f: ["constant: 1 → 2"]}, reason: it is the same}
- {file: a.go, mutations: {f: ["constant: 1 → 2"]}, reason: it is the same}
- {file: a.go, mutations: {g: ["constant: 1 → 2"]}, functions: [h], reason: ""}
`))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"argued.yaml:3: a.go f constant: 1 → 2: argued twice", "argued.yaml:4: a.go g constant: 1 → 2: no reason", "argued.yaml:4: a.go h : no reason"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name string
		args []string
		says string
	}{
		{"unknown flag", []string{"-frobnicate"}, "flag provided but not defined"},
		{"an argument", []string{"refimpl"}, `unexpected argument "refimpl"`},
		{"unknown subject", []string{"-subject", "moon"}, `unknown subject "moon": want platform or tester`},
		{"nothing left", []string{"-only", "no such text"}, `no mutant contains "no such text"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := command(t.Context(), tt.args, &stdout, &stderr); code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
			if !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("stderr %q, want %q in it", &stderr, tt.says)
			}
		})
	}
}

func TestSampleIsThatOfTheSeed(t *testing.T) {
	all, _, err := subjects()[0].mutants(root)
	if err != nil {
		t.Fatal(err)
	}
	first := func(seed uint64) string { return sample(all, nil, "refimpl/trust", seed)[0].key() }
	one, again, other := first(1), first(1), first(2)
	if one != again || one == other {
		t.Errorf("seed 1 begins with %q and %q, seed 2 with %q", one, again, other)
	}
	if !strings.HasPrefix(one, "refimpl/trust/") {
		t.Errorf("%q was not asked for", one)
	}
}
