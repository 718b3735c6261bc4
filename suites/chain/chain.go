// Package chain holds the specs of the family chain: what a device presents, as
// the case catalogue has it.
package chain

import "github.com/chainmail-iot/chainmail/suites"

// Specs returns the specs of the family: one for each case about the chain.
func Specs() []suites.Spec {
	groups := []string{
		"composition", "length", "path-length", "basic-constraints", "key-usage", "names", "signatures", "keys", "validity",
		"extensions", "serial", "encoding",
	}
	return suites.FromCases("chain", groups, found())
}

// found says which cases find a deviation of the reference platform.
func found() map[string][]string {
	return map[string][]string{
		"accepts-expired": {
			"expired-leaf", "expired-intermediate", "expired-root", "validity-one-second", "validity-utctime-2050-trap",
		},
		"ignores-pathlen": {
			"pathlen-0-below-1-root-of-1", "pathlen-0-below-1-ica1-of-2", "pathlen-1-below-2-root-of-2", "pathlen-0-below-1-ica1-of-3",
			"pathlen-1-below-2-ica2-of-3", "pathlen-0-below-1-ica1-of-4", "pathlen-1-below-2-ica2-of-4", "pathlen-2-below-3-ica3-of-4",
			"pathlen-3-below-4-root-of-4",
		},
		"ignores-max-length": {
			"chain-longer-than-2", "chain-over-max-4", "chain-over-max-5", "chain-over-max-10", "chain-100", "chain-100-same-subject-same-key",
		},
		"anchor-need-not-be-presented": {"anchor-not-in-chain", "anchor-not-in-chain-intermediate"},
	}
}
