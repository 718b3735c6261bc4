package suites

import (
	"context"
	"net/http"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// ChangeAnchor changes fields of an uploaded trust anchor over REST; the spec is
// inconclusive where the platform does not do it.
func (e *Env) ChangeAnchor(ctx context.Context, a certfactory.Anchor, fields map[string]any) {
	path := target.AnchorPath(e.Tenant(a.Tenant).ID, a.DER)
	response := e.AskAdmin(ctx, RolePreamble, http.MethodPut, path, fields)
	if response.Status != http.StatusOK {
		e.Inconclusive("PUT of a trust anchor answered %d", response.Status)
	}
}

// DeleteAnchor deletes an uploaded trust anchor over REST; the spec is
// inconclusive where the platform does not do it.
func (e *Env) DeleteAnchor(ctx context.Context, a certfactory.Anchor) {
	path := target.AnchorPath(e.Tenant(a.Tenant).ID, a.DER)
	response := e.AskAdmin(ctx, RolePreamble, http.MethodDelete, path, nil)
	if response.Status/100 != 2 {
		e.Inconclusive("DELETE of a trust anchor answered %d", response.Status)
	}
	e.session.forget(a)
}

// Upload sends the body of an upload to the first tenant as a user that may,
// and records the answer. What it makes is removed at the end of the run.
func (e *Env) Upload(ctx context.Context, a certfactory.Anchor, body any) target.Response {
	e.WillAdd(a)
	return e.AskAdmin(ctx, reports.RoleUpload, http.MethodPost, target.AnchorsPath(e.Tenant(a.Tenant).ID), body)
}

// WillAdd notes a trust anchor that the spec is about to upload by itself, so
// that it is removed at the end of the run whatever the platform answered.
func (e *Env) WillAdd(a certfactory.Anchor) { e.session.anchors = append(e.session.anchors, a) }
