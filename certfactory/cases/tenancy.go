package cases

// tenancy has the rows about anchors of two tenants. Who the device belongs to is
// part of the observation.
func tenancy() []Case {
	twice := func(disabled bool) step {
		return then(func(_ *plan, pr *presentation) error {
			second := pr.Anchors[0]
			second.Tenant, second.Disabled = 1, disabled
			pr.Anchors = append(pr.Anchors, second)
			return nil
		})
	}
	return []Case{
		{
			ID: "anchor-in-two-tenants", Expectation: Either, Clauses: []string{"DC-TRUST-02", "DC-ID-02"}, Basis: tenantTrusts, Reason: "tenant-ambiguous",
			How:   "both tenants upload the same root; the platform may refuse the second upload or ask which tenant is meant",
			Build: direct(root("root of two tenants"), twice(false)),
		},
		{
			ID: "anchor-in-two-tenants-one-disabled", Expectation: Either, Clauses: []string{"DC-TRUST-02", "DC-TRUST-07"}, Basis: tenantTrusts,
			How:   "both tenants upload the same root, the second one with status DISABLED: the device belongs to the first",
			Build: direct(root("root of two tenants, disabled in one"), twice(true)),
		},
		{
			ID: "anchors-of-two-tenants-in-chain", Expectation: Either, Clauses: []string{"DC-TRUST-02", "DC-ID-02"}, Basis: "the specification does not say which tenant a chain with two anchors belongs to",
			How: "device certificate, intermediate that the first tenant uploaded, root that the second one uploaded",
			Build: below(1, root("root of the second tenant"), sharedCAs("intermediate of the first tenant"), uploading(1, 2),
				then(func(_ *plan, pr *presentation) error {
					pr.Anchors[1].Tenant = 1
					return nil
				})),
		},
	}
}
