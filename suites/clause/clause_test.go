package clause_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/suites/clause"
)

func TestCatalogueIsWellFormed(t *testing.T) {
	id := regexp.MustCompile(`^DC-[A-Z]+-[0-9]{2}$`)
	seen := map[string]bool{}
	for _, c := range clause.All() {
		if !id.MatchString(c.ID) {
			t.Errorf("%q is no clause id", c.ID)
		}
		if seen[c.ID] {
			t.Errorf("%s stands twice", c.ID)
		}
		seen[c.ID] = true
		if c.Text == "" || c.Section == "" {
			t.Errorf("%s has no text or no section", c.ID)
		}
		if c.Level != clause.Must && c.Level != clause.Should && c.Level != clause.May {
			t.Errorf("%s has level %q", c.ID, c.Level)
		}
		if c.Binds != clause.Platform && c.Binds != clause.Device && c.Binds != clause.Tool {
			t.Errorf("%s binds %q", c.ID, c.Binds)
		}
	}
	// 9 TLS, 10 TRUST, 7 REST, 3 UI, 20 CHAIN, 6 ID, 8 REG, 11 TOK, 16 CERT, 2 CLIENT.
	if got, want := len(seen), 92; got != want {
		t.Errorf("the catalogue has %d clauses, want %d", got, want)
	}
}

// What binds somebody else than the platform says by which tests it is proven, and
// these are there.
func TestProofsAreThere(t *testing.T) {
	tests, err := os.ReadFile("../../loadgen/device/clauses_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clause.All() {
		proof := c.Proof()
		if (proof == "") != (c.Binds == clause.Platform) {
			t.Errorf("%s binds the %s and is proven by %q", c.ID, c.Binds, proof)
		}
		if c.Binds != clause.Device {
			continue
		}
		_, name, _ := strings.Cut(proof, "loadgen/device.")
		if name == "" || !strings.Contains(string(tests), "func "+name+"(") {
			t.Errorf("%s is proven by %q, which is no test of the device", c.ID, name)
		}
	}
}

func TestFamily(t *testing.T) {
	c, ok := clause.ByID("DC-CHAIN-05")
	if !ok || c.Family() != "CHAIN" {
		t.Errorf("family of %+v = %q, want CHAIN", c, c.Family())
	}
	if _, ok := clause.ByID("DC-CHAIN-99"); ok {
		t.Error("DC-CHAIN-99 was found, want none")
	}
}
