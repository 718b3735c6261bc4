package deviation_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

func TestAllAreNamedOnceAndCiteAClause(t *testing.T) {
	name := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	clause := regexp.MustCompile(`^DC-[A-Z]+-\d\d$`)
	seen := map[string]bool{}
	for _, d := range deviation.All() {
		if !name.MatchString(d.Name) || seen[d.Name] {
			t.Errorf("name %q: malformed or used twice", d.Name)
		}
		if !clause.MatchString(d.Clause) || d.Summary == "" {
			t.Errorf("%s: clause %q, summary %q", d.Name, d.Clause, d.Summary)
		}
		seen[d.Name] = true
	}
}

func TestParse(t *testing.T) {
	set, err := deviation.Parse([]string{deviation.AcceptsExpired})
	if err != nil {
		t.Fatal(err)
	}
	if !set.Has(deviation.AcceptsExpired) || set.Has(deviation.IgnoresPathLen) {
		t.Error("the set does not hold exactly what was asked for")
	}
	if (deviation.Set{}).Has(deviation.AcceptsExpired) {
		t.Error("the zero set is not empty")
	}
	_, err = deviation.Parse([]string{"one", deviation.AcceptsExpired, "two"})
	if err == nil || !strings.Contains(err.Error(), `"one"`) || !strings.Contains(err.Error(), `"two"`) {
		t.Errorf("unknown names: got error %v, want both named", err)
	}
}
