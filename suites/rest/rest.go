// Package rest holds the specs of the family rest: uploading a trust anchor over
// the REST interface, and what may be done with it afterwards.
package rest

import (
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// family is the first part of every id here.
const family = "rest"

// Specs returns the specs of the family.
func Specs() []suites.Spec {
	return []suites.Spec{
		accepted("upload-root", "DC-TRUST-03", "a self-signed CA certificate is uploaded", root, asItIs),
		accepted("upload-intermediate", "DC-TRUST-06", "an intermediate CA certificate is uploaded without its issuer", intermediate, asItIs),
		accepted("pem-no-newlines", "DC-REST-04", "a PEM value without its line breaks is uploaded", root, withoutNewlines),
		accepted("upload-autoregistration-string", "DC-REST-05", `autoRegistrationEnabled is uploaded as the string "true"`, root, autoRegistrationAsString),
		refused("upload-leaf-ca-false", "DC-TRUST-05", "a certificate with CA:FALSE is uploaded", leaf, asItIs),
		refused("upload-v1", "DC-TRUST-04", "a certificate of version 1 is uploaded", version1, asItIs),
		refused("pem-truncated", "DC-REST-07", "half of a PEM value is uploaded", root, truncated),
		refused("pem-no-footer", "DC-REST-07", "a PEM value without its footer is uploaded", root, withoutFooter),
		roleSuffices("upload-role-tenant-admin", target.RoleTenantAdmin),
		roleSuffices("upload-role-tenant-management-admin", target.RoleTenantManagementAdmin),
		withoutRole(),
		withoutCredentials(),
		otherTenantPath(),
		readBack(),
		changeBack(),
		deleteTwice(),
	}
}
