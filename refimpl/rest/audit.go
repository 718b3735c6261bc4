package rest

import "github.com/chainmail-iot/chainmail/refimpl/registry"

// anchorAudit is the type of the audit records about trust anchors, as the real platform
// calls it.
const anchorAudit = "TrustedCertificates"

// audit records a change to a trust anchor.
func (a *API) audit(c call, activity, fingerprint string) {
	a.config.Registry.Audit(c.tenant, registry.AuditRecord{
		Time: a.config.Now(), Type: anchorAudit, Activity: activity, Text: "fingerprint " + fingerprint, User: c.user.Name,
	})
}

// listAudit knows the filters type and user.
func (a *API) listAudit(c call) (answer, *problem) {
	query := c.URL.Query()
	var records []registry.AuditRecord
	for _, r := range a.config.Registry.AuditRecords(c.tenant) {
		if t, u := query.Get("type"), query.Get("user"); (t == "" || t == r.Type) && (u == "" || u == r.User) {
			records = append(records, r)
		}
	}
	return ok(page(c, "auditRecords", records, func(r registry.AuditRecord) any {
		return map[string]any{
			"id": r.ID, "self": c.url("/audit/auditRecords/" + r.ID), "type": r.Type, "activity": r.Activity, "text": r.Text,
			"user": r.User, "time": timestamp(r.Time), "creationTime": timestamp(r.Time),
		}
	})), nil
}
