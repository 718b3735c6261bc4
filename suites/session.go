package suites

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// silences is how many specs in a row may go unanswered before the rest is not
// tried any more: a platform that says nothing must not cost hours.
const silences = 3

// A session is what the specs of one run share: the state of the target as we
// changed it. It is safe for concurrent use.
type session struct {
	target    *target.Target
	shelf     *shelf
	roundTrip time.Duration

	// changing is held while the platform is being changed; it guards what follows.
	// It is taken before mu.
	changing sync.Mutex
	length   int // maximum chain length now; 0: not known
	original int // what it was before the run

	// sharing guards what costs to start, by its type, and is held while it starts.
	sharing sync.Mutex
	shared  map[reflect.Type]shared

	// mu guards what follows.
	mu         sync.Mutex
	anchors    []certfactory.Anchor // that we added and not yet removed
	answers    map[string]target.Answer
	users      map[string]bool  // device users that may have come to be
	undo       []target.Request // that put back what specs have changed
	clockMoved bool             // the platform's clock is not as it was found
	silent     int              // specs in a row that went unanswered
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
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.add(ctx, distinct)
}

// add is for who holds changing.
func (s *session) add(ctx context.Context, anchors []certfactory.Anchor) error {
	for _, a := range anchors {
		s.willAdd(a) // before the attempt: it may succeed and its answer be lost
	}
	answers, err := s.target.Driver.Add(ctx, anchors)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, answer := range answers {
		s.answers[key(anchors[i])] = answer
	}
	return err
}

// willAdd notes an anchor that may soon be on the platform.
func (s *session) willAdd(a certfactory.Anchor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.anchors = append(s.anchors, a)
}

// answered returns what the platform said to an anchor, if it was asked.
func (s *session) answered(a certfactory.Anchor) (target.Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, ok := s.answers[key(a)]
	return answer, ok
}

// trust adds one anchor unless it is there.
func (s *session) trust(ctx context.Context, a certfactory.Anchor) (target.Answer, error) {
	if answer, ok := s.answered(a); ok {
		return answer, nil
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if answer, ok := s.answered(a); ok { // added while we waited
		return answer, nil
	}
	if err := s.add(ctx, []certfactory.Anchor{a}); err != nil {
		return target.Answer{}, err
	}
	answer, _ := s.answered(a)
	return answer, nil
}

// change does something to a trust anchor by the driver, which is not safe for
// concurrent use.
func (s *session) change(do func() error) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	return do()
}

// forget drops an anchor that is no longer on the platform.
func (s *session) forget(a certfactory.Anchor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.answers, key(a))
	s.anchors = slices.DeleteFunc(s.anchors, func(b certfactory.Anchor) bool { return key(a) == key(b) })
}

// chainLength sets the maximum chain length unless it is set so.
func (s *session) chainLength(ctx context.Context, n int) error {
	s.changing.Lock()
	defer s.changing.Unlock()
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
// No spec runs any more.
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
func (s *session) madeUser(clientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[DeviceUser(clientID)] = true
}

// willUndo notes a request that undoes something at the end of the run.
func (s *session) willUndo(r target.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.undo = append(s.undo, r)
}

// moveClock notes that the platform's clock is not as it was found, or is again.
func (s *session) moveClock(moved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clockMoved = moved
}

// lost reports whether too many specs in a row went unanswered.
func (s *session) lost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent >= silences
}

// countSilence keeps how many specs in a row went unanswered.
func (s *session) countSilence(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !silent {
		s.silent = 0
		return
	}
	s.silent++
}

// settle sends one of the requests that undo something before the end of the
// run; what fails is tried again then.
func (s *session) settle(ctx context.Context, r target.Request) {
	if s.send(ctx, r) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
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
