package cases_test

import (
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// BenchmarkCatalogue builds every row that is not costly, from a new factory: the
// search for RSA keys is in it.
func BenchmarkCatalogue(b *testing.B) {
	all := cases.All()
	var seed certfactory.Seed
	for b.Loop() {
		seed[0]++
		f := certfactory.New(seed, now)
		for _, c := range all {
			if !c.Tagged(cases.TagCostly) {
				mustBuild(b, c, f, c.ID)
			}
		}
	}
}

func BenchmarkRow(b *testing.B) {
	for _, id := range []string{"valid-direct", "sig-bitflip-leaf", "chain-at-max-10"} {
		c, _ := cases.ByID(id)
		b.Run("id="+id, func(b *testing.B) {
			for b.Loop() {
				mustBuild(b, c, shared(), "bench")
			}
		})
	}
}
