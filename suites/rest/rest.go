// Package rest holds the specs of the family rest: uploading a trust anchor over
// the REST interface, and what may be done with it afterwards.
package rest

import (
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// family is the first part of every id here.
const family = "rest"

// Specs returns the specs of the family: one for each row of the catalogue about
// uploads, and what the rows do not say.
func Specs() []suites.Spec {
	return append(suites.FromUploads(family),
		autoRegistrationString(),
		roleSuffices("upload-role-tenant-admin", target.RoleTenantAdmin),
		roleSuffices("upload-role-tenant-management-admin", target.RoleTenantManagementAdmin),
		withWrongPassword(), withoutCredentials(),
		duplicateChangesNothing(),
		readBack(),
		changeBack(),
	)
}
