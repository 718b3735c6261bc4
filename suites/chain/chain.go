// Package chain holds the specs of the family chain: what a device presents, as
// the case catalogue has it, and when.
package chain

import "github.com/chainmail-iot/chainmail/suites"

// family is the first part of every id here.
const family = "chain"

// Specs returns the specs of the family: one for each case about the chain, and
// those about the circumstances in which a chain is presented.
func Specs() []suites.Spec {
	specs := suites.FromCases(family,
		"composition", "length", "path-length", "basic-constraints", "key-usage", "names", "signatures", "keys", "validity",
		"extensions", "serial", "encoding",
	)
	return append(specs, nothingUploaded(), becomesValid(), expiredKnownDevice(), expiredInACrowd())
}
