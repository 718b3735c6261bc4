// Package chain holds the specs of the family chain: what a device presents, as
// the case catalogue has it.
package chain

import "github.com/chainmail-iot/chainmail/suites"

// Specs returns the specs of the family: one for each case about the chain.
func Specs() []suites.Spec {
	return suites.FromCases("chain",
		"composition", "length", "path-length", "basic-constraints", "key-usage", "names", "signatures", "keys", "validity",
		"extensions", "serial", "encoding",
	)
}
