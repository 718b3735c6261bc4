package registry

import (
	"slices"
	"strconv"
	"time"
)

// maxAudit bounds the audit records that are kept of a tenant; the oldest go first.
const maxAudit = 10_000

// An AuditRecord says who changed what. Records are made by those who make the change.
type AuditRecord struct {
	// ID is the platform's own number for it.
	ID string
	// Time is when it happened.
	Time time.Time
	// Type is the kind of thing that changed, such as TrustedCertificates.
	Type string
	// Activity is what happened, in a few words; Text says more.
	Activity, Text string
	// User is who did it.
	User string
}

// Audit keeps a record of a tenant. A tenant that does not exist keeps none.
func (r *Registry) Audit(tenantID string, record AuditRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tenants[tenantID]
	if t == nil {
		return
	}
	r.lastID++
	record.ID = strconv.Itoa(r.lastID)
	var oldest string
	if len(t.audit) >= maxAudit {
		oldest = t.audit[0].ID
		t.audit = slices.Delete(t.audit, 0, 1)
	}
	t.audit = append(t.audit, record)
	r.keep(func(b *batch) {
		b.number(r.lastID)
		b.put(kindAudit, record, tenantID, record.ID)
		if oldest != "" {
			b.remove(kindAudit, tenantID, oldest)
		}
	})
}

// AuditRecords returns the records of a tenant, the latest first.
func (r *Registry) AuditRecords(tenantID string) []AuditRecord {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t := r.tenants[tenantID]
	if t == nil {
		return nil
	}
	out := slices.Clone(t.audit)
	slices.Reverse(out)
	return out
}
