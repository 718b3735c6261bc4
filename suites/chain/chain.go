// Package chain holds the specs of the family chain: what a device presents, as
// the case catalogue has it.
package chain

import "github.com/chainmail-iot/chainmail/suites"

// Specs returns the specs of the family: one for each case about the chain.
func Specs() []suites.Spec {
	groups := []string{"composition", "path-length", "key-usage", "names", "signatures", "validity", "extensions", "serial", "encoding"}
	return suites.FromCases("chain", groups, catches())
}

// catches says which deviations of the reference platform each case finds.
func catches() map[string][]string {
	return map[string][]string{
		"expired-leaf":                     {"accepts-expired"},
		"expired-intermediate":             {"accepts-expired"},
		"pathlen-0-below-1-root-of-1":      {"ignores-pathlen"},
		"pathlen-0-below-1-ica1-of-2":      {"ignores-pathlen"},
		"chain-longer-than-2":              {"ignores-max-length"},
		"chain-over-max-4":                 {"ignores-max-length"},
		"anchor-not-in-chain":              {"anchor-need-not-be-presented"},
		"anchor-not-in-chain-intermediate": {"anchor-need-not-be-presented"},
	}
}
