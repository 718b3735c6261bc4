// Package identity holds the specs of the family identity: the common name of a
// device certificate, and the Client Identifier that must match it.
package identity

import "github.com/chainmail-iot/chainmail/suites"

// family is the first part of every id here.
const family = "identity"

// Specs returns the specs of the family: one for each case about the common name,
// and those about what else could be taken for the device's name.
func Specs() []suites.Spec {
	return append(suites.FromCases(family, "common-name"), deviceUser(), otherTenantInUserName(), renewed())
}
