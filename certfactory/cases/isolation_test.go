package cases_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// All presentations of a run stand on one platform together. What one of them
// leaves out of the platform's trust, another must not have put there: a path
// that ends at the standard root of the run has it as its anchor.
func TestPathsUnderTheStandardRootHaveItAsAnchor(t *testing.T) {
	f := certfactory.New(certfactory.Seed{7}, time.Now())
	root, err := cases.NewBench(f, "any").Root().DER()
	if err != nil {
		t.Fatal(err)
	}
	standard, err := certfactory.TakeApart(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases.All() {
		if c.Tagged(cases.TagCostly) {
			continue
		}
		p, err := c.Build(cases.NewBench(f, c.ID))
		if err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		anchored := false
		for _, a := range p.Anchors {
			anchored = anchored || bytes.Equal(a.DER, root)
		}
		for _, der := range p.Chain {
			parts, err := certfactory.TakeApart(der)
			if err == nil && bytes.Equal(parts.Issuer, standard.Subject) && !anchored {
				t.Errorf("%s leads to the standard root and does not have it as anchor", c.ID)
				break
			}
		}
	}
}
