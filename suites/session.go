package suites

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// silences is how many specs in a row may go unanswered before the rest is not
// tried any more: a platform that says nothing must not cost hours.
const silences = 3

// A session is what the specs of one run share: the state of the target as we
// changed it. Specs run one after the other, so it needs no lock.
type session struct {
	target  *target.Target
	shelf   *shelf
	anchors []certfactory.Anchor // that we added and not yet removed
	answers map[string]target.Answer
	users   map[string]bool // device users that may have come to be

	shared map[reflect.Type]shared // what costs to start, by its type

	undo []target.Request // that put back what specs have changed

	length   int // maximum chain length now; 0: not known
	original int // what it was before the run

	clockMoved bool // the platform's clock is not as it was found

	silent    int // specs in a row that went unanswered
	roundTrip time.Duration
}

func newSession(t *target.Target) *session {
	return &session{
		target: t, shelf: newShelf(),
		answers: make(map[string]target.Answer), users: make(map[string]bool), shared: make(map[reflect.Type]shared),
	}
}

// key tells anchors apart: the same certificate may be one in two tenants.
func key(a certfactory.Anchor) string {
	return fmt.Sprintf("%d/%s", a.Tenant, certfactory.Fingerprint(a.DER))
}

// prepare uploads the anchors of the whole run together. An anchor that the
// platform refuses is left to the spec that needs it.
func (s *session) prepare(ctx context.Context, anchors []certfactory.Anchor) error {
	var distinct []certfactory.Anchor
	for _, a := range anchors {
		if !slices.ContainsFunc(distinct, func(b certfactory.Anchor) bool { return key(a) == key(b) }) {
			distinct = append(distinct, a)
		}
	}
	if len(distinct) == 0 {
		return nil
	}
	return s.add(ctx, distinct)
}

func (s *session) add(ctx context.Context, anchors []certfactory.Anchor) error {
	s.anchors = append(s.anchors, anchors...) // before the attempt: it may succeed and its answer be lost
	answers, err := s.target.Driver.Add(ctx, anchors)
	for i, answer := range answers {
		s.answers[key(anchors[i])] = answer
	}
	return err
}

// trust adds one anchor unless it is there.
func (s *session) trust(ctx context.Context, a certfactory.Anchor) (target.Answer, error) {
	if answer, ok := s.answers[key(a)]; ok {
		return answer, nil
	}
	if err := s.add(ctx, []certfactory.Anchor{a}); err != nil {
		return target.Answer{}, err
	}
	return s.answers[key(a)], nil
}

// forget drops an anchor that is no longer on the platform.
func (s *session) forget(a certfactory.Anchor) {
	delete(s.answers, key(a))
	s.anchors = slices.DeleteFunc(s.anchors, func(b certfactory.Anchor) bool { return key(a) == key(b) })
}

// chainLength sets the maximum chain length unless it is set so.
func (s *session) chainLength(ctx context.Context, n int) error {
	if s.original == 0 {
		original, err := s.target.Management.MaxChainLength(ctx)
		if err != nil {
			return err
		}
		s.original, s.length = original, original
	}
	if n == s.length {
		return nil
	}
	if err := s.target.Management.SetMaxChainLength(ctx, n); err != nil {
		s.length = 0
		return err
	}
	s.length = n
	return nil
}

// restore leaves the target as it was found and returns what it could not undo.
func (s *session) restore(ctx context.Context) []string {
	var left []string
	note := func(err error) {
		if err == nil {
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			left = append(left, "left behind: "+line)
		}
	}
	if s.original != 0 && s.original != s.length {
		note(s.target.Management.SetMaxChainLength(ctx, s.original))
	}
	if s.clockMoved {
		note(s.target.Management.SetClock(ctx, 0))
	}
	if len(s.anchors) > 0 {
		note(s.target.Driver.Remove(ctx, s.anchors))
	}
	for _, request := range s.undo {
		note(s.send(ctx, request))
	}
	note(s.removeUsers(ctx))
	return left
}

// madeUser notes that the platform may have made the user of this device.
func (s *session) madeUser(clientID string) { s.users[DeviceUser(clientID)] = true }

// settle sends one of the requests that undo something before the end of the
// run; what fails is tried again then.
func (s *session) settle(ctx context.Context, r target.Request) {
	if s.send(ctx, r) != nil {
		return
	}
	s.undo = slices.DeleteFunc(s.undo, func(u target.Request) bool { return u.Method == r.Method && u.Path == r.Path })
}

// send sends a request that must succeed; what is gone already need not be
// deleted.
func (s *session) send(ctx context.Context, r target.Request) error {
	response, err := s.target.REST.Do(ctx, r)
	if err != nil {
		return err
	}
	if response.Status/100 != 2 && response.Status != http.StatusNotFound {
		return fmt.Errorf("%s %s: answered %d", r.Method, r.Path, response.Status)
	}
	return nil
}

// removeUsers deletes the device users that the run may have brought about, in
// every tenant.
func (s *session) removeUsers(ctx context.Context) error {
	users := s.target.Users()
	if users == nil {
		return nil
	}
	var failed []error
	for tenant := range users.Tenants() {
		for name := range s.users {
			err := users.DeleteUser(ctx, tenant, name)
			failed = append(failed, err)
			if errors.Is(err, target.ErrNoAnswer) {
				return fmt.Errorf("device users of this run: %w", errors.Join(failed...))
			}
		}
	}
	return errors.Join(failed...)
}
