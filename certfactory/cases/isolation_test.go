package cases_test

import (
	"bytes"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// All presentations of a run stand on one platform together. What one of them
// leaves out of the platform's trust, another must not have put there: a path
// that ends at the standard root of the run has it as its anchor.
func TestPathsUnderTheStandardRootHaveItAsAnchor(t *testing.T) {
	root, err := cases.NewBench(shared(), "any").Root().DER()
	if err != nil {
		t.Fatal(err)
	}
	standard, err := certfactory.TakeApart(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases.All() {
		if tooLong(c) {
			continue
		}
		p := mustBuild(t, c, shared(), "bench")
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

// TestRowsAreIsolated wants that nothing in a chain which must not be trusted is
// uploaded by another row, and that no two anchors of a run share a name.
func TestRowsAreIsolated(t *testing.T) {
	uploaded, names := make(map[string]string), make(map[string]string)
	chains := make(map[string][][]byte)
	for _, c := range cases.All() {
		if tooLong(c) {
			continue
		}
		p := mustBuild(t, c, shared(), "bench")
		for _, a := range p.Anchors {
			if other, ok := names[a.Name]; ok && other != string(a.DER) {
				t.Errorf("%s: another anchor is called %q too", c.ID, a.Name)
			}
			names[a.Name], uploaded[string(a.DER)] = string(a.DER), c.ID
		}
		if c.Reason == "anchor-not-presented" {
			chains[c.ID] = p.Chain
		}
	}
	for id, chain := range chains {
		for i, der := range chain {
			if other, ok := uploaded[string(der)]; ok {
				t.Errorf("%s: certificate %d is uploaded by %s", id, i, other)
			}
		}
	}
}
