package suites

import (
	"context"
	"net/http"

	"github.com/chainmail-iot/chainmail/suites/target"
)

// SetOption sets a tenant option of the first tenant until the spec ends, and
// returns the answer.
func (e *Env) SetOption(ctx context.Context, path, value string) target.Response {
	e.restoreOption(ctx, path)
	response := e.AskAdmin(ctx, RolePreamble, http.MethodPut, path, map[string]string{"value": value})
	if response.Status/100 == 2 {
		e.holdsOption(path, value)
	}
	return response
}

// ClearOption removes a tenant option of the first tenant until the spec ends; the
// spec is inconclusive where the platform does not do it.
func (e *Env) ClearOption(ctx context.Context, path string) {
	if !e.restoreOption(ctx, path) {
		e.holdsOption(path, "")
		return
	}
	if response := e.AskAdmin(ctx, RolePreamble, http.MethodDelete, path, nil); response.Status/100 != 2 {
		e.Inconclusive("DELETE of a tenant option answered %d", response.Status)
	}
	e.holdsOption(path, "")
}

// holdsOption has it looked, should the spec not pass, whether an option is still
// what the spec made of it; "" says that there is none.
func (e *Env) holdsOption(path, value string) {
	e.trial.rechecks = append(e.trial.rechecks, func(ctx context.Context) string {
		response, err := e.Target.REST.Do(ctx, e.AsAdmin(0, target.Request{Method: http.MethodGet, Path: path}))
		var option struct {
			Value string `json:"value"`
		}
		if err == nil && (response.Status == http.StatusNotFound || response.JSON(&option) == nil) && option.Value != value {
			return "the tenant option"
		}
		return ""
	})
}

// restoreOption puts a tenant option of the first tenant back, when the spec
// ends, to what it is now. It reports whether there is one.
func (e *Env) restoreOption(ctx context.Context, path string) (set bool) {
	before := e.AskAdmin(ctx, RolePreamble, http.MethodGet, path, nil)
	restore := LeftRequest{Method: http.MethodDelete, Path: path}
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
	e.undoAfter(ctx, restore)
	return before.Status == http.StatusOK
}

// undoAfter sends a request when the spec ends, and where that fails again at the end
// of the run.
func (e *Env) undoAfter(ctx context.Context, r LeftRequest) {
	e.session.willUndo(r)
	e.Cleanup(func() {
		undo := tidier{target: e.Target}
		if undo.send(context.WithoutCancel(ctx), r) == nil {
			e.session.undone(r)
		}
	})
}

// AtTheEnd sends a request to the first tenant at the end of the run, as a user
// that may: it undoes what the spec has done.
func (e *Env) AtTheEnd(method, path string) {
	e.session.willUndo(LeftRequest{Method: method, Path: path})
}
