package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const specimen = `package specimen

import "fmt"

type rule struct{ limit int }

func (r *rule) check(n int, name string) error {
	log.Info("checks", n, 7)
	if n < r.limit && !set.Has(deviation.Lax) || name == "" {
		return fmt.Errorf("no: %d of %d", n, r.limit)
	}
	if set.Has(deviation.Blind) {
		return nil
	}
	if err := r.overlooksAll(n); err != nil {
		return err
	}
	switch {
	case !ok(n):
		r.note(name, "x")
	}
	r.limit = 2
	oid := append(make([]int, 0, 9), []int{1, 2, 3}...)
	_ = oid
	return verify(n)
}

func ok(n int) bool { return n == 1 }

func silent(n int) { n++ }
`

func TestFind(t *testing.T) {
	found, err := find("specimen.go", []byte(specimen), subject{silent: []string{"log.", "fmt.Errorf", "silent"}, asks: []string{"overlooks"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range found {
		got = append(got, m.Function+" "+m.Mutation)
	}
	condition := `n < r.limit && !set.Has(deviation.Lax) || name == ""`
	want := []string{
		`rule.check early return:  → return *new(error);`,
		`rule.check drop check: ` + condition + ` → false && (` + condition + `)`,
		`rule.check negate: ` + condition + ` → !(` + condition + `)`,
		`rule.check operator: || → &&`,
		`rule.check drop term: ` + condition + ` → name == ""`,
		`rule.check drop term: ` + condition + ` → n < r.limit && !set.Has(deviation.Lax)`,
		`rule.check operator: && → ||`,
		`rule.check drop term: n < r.limit && !set.Has(deviation.Lax) → !set.Has(deviation.Lax)`,
		`rule.check operator: < → <=`,
		`rule.check operator: == → !=`,
		`rule.check swallow: fmt.Errorf("no: %d of %d", n, r.limit) → nil`,
		`rule.check negate: !ok(n) → ok(n)`,
		`rule.check remove: r.note(name, "x") → { }`,
		`rule.check swap arguments: name, "x" → "x", name`,
		`rule.check remove: r.limit = 2 → { }`,
		`rule.check constant: 2 → 3`,
		`rule.check constant: 2 → 1`,
		`rule.check constant: 3 → 4`,
		`rule.check remove: _ = oid → { }`,
		`rule.check swallow: verify(n) → nil`,
		`ok early return:  → return true;`,
		`ok early return:  → return false;`,
		`ok negate: n == 1 → !(n == 1)`,
		`ok operator: == → !=`,
		`ok constant: 1 → 2`,
		`ok constant: 1 → 0`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Every mutant differs from the source in its own place and can still be parsed.
func TestApply(t *testing.T) {
	found, err := find("specimen.go", []byte(specimen), subject{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range found {
		mutated := m.apply([]byte(specimen))
		if bytes.Equal(mutated, []byte(specimen)) {
			t.Errorf("%s changes nothing", m.Mutation)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "mutated.go", mutated, 0); err != nil {
			t.Errorf("%s: %v", m.Mutation, err)
		}
	}
}

func TestDiff(t *testing.T) {
	source := []byte("package p\n\nfunc f(a int) bool { return a > 3 }\n")
	found, err := find("p.go", source, subject{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range found {
		if m.Mutation != "operator: > → >=" {
			continue
		}
		want := "-func f(a int) bool { return a > 3 }\n+func f(a int) bool { return a >= 3 }\n"
		if diff := cmp.Diff(want, m.diff(source)); diff != "" {
			t.Error(diff)
		}
		return
	}
	t.Error("the operator was not found")
}

// What only a deviation decides, or nobody looks at, is no mutant.
func TestFindNothing(t *testing.T) {
	tests := []struct {
		name, body string
		want       []string
	}{
		{"a term beside a deviation", `if n == 1 && has(deviation.Lax) { note(n) }`, nil},
		{"a case of a deviation", `switch { case n == 1 && has(deviation.Lax): return nil }`, nil},
		{"a variable with an answer", `all := has(deviation.All); if n == 1 || !all { return }`, nil},
		{"a variable that is set again", `all := has(deviation.All); all = some(); if !all { note(n) }`, []string{
			"remove: all = some() → { }", "negate: !all → all", "remove: note(n) → { }",
		}},
		{"an assignment that keeps the value", `x = x || has(deviation.Lax); y = y && !has(deviation.Lax)`, []string{
			"operator: || → &&", "drop term: x || has(deviation.Lax) → has(deviation.Lax)",
			"operator: && → ||", "drop term: y && !has(deviation.Lax) → !has(deviation.Lax)",
		}},
		{"what a deviation says", `code, refusal = c.whim()`, nil},
		{"otherwise", `if has(deviation.Lax) { note(n) } else { count(n) }`, []string{"remove: count(n) → { }"}},
		{"unless", `if !has(deviation.Strict) { count(n) }`, []string{"remove: count(n) → { }"}},
		{"options", `return open(WithA(n), WithB(n), n)`, []string{"swap arguments: WithB(n), n → n, WithB(n)"}},
		{"a value beside an error", `return 0, false, fmt.Errorf("no")`, nil},
		{"a value beside none", `return 0, false, nil`, []string{"constant: 0 → 1", "constant: false → true"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := find("p.go", []byte("package p\n\nfunc f() { "+tt.body+" }\n"), subject{silent: []string{"fmt.Errorf"}, asks: []string{"whim"}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range found[1:] { // the first is the early return
				got = append(got, m.Mutation)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEqualMutationsAreNumbered(t *testing.T) {
	found, err := find("p.go", []byte("package p\n\nfunc f() (int, int) { return 0, 0 }\n"), subject{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := found[len(found)-1].Mutation, "constant: 0 → 1 #2"; got != want {
		t.Errorf("mutation %q, want %q", got, want)
	}
}
