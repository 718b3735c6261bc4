package suites

import (
	"bytes"
	"context"
	"net/http"
	"slices"

	"github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// FromUploads returns the specs of all rows of the catalogue about uploads.
func FromUploads(family string) []Spec {
	var specs []Spec
	for _, c := range cases.AllUploads() {
		specs = append(specs, fromUpload(family, c))
	}
	return specs
}

// fromUpload returns the spec that sends what a row of the catalogue uploads. A
// row that is to be refused stands between two good uploads.
func fromUpload(family string, c cases.UploadCase) Spec {
	s := Spec{
		ID: family + "/" + c.ID, Title: c.How, Clauses: c.Clauses, Level: levelOf(c.Expectation), Case: c.ID,
		Costly: c.Tagged(cases.TagCostly), Needs: []target.Capability{target.TrustedCertificates},
		Run:    func(ctx context.Context, e *Env) { e.upload(ctx, c) },
		Beside: Uploading,
	}
	if c.Tagged(cases.TagRobustness) {
		s.Beside = Alone
	}
	switch {
	case c.Expectation.Refuse():
		s.Expected = "a client error (4xx), and nothing is changed"
	case c.Expectation.Accept():
		s.Expected = "the request succeeds"
	default:
		s.Expected = "either: what happens is recorded"
	}
	return s
}

// levelOf is what a broken expectation is worth.
func levelOf(e cases.Expectation) clause.Level {
	switch {
	case e.Must():
		return clause.Must
	case e == cases.Either:
		return clause.May
	}
	return clause.Should
}

// upload runs one row.
func (e *Env) upload(ctx context.Context, c cases.UploadCase) {
	u, err := c.Build(e.Bench(labelCase))
	if err != nil {
		e.Fault(err)
	}
	e.willUpload(u)
	if c.Control != "" {
		e.controlUpload(ctx, c.Control, reports.RoleControlBefore)
	}
	for _, before := range u.Before {
		if response := e.sendUpload(ctx, RolePreamble, before); response.Status/100 != 2 {
			e.Inconclusive("what has to stand before was answered %d", response.Status)
		}
	}
	response := e.sendUpload(ctx, reports.RoleCase, u.Request)
	echoed := bytes.Contains(response.Body, []byte("PRIVATE KEY"))
	remaining := e.remaining(ctx, u)
	if c.Control != "" && response.Status/100 == 4 { // an upload let in is a contradiction whatever comes after
		e.controlUpload(ctx, c.Control, reports.RoleControlAfter)
	}
	e.Observe("%d %s, %s", response.Status, http.StatusText(response.Status), anchors(remaining))
	if echoed {
		e.trial.stop(reports.Fail, "the answer shows a private key")
	}
	if u.Regardless && remaining != u.Remaining {
		e.trial.stop(reports.Fail, "expected %s afterwards, observed %s", anchors(u.Remaining), anchors(remaining))
	}
	switch {
	case c.Expectation.Refuse():
		gomega.Expect(response).To(expect.AnswerClientError())
		gomega.Expect(remaining).To(expect.Be(u.Remaining, "the number of trust anchors of the certificate"))
	case c.Expectation.Accept():
		gomega.Expect(response).To(expect.AnswerSuccess())
		gomega.Expect(remaining).To(expect.Be(u.Remaining, "the number of trust anchors of the certificate"))
		if u.Anchor != nil {
			e.Admit(ctx, e.DeviceOf(u.Anchor, labelCase))
		}
	default:
		e.controlUpload(ctx, "pem-lf", reports.RoleControlAfter)
	}
	if c.Expectation != cases.Either && !slices.Contains(c.Statuses, response.Status) {
		e.Remark("status %d, where the description of the interface leads to expect %v", response.Status, c.Statuses)
	}
}

// anchors words how many there are.
func anchors(n int) string {
	if n == 0 {
		return "no trust anchor"
	}
	return "a trust anchor"
}

// controlUpload sends a good upload; the spec is inconclusive unless it succeeds.
func (e *Env) controlUpload(ctx context.Context, id, role string) {
	u, err := e.session.shelf.uploads[id].Build(e.Bench(role))
	if err != nil {
		e.Fault(err)
	}
	e.willUpload(u)
	if response := e.sendUpload(ctx, role, u.Request); response.Status != http.StatusCreated {
		e.Inconclusive("a good upload (%s) was answered %d", role, response.Status)
	}
}

// willUpload sees to it that what the row may leave behind is removed at the end
// of the run.
func (e *Env) willUpload(u cases.Upload) {
	if len(u.Certificate) == 0 {
		return
	}
	for number := range min(len(e.Target.REST.Tenants), 2) {
		e.WillAdd(certfactory.Anchor{Name: "of " + e.variant.id(), DER: u.Certificate, Tenant: number})
	}
}

// remaining counts the trust anchors of the row's certificate in the first tenant.
func (e *Env) remaining(ctx context.Context, u cases.Upload) int {
	if len(u.Certificate) == 0 {
		return u.Remaining
	}
	path := target.AnchorPath(e.Tenant(0).ID, u.Certificate)
	switch response := e.AskAdmin(ctx, reports.RoleHTTP, http.MethodGet, path, nil); response.Status {
	case http.StatusOK:
		return 1
	case http.StatusNotFound:
	default:
		e.Inconclusive("whether there is a trust anchor was answered %d", response.Status)
	}
	return 0
}

// sendUpload sends a request of the catalogue as the user that it wants.
func (e *Env) sendUpload(ctx context.Context, role string, r cases.Request) target.Response {
	if max(r.Tenant, r.As) > 0 && !e.Target.Has(target.SecondTenant) {
		e.NotApplicable("the target does not declare %s", target.SecondTenant)
	}
	as := e.Tenant(r.As)
	user, _ := as.Admin() // the loader of target files sees to it that there is one
	if r.Unprivileged {
		var ok bool
		if user, ok = as.Viewer(); !ok {
			e.NotApplicable("the target does not declare %s", target.UserWithoutRole)
		}
	}
	path := target.AnchorsPath(e.Tenant(r.Tenant).ID)
	if r.Fingerprint != "" {
		path += "/" + r.Fingerprint
	}
	if r.Query != "" {
		path += "?" + r.Query
	}
	request := target.Request{Method: r.Method, Path: path, Tenant: as.ID, User: user, Type: r.ContentType}
	if r.Body != nil {
		request.Body = r.Body
	}
	response := e.Ask(ctx, role, request)
	if r.Method == http.MethodPost && response.Status/100 == 2 {
		e.removeUploaded(ctx, r.Tenant, response)
	}
	return response
}

// removeUploaded deletes, at the end of the run, the trust anchor that an upload
// made: rows upload more certificates than the one that they are about. Those of a
// costly row are so many that the tenant may have no room for those of other specs,
// and go when the spec is over.
func (e *Env) removeUploaded(ctx context.Context, tenant int, made target.Response) {
	var anchor struct {
		Fingerprint string `json:"fingerprint"`
	}
	if made.JSON(&anchor) != nil || anchor.Fingerprint == "" {
		return
	}
	removal := LeftRequest{
		Tenant: tenant, Method: http.MethodDelete, Path: target.AnchorsPath(e.Tenant(tenant).ID) + "/" + anchor.Fingerprint,
	}
	if e.variant.spec.Costly {
		e.undoAfter(ctx, removal)
		return
	}
	e.session.willUndo(removal)
}
