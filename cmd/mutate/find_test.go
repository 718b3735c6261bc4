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

func TestEqualMutationsAreNumbered(t *testing.T) {
	found, err := find("p.go", []byte("package p\n\nfunc f() (int, int) { return 0, 0 }\n"), subject{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := found[len(found)-1].Mutation, "constant: 0 → 1 #2"; got != want {
		t.Errorf("mutation %q, want %q", got, want)
	}
}
