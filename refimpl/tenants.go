package refimpl

import (
	"crypto/rand"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// DefaultTenants returns the tenants of a platform that is given none: t1 and t2, each with
// the users admin, manager, viewer and devicebootstrap and a random password for each.
//
//   - admin may do everything in the tenant, by ROLE_TENANT_ADMIN and the roles for options,
//     users, device registration, inventory and audit.
//   - manager has ROLE_TENANT_MANAGEMENT_ADMIN alone, the other role that may upload (DC-REST-02).
//   - viewer has ROLE_INVENTORY_READ alone and may not (DC-REST-03).
//   - devicebootstrap has ROLE_DEVICE_BOOTSTRAP alone: a device that is registered singly asks
//     for its password as this user.
func DefaultTenants() []registry.TenantConfig {
	return []registry.TenantConfig{defaultTenant("t1"), defaultTenant("t2")}
}

func defaultTenant(id string) registry.TenantConfig {
	return registry.TenantConfig{ID: id, Users: []registry.UserConfig{
		{Name: "admin", Password: rand.Text(), Roles: []string{
			"ROLE_TENANT_ADMIN", "ROLE_OPTION_MANAGEMENT_ADMIN", "ROLE_USER_MANAGEMENT_ADMIN",
			"ROLE_DEVICE_CONTROL_ADMIN", "ROLE_INVENTORY_ADMIN", "ROLE_IDENTITY_READ", "ROLE_AUDIT_READ",
		}},
		{Name: "manager", Password: rand.Text(), Roles: []string{"ROLE_TENANT_MANAGEMENT_ADMIN"}},
		{Name: "viewer", Password: rand.Text(), Roles: []string{"ROLE_INVENTORY_READ"}},
		{Name: "devicebootstrap", Password: rand.Text(), Roles: []string{"ROLE_DEVICE_BOOTSTRAP"}},
	}}
}
