package target

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// A Driver puts trust anchors on the platform and takes them away. Add and
// Remove return when the change is in force. They may be called again after any
// error; neither is safe for concurrent use.
type Driver interface {
	// Name is the word that a target file uses.
	Name() string
	// Add makes the anchors trusted and says for each, in order, what the
	// platform answered. The error is for what was not answered at all.
	Add(ctx context.Context, anchors []certfactory.Anchor) ([]Answer, error)
	// Remove takes the anchors away; one that is not there is no error.
	Remove(ctx context.Context, anchors []certfactory.Anchor) error
}

// Disturbs reports whether a driver may end connections when it changes trust
// anchors, so that no device may be trying meanwhile: a broker is restarted, or
// nobody knows what a program does.
func Disturbs(d Driver) bool {
	switch d.(type) {
	case *Static, *Exec:
		return true
	}
	return false
}

// An Answer is what the platform said to one trust anchor.
type Answer struct {
	Accepted bool
	Status   int    // of HTTP; 0 where the driver speaks no HTTP
	Detail   string // one line, where it was not accepted
}

// Cumulocity manages trust anchors over the REST interface that the
// specification shows ("Upload via REST").
type Cumulocity struct{ REST *REST }

// Name returns "cumulocity".
func (*Cumulocity) Name() string { return "cumulocity" }

// Upload is the body of a POST to trusted-certificates (DC-REST-01).
type Upload struct {
	Status           string `json:"status"`
	Name             string `json:"name"`
	AutoRegistration bool   `json:"autoRegistrationEnabled"`
	PEM              string `json:"certInPemFormat"`
}

// NewUpload returns the body that uploads the anchor.
func NewUpload(a certfactory.Anchor) Upload {
	status := "ENABLED"
	if a.Disabled {
		status = "DISABLED"
	}
	return Upload{Status: status, Name: a.Name, AutoRegistration: a.AutoRegistration, PEM: string(certfactory.PEM(a.DER))}
}

// AnchorsPath is the collection of a tenant's trust anchors.
func AnchorsPath(tenant string) string { return "/tenant/tenants/" + tenant + "/trusted-certificates" }

// AnchorPath is one trust anchor of a tenant.
func AnchorPath(tenant string, der []byte) string {
	return AnchorsPath(tenant) + "/" + certfactory.Fingerprint(der)
}

// together is how many requests of one Add or Remove are on their way at a time: a
// platform that is far away would else be waited for hundreds of times.
const together = 8

// Add uploads each anchor. One that is there already counts as accepted, as
// client programs of this platform take it. The answers are those of the anchors
// before the first that was not answered.
func (c *Cumulocity) Add(ctx context.Context, anchors []certfactory.Anchor) ([]Answer, error) {
	answers, errs := make([]Answer, len(anchors)), make([]error, len(anchors))
	each(anchors, func(i int, a certfactory.Anchor) { answers[i], errs[i] = c.add(ctx, a) })
	for i, err := range errs {
		if err != nil {
			return answers[:i], err
		}
	}
	return answers, nil
}

// each does something with every anchor, some at a time.
func each(anchors []certfactory.Anchor, do func(int, certfactory.Anchor)) {
	var group errgroup.Group
	group.SetLimit(together)
	for i, a := range anchors {
		group.Go(func() error {
			do(i, a)
			return nil
		})
	}
	_ = group.Wait() // always nil
}

func (c *Cumulocity) add(ctx context.Context, a certfactory.Anchor) (Answer, error) {
	tenant, admin, err := c.admin(a)
	if err != nil {
		return Answer{}, err
	}
	response, err := c.REST.Do(ctx, Request{
		Method: http.MethodPost, Path: AnchorsPath(tenant.ID), Tenant: tenant.ID, User: admin, Body: NewUpload(a),
	})
	if err != nil {
		return Answer{}, fmt.Errorf("upload trust anchor %s: %w", a.Name, err)
	}
	accepted := response.Status == http.StatusCreated || response.Status == http.StatusOK || response.Status == http.StatusConflict
	answer := Answer{Accepted: accepted, Status: response.Status}
	if !accepted {
		answer.Detail = fmt.Sprintf("upload of trust anchor %s answered %d", a.Name, response.Status)
	}
	return answer, nil
}

// Remove deletes each anchor. Its error joins one [StatusError] for each that was
// answered otherwise, and tells how many were not answered at all.
func (c *Cumulocity) Remove(ctx context.Context, anchors []certfactory.Anchor) error {
	errs := make([]error, len(anchors))
	each(anchors, func(i int, a certfactory.Anchor) {
		tenant, admin, err := c.admin(a)
		if err == nil {
			err = c.must(ctx, Request{Method: http.MethodDelete, Path: AnchorPath(tenant.ID, a.DER), Tenant: tenant.ID, User: admin})
		}
		if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusNotFound {
			err = nil
		}
		errs[i] = err
	})
	unanswered := 0
	var failed []error
	var first error
	for _, err := range errs {
		if !errors.Is(err, ErrNoAnswer) {
			failed = append(failed, err)
			continue
		}
		if unanswered++; first == nil {
			first = err
		}
	}
	if unanswered > 0 {
		failed = append(failed, fmt.Errorf("delete %d trust anchors: %w", unanswered, first))
	}
	return errors.Join(failed...)
}

func (c *Cumulocity) admin(a certfactory.Anchor) (Tenant, User, error) {
	if a.Tenant >= len(c.REST.Tenants) {
		return Tenant{}, User{}, fmt.Errorf("trust anchor %s is for tenant number %d of %d", a.Name, a.Tenant+1, len(c.REST.Tenants))
	}
	tenant := c.REST.Tenants[a.Tenant]
	admin, ok := tenant.Admin()
	if !ok {
		return Tenant{}, User{}, fmt.Errorf("tenant %s has no user that may upload", tenant.ID)
	}
	return tenant, admin, nil
}
