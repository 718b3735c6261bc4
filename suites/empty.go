package suites

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// EmptyStore takes away every trust anchor that the run has made, of all tenants.
// It reports false where others are left, which are not ours to take. Specs that
// come later make theirs anew; the bystander is away until the spec ends.
func (e *Env) EmptyStore(ctx context.Context) bool {
	e.session.bystander.leave(ctx)
	e.Cleanup(func() { e.session.bystander.comeBack(context.WithoutCancel(ctx), e) })
	anchors, uploads := e.session.stored()
	e.session.distrust(anchors)
	err := e.session.change(func() error { return e.remove(ctx, anchors) })
	e.prepared("removal of all trust anchors of the run", err, nil)
	for _, a := range anchors {
		e.session.forget(a)
	}
	undo := tidier{target: e.Target}
	for _, r := range uploads {
		if err := undo.send(ctx, r); err != nil {
			e.Unanswered(err)
		}
		e.session.undone(r)
	}
	for number := range e.Target.REST.Tenants {
		path := target.AnchorsPath(e.Tenant(number).ID)
		response := e.Ask(ctx, RolePreamble, e.AsAdmin(number, target.Request{Method: http.MethodGet, Path: path}))
		var list struct {
			Certificates []json.RawMessage `json:"certificates"`
		}
		if err := response.JSON(&list); err != nil || response.Status != http.StatusOK {
			e.Inconclusive("the list of trust anchors was answered %d", response.Status)
		}
		if len(list.Certificates) > 0 {
			return false
		}
	}
	return true
}

// removals is how often trust anchors are taken away whose removal was not answered.
const removals = 3

// remove takes anchors away, again where the platform left some request unanswered.
func (e *Env) remove(ctx context.Context, anchors []certfactory.Anchor) error {
	var err error
	for range removals {
		if err = e.Target.Driver.Remove(ctx, anchors); !errors.Is(err, target.ErrNoAnswer) {
			break
		}
	}
	return err
}

// stored returns the trust anchors that may be on the platform because of us, and
// the requests that delete those which an upload made.
func (s *session) stored() (anchors []certfactory.Anchor, uploads []LeftRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.undo {
		if r.Method == http.MethodDelete && strings.Contains(r.Path, "/trusted-certificates/") {
			uploads = append(uploads, r)
		}
	}
	return append(anchors, s.anchors...), uploads
}
