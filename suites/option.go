package suites

import (
	"context"
	"net/http"

	"github.com/chainmail-iot/chainmail/suites/target"
)

// RestoreOption puts a tenant option of the first tenant back, when the spec
// ends, to what it is now.
func (e *Env) RestoreOption(ctx context.Context, path string) {
	before := e.AskAdmin(ctx, RolePreamble, http.MethodGet, path, nil)
	restore := target.Request{Method: http.MethodDelete, Path: path}
	switch before.Status {
	case http.StatusOK:
		var option struct {
			Value string `json:"value"`
		}
		if err := before.JSON(&option); err != nil {
			e.Inconclusive("the tenant option cannot be read: %v", err)
		}
		restore.Method, restore.Body = http.MethodPut, map[string]string{"value": option.Value}
	case http.StatusNotFound:
	default:
		e.Inconclusive("GET of a tenant option answered %d", before.Status)
	}
	restore = e.AtTheEnd(restore)
	e.Cleanup(func() { e.session.settle(context.WithoutCancel(ctx), restore) })
}

// AtTheEnd sends a request to the first tenant at the end of the run, as a user
// that may: it undoes what the spec has done. It returns the request with that
// user.
func (e *Env) AtTheEnd(r target.Request) target.Request {
	r = e.AsAdmin(0, r)
	e.session.willUndo(r)
	return r
}
