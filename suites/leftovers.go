package suites

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// Leftovers are what a run has changed on a target and not yet undone. They hold
// no secret and can be written down, so that [Tidy] can go on with them later.
type Leftovers struct {
	// MaxChainLength is what the platform's maximum chain length was; 0: it is.
	MaxChainLength int           `json:"maxChainLength,omitempty"`
	ClockMoved     bool          `json:"clockMoved,omitempty"` // the platform's clock is to be put right
	Anchors        []LeftAnchor  `json:"anchors,omitempty"`
	Requests       []LeftRequest `json:"requests,omitempty"`
	Devices        []LeftDevice  `json:"devices,omitempty"`
	Users          []LeftUser    `json:"users,omitempty"`
}

// LeftAnchor is a trust anchor to remove from a tenant, by its number from 0.
type LeftAnchor struct {
	Tenant int    `json:"tenant"`
	Name   string `json:"name"`
	DER    []byte `json:"der"`
}

// LeftDevice is a device that bulk registration has put into the inventory of a
// tenant, to delete.
type LeftDevice struct {
	Tenant   int    `json:"tenant"`
	ClientID string `json:"clientId"`
}

// LeftUser is a device user to delete.
type LeftUser struct {
	Tenant int    `json:"tenant"`
	Name   string `json:"name"`
}

// LeftRequest is a request to send as an admin of a tenant. That what it deletes
// is gone already is no trouble.
type LeftRequest struct {
	Tenant int    `json:"tenant"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   any    `json:"body,omitempty"` // JSON
}

// Empty reports whether nothing is left.
func (l Leftovers) Empty() bool {
	return l.MaxChainLength == 0 && !l.ClockMoved && len(l.Anchors)+len(l.Requests)+len(l.Devices)+len(l.Users) == 0
}

// Words says what is left, a line for each kind.
func (l Leftovers) Words() []string {
	var words []string
	if l.MaxChainLength != 0 {
		words = append(words, fmt.Sprintf("the maximum chain length is not what it was, %d", l.MaxChainLength))
	}
	if l.ClockMoved {
		words = append(words, "the platform's clock is not right")
	}
	count := func(n int, what, first string) {
		if n > 0 {
			words = append(words, fmt.Sprintf("%d %s, the first is %s", n, what, first))
		}
	}
	for _, a := range l.Anchors[:min(1, len(l.Anchors))] {
		count(len(l.Anchors), "trust anchors", certfactory.Fingerprint(a.DER))
	}
	for _, r := range l.Requests[:min(1, len(l.Requests))] {
		count(len(l.Requests), "requests that undo something", r.Method+" "+r.Path)
	}
	for _, d := range l.Devices[:min(1, len(l.Devices))] {
		count(len(l.Devices), "devices in the inventory", d.ClientID)
	}
	for _, u := range l.Users[:min(1, len(l.Users))] {
		count(len(l.Users), "device users", u.Name)
	}
	return words
}

// How long a platform that does not answer is waited for while it is tidied up.
const (
	tidyPause    = 200 * time.Millisecond
	longestPause = 5 * time.Second
)

// tidyBound is how long nothing may be undone before it is given up.
func tidyBound(t target.Timing) time.Duration { return 2 * (t.Connect + t.Response) }

// mostErrors is how many reasons are told: a platform that is gone has one for
// each of hundreds of things.
const mostErrors = 3

// Tidy undoes what is left on a target, some requests at a time. A target that
// went away is asked again until nothing could be undone for twice as long as an
// answer may take, or ctx ends. It returns what is left then, and why.
func Tidy(ctx context.Context, t *target.Target, l Leftovers) (Leftovers, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	bound := tidyBound(t.Timing)
	late := time.AfterFunc(bound, cancel)
	defer late.Stop()
	tidier := tidier{target: t, progress: func() { late.Reset(bound) }}
	for pause := tidyPause; ; pause = min(2*pause, longestPause) {
		var again bool
		var err error
		if l, again, err = tidier.once(ctx, l); !again || ctx.Err() != nil {
			return l, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return l, err
		}
	}
}

// A tidier goes through what is left once, and says what is left then.
type tidier struct {
	target   *target.Target
	progress func() // called when something was undone; optional

	mu    sync.Mutex
	again bool // something may go better later
	errs  []error
}

func (t *tidier) once(ctx context.Context, l Leftovers) (left Leftovers, again bool, err error) {
	t.again, t.errs = false, nil
	if l.MaxChainLength != 0 && !t.done(t.target.Management.SetMaxChainLength(ctx, l.MaxChainLength)) {
		left.MaxChainLength = l.MaxChainLength
	}
	if l.ClockMoved && !t.done(t.target.Management.SetClock(ctx, 0)) {
		left.ClockMoved = true
	}
	if anchors := l.anchors(); len(anchors) > 0 && !t.done(t.target.Driver.Remove(ctx, anchors)) {
		left.Anchors = l.Anchors
	}
	left.Requests = remaining(l.Requests, func(r LeftRequest) bool { return t.done(t.send(ctx, r)) })
	left.Devices = remaining(l.Devices, func(d LeftDevice) bool { return t.done(t.forget(ctx, d)) })
	users := t.target.Users()
	left.Users = remaining(l.Users, func(u LeftUser) bool {
		return users == nil || u.Tenant >= users.Tenants() || t.done(users.DeleteUser(ctx, u.Tenant, u.Name))
	})
	return left, t.again, errors.Join(t.errs...)
}

func (l Leftovers) anchors() []certfactory.Anchor {
	anchors := make([]certfactory.Anchor, len(l.Anchors))
	for i, a := range l.Anchors {
		anchors[i] = certfactory.Anchor{Name: a.Name, DER: a.DER, Tenant: a.Tenant}
	}
	return anchors
}

// remaining returns, in order, what could not be done.
func remaining[T any](all []T, do func(T) bool) []T {
	done := make([]bool, len(all))
	var group errgroup.Group
	group.SetLimit(DefaultJobs)
	for i, one := range all {
		group.Go(func() error {
			done[i] = do(one)
			return nil
		})
	}
	_ = group.Wait() // always nil
	var left []T
	for i, one := range all {
		if !done[i] {
			left = append(left, one)
		}
	}
	return left
}

// done takes how an attempt to undo something went. An answer that says no will be
// the same later, if it is the client's fault.
func (t *tidier) done(err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		if t.progress != nil {
			t.progress()
		}
		return true
	}
	status, answered := errors.AsType[*target.StatusError](err)
	if !answered || status.Status/100 == 5 || status.Status == http.StatusTooManyRequests {
		t.again = true
	}
	if len(t.errs) < mostErrors {
		t.errs = append(t.errs, err)
	}
	return false
}

// send sends a request that undoes something.
func (t *tidier) send(ctx context.Context, r LeftRequest) error {
	if t.lacks(r.Tenant) {
		return fmt.Errorf("%s %s: the target file names no tenant number %d", r.Method, r.Path, r.Tenant+1)
	}
	tenant := t.target.REST.Tenants[r.Tenant]
	admin, _ := tenant.Admin() // the loader of target files sees to it that there is one
	response, err := t.target.REST.Do(ctx, target.Request{Method: r.Method, Path: r.Path, Tenant: tenant.ID, User: admin, Body: r.Body})
	if err != nil {
		return err
	}
	if response.Status/100 != 2 && response.Status != http.StatusNotFound {
		return &target.StatusError{Method: r.Method, Path: r.Path, Status: response.Status}
	}
	return nil
}

// forget deletes a device from the inventory.
func (t *tidier) forget(ctx context.Context, d LeftDevice) error {
	if t.lacks(d.Tenant) {
		return fmt.Errorf("delete device %s: the target file names no tenant number %d", d.ClientID, d.Tenant+1)
	}
	return t.target.REST.DeleteDevice(ctx, d.Tenant, d.ClientID)
}

// lacks reports whether the target file does not name a tenant of this number.
func (t *tidier) lacks(tenant int) bool {
	return t.target.REST == nil || tenant >= len(t.target.REST.Tenants)
}
