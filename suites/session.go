package suites

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
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
	target *target.Target
	shelf  *shelf
	slow   bool // wait for what cannot be hurried

	pace      pace
	steady    steadiness
	bystander bystander

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
	users      map[LeftUser]bool // device users that may have come to be
	devices    []LeftDevice      // that may have come into the inventory
	undo       []LeftRequest     // that put back what specs have changed
	clockMoved bool              // the platform's clock is not as it was found
	silent     int               // specs in a row that went unanswered
	roundTrip  time.Duration     // smoothed
	backoffs   int               // how often a spec was tried again
	backedOff  time.Duration     // how long was waited for that
	unwaited   time.Duration     // how long a slow run would have waited
	issued     []time.Duration   // how far ahead of ours the clock was that issued tokens
}

func newSession(t *target.Target) *session {
	return &session{
		target: t, shelf: newShelf(), pace: pace{least: t.Timing.Pause}, steady: steadiness{kinds: make(map[string]*kind)},
		answers: make(map[string]target.Answer), users: make(map[LeftUser]bool), shared: make(map[reflect.Type]shared),
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

// distrust says that nobody is to rely on anchors any more: they are being taken away,
// and may be there or not until that was answered. Who needs one adds it again.
func (s *session) distrust(anchors []certfactory.Anchor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range anchors {
		delete(s.answers, key(a))
	}
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

// madeUser notes that the platform may have made the user of this device in a
// tenant.
func (s *session) madeUser(tenant int, clientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[LeftUser{tenant, DeviceUser(clientID)}] = true
}

// registered notes that a device may have come into the inventory of the first
// tenant.
func (s *session) registered(clientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.devices = append(s.devices, LeftDevice{ClientID: clientID})
}

// knows reports whether the user of this device may have come to be before.
func (s *session) knows(clientID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users[LeftUser{0, DeviceUser(clientID)}]
}

// willUndo notes a request that undoes something at the end of the run.
func (s *session) willUndo(r LeftRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.undo = append(s.undo, r)
}

// undone drops a request that need not be sent at the end of the run any more.
func (s *session) undone(r LeftRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.undo = slices.DeleteFunc(s.undo, func(u LeftRequest) bool { return u.Method == r.Method && u.Path == r.Path && u.Tenant == r.Tenant })
}

// leftovers is what was changed and is not yet undone. No spec runs any more.
func (s *session) leftovers() Leftovers {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := Leftovers{Requests: s.undo, Devices: s.devices, ClockMoved: s.clockMoved}
	if s.original != s.length {
		left.MaxChainLength = s.original
	}
	seen := make(map[string]bool)
	for _, a := range s.anchors {
		if !seen[key(a)] {
			left.Anchors = append(left.Anchors, LeftAnchor{Tenant: a.Tenant, Name: a.Name, DER: a.DER})
		}
		seen[key(a)] = true
	}
	for user := range s.users {
		left.Users = append(left.Users, user)
	}
	slices.SortFunc(left.Users, func(a, b LeftUser) int { return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Name, b.Name)) })
	return left
}

// moveClock notes that the platform's clock is not as it was found, or is again.
func (s *session) moveClock(moved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clockMoved = moved
}

// smoothing is how many round trips weigh as much as what was known before.
const smoothing = 8

// measure takes another round trip into account. The first stands for itself.
func (s *session) measure(trip time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.roundTrip == 0 {
		s.roundTrip = trip
	}
	s.roundTrip += (trip - s.roundTrip) / smoothing
}

// trip is how long an answer of the platform takes, the way there and back included.
func (s *session) trip() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.roundTrip
}

// backOff takes down that a spec was tried again after so long.
func (s *session) backOff(waited time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backoffs, s.backedOff = s.backoffs+1, s.backedOff+waited
}

// wouldWait takes down how long a slow run would have waited.
func (s *session) wouldWait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwaited += d
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
