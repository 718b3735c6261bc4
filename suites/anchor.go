package suites

import (
	"context"
	"errors"
	"net/http"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// ChangeAnchor changes a trust anchor; the spec is inconclusive where the
// platform does not do it.
func (e *Env) ChangeAnchor(ctx context.Context, a certfactory.Anchor, change target.AnchorChange) {
	changer, ok := e.Target.Driver.(target.AnchorChanger)
	if !ok {
		e.NotApplicable("the driver %s changes no trust anchors", e.Target.Driver.Name())
	}
	e.prepared("a change of a trust anchor", e.session.change(func() error { return changer.Change(ctx, a, change) }),
		e.step(a.Tenant, http.MethodPut, func(tenant string) string { return target.AnchorPath(tenant, a.DER) }, change.Fields()))
}

// DeleteAnchor takes a trust anchor away; the spec is inconclusive where the
// platform does not do it.
func (e *Env) DeleteAnchor(ctx context.Context, a certfactory.Anchor) {
	e.prepared("removal of a trust anchor", e.session.change(func() error { return e.Target.Driver.Remove(ctx, []certfactory.Anchor{a}) }),
		e.step(a.Tenant, http.MethodDelete, func(tenant string) string { return target.AnchorPath(tenant, a.DER) }, nil))
	e.session.forget(a)
}

// step is what the driver sends where it speaks REST; nil for other drivers.
func (e *Env) step(tenant int, method string, path func(tenant string) string, body any) *target.Request {
	if _, ok := e.Target.Driver.(*target.Cumulocity); !ok {
		return nil
	}
	r := e.AsAdmin(tenant, target.Request{Method: method, Path: path(e.Tenant(tenant).ID), Body: body})
	return &r
}

// prepared records that something was done to the platform before the stimulus;
// the spec is inconclusive where it was not done.
func (e *Env) prepared(what string, err error, step *target.Request) {
	if step != nil {
		e.trial.showRequest(RolePreamble, what, *step)
	}
	evidence := reports.Evidence{Role: RolePreamble, Detail: what + ": done"}
	if status, ok := errors.AsType[*target.StatusError](err); ok {
		evidence.Layer, evidence.RESTStatus, evidence.Detail = reports.LayerRESTStatus, &status.Status, status.Error()
		e.Record(evidence)
		e.Inconclusive("%s: %v", what, err)
	}
	if err != nil {
		e.Unanswered(err)
	}
	e.Record(evidence)
}

// Upload sends the body of an upload to the first tenant as a user that may,
// and records the answer. What it makes is removed at the end of the run.
func (e *Env) Upload(ctx context.Context, a certfactory.Anchor, body any) target.Response {
	e.WillAdd(a)
	return e.AskAdmin(ctx, reports.RoleUpload, http.MethodPost, target.AnchorsPath(e.Tenant(a.Tenant).ID), body)
}

// WillAdd notes a trust anchor that the spec is about to upload by itself, so
// that it is removed at the end of the run whatever the platform answered.
func (e *Env) WillAdd(a certfactory.Anchor) { e.session.willAdd(a) }
