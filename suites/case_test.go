package suites_test

import (
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

// What the catalogue expects of a row is what its spec says and what it is worth.
func TestSpecsSayWhatTheCatalogueExpects(t *testing.T) {
	worth := map[cases.Expectation]clause.Level{
		cases.Refuse: clause.Must, cases.RefuseShould: clause.Should, cases.Accept: clause.Must, cases.AcceptShould: clause.Should, cases.Either: clause.May,
	}
	check := func(s suites.Spec, e cases.Expectation, words map[cases.Expectation]string) {
		t.Helper()
		if s.Expected != words[e] || s.Level != worth[e] {
			t.Errorf("%s: a row of %v is %q, a %v; want %q, a %v", s.ID, e, s.Expected, s.Level, words[e], worth[e])
		}
	}
	devices := map[cases.Expectation]string{
		cases.Refuse: "the device is refused", cases.RefuseShould: "the device is refused",
		cases.Accept: "the device is admitted", cases.AcceptShould: "the device is admitted",
		cases.Either: "either: what happens is recorded",
	}
	for _, c := range cases.All() {
		check(suites.FromCase("chain", c), c.Expectation, devices)
	}
	const refused, accepted = "a client error (4xx), and nothing is changed", "the request succeeds"
	uploads := map[cases.Expectation]string{
		cases.Refuse: refused, cases.RefuseShould: refused, cases.Accept: accepted, cases.AcceptShould: accepted,
		cases.Either: "either: what happens is recorded",
	}
	for i, s := range suites.FromUploads("rest") {
		check(s, cases.AllUploads()[i].Expectation, uploads)
	}
}
