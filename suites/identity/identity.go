// Package identity holds the specs of the family identity: the common name of a
// device certificate, and the Client Identifier that must match it.
package identity

import "github.com/chainmail-iot/chainmail/suites"

// Specs returns the specs of the family: one for each case about the common name.
func Specs() []suites.Spec {
	return suites.FromCases("identity", "common-name")
}
