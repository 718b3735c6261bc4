// Package identity holds the specs of the family identity: the common name of a
// device certificate, and the Client Identifier that must match it.
package identity

import "github.com/chainmail-iot/chainmail/suites"

// Specs returns the specs of the family: one for each case about the common name.
func Specs() []suites.Spec {
	return suites.FromCases("identity", []string{"common-name"}, found())
}

// found says which cases find a deviation of the reference platform.
func found() map[string][]string {
	return map[string][]string{
		"ignores-client-id": {
			"cn-mismatch", "cn-mismatch-prefix", "cn-mismatch-case", "cn-homoglyph", "cn-dn-injection", "cn-clientid-empty",
			"cn-clientid-other-prefix", "cn-clientid-d-mismatch",
		},
	}
}
