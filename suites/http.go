package suites

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// Tenant returns the tenant with this number; specs that need a second one
// declare it in Needs.
func (e *Env) Tenant(number int) target.Tenant { return e.Target.REST.Tenants[number] }

// Ask sends a request, records the answer under the role and returns it. Where
// no answer comes the spec is inconclusive.
func (e *Env) Ask(ctx context.Context, role string, request target.Request) target.Response {
	started := time.Now()
	response, err := e.Target.REST.Do(ctx, request)
	if err != nil {
		e.Unanswered(err)
	}
	status := response.Status
	detail := request.Method + " " + request.Path + " answered " + http.StatusText(status)
	e.Record(reports.Evidence{
		Role: role, Layer: reports.LayerRESTStatus, RESTStatus: &status, Detail: detail,
		Times: reports.Times{REST: reports.InMilliseconds(time.Since(started))},
	})
	e.trial.showRequest(role, fmt.Sprintf("%d %s", status, http.StatusText(status)), request)
	e.Observe("%d %s", status, http.StatusText(status))
	return response
}

// AskAdmin sends a request as a user that manages the trust anchors of the
// first tenant.
func (e *Env) AskAdmin(ctx context.Context, role, method, path string, body any) target.Response {
	return e.Ask(ctx, role, e.AsAdmin(0, target.Request{Method: method, Path: path, Body: body}))
}

// AsAdmin returns the request as one of a user that manages the trust anchors of
// a tenant, by the tenant's number.
func (e *Env) AsAdmin(tenant int, r target.Request) target.Request {
	t := e.Tenant(tenant)
	r.Tenant = t.ID
	r.User, _ = t.Admin() // the loader of target files sees to it that there is one
	return r
}
