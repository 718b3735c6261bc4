package claim_test

import (
	"testing"

	"github.com/chainmail-iot/chainmail/suites/claim"
)

func TestClaims(t *testing.T) {
	if len(claim.All()) == 0 {
		t.Fatal("no claims")
	}
	c, ok := claim.Of("ignores-pathlen")
	if !ok || !c.Finds("chain/pathlen-0-below-1-root-of-1") || c.Finds("chain/pathlen-exact-1") {
		t.Errorf("claim %+v, known %v: want the rows beyond a pathlen and no others", c, ok)
	}
	if _, ok := claim.Of("no-such"); ok {
		t.Error("a claim about nothing")
	}
	along := claim.Claim{Along: []claim.Along{{Specs: []string{"web/*"}, Because: "the page is served by it"}}}
	if !along.Explains("web/add") || along.Explains("rest/web") || along.Finds("web/add") {
		t.Error("a spec that is dragged along is explained and finds nothing")
	}
	if !along.Drags("web/add") || along.Drags("rest/web") {
		t.Error("a spec that is dragged along, and no other, does not pass")
	}
	along.Along[0].Sometimes = true
	if along.Drags("web/add") || !along.Explains("web/add") {
		t.Error("a spec that is dragged along sometimes may pass, and need not")
	}
}
