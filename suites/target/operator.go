package target

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// An AnchorChange says what of a trust anchor is to be changed; nil leaves it.
type AnchorChange struct {
	Enabled          *bool
	AutoRegistration *bool
}

// Fields is the body of a PUT that makes the change (DC-REST-06).
func (c AnchorChange) Fields() map[string]any {
	fields := map[string]any{}
	if c.Enabled != nil {
		fields["status"] = map[bool]string{true: "ENABLED", false: "DISABLED"}[*c.Enabled]
	}
	if c.AutoRegistration != nil {
		fields["autoRegistrationEnabled"] = *c.AutoRegistration
	}
	return fields
}

// An AnchorChanger is a driver that changes a trust anchor that is there. A
// platform that does not do it is an error.
type AnchorChanger interface {
	Change(ctx context.Context, a certfactory.Anchor, c AnchorChange) error
}

// A UserManager is a driver that manages the users of devices, in a tenant by its
// number from 0. That a user is not there is no error of DeleteUser.
type UserManager interface {
	UserExists(ctx context.Context, tenant int, user string) (bool, error)
	DisableUser(ctx context.Context, tenant int, user string) error
	DeleteUser(ctx context.Context, tenant int, user string) error
	// Tenants is how many tenants there are.
	Tenants() int
}

// Management is the interface for what a tenant cannot set: the maximum chain
// length is a setting of the whole platform (DC-CHAIN-11), and so is its clock.
type Management interface {
	MaxChainLength(ctx context.Context) (int, error)
	SetMaxChainLength(ctx context.Context, n int) error
	// SetClock puts the platform's clock forward by so much against true time.
	SetClock(ctx context.Context, offset time.Duration) error
}

// Change changes a trust anchor over REST (DC-REST-06).
func (c *Cumulocity) Change(ctx context.Context, a certfactory.Anchor, change AnchorChange) error {
	tenant, admin, err := c.admin(a)
	if err != nil {
		return err
	}
	return c.must(ctx, Request{Method: http.MethodPut, Path: AnchorPath(tenant.ID, a.DER), Tenant: tenant.ID, User: admin, Body: change.Fields()})
}

// UserPath is a user of a tenant.
func UserPath(tenant, name string) string {
	return "/user/" + url.PathEscape(tenant) + "/users/" + url.PathEscape(name)
}

// Tenants returns how many tenants the target file names.
func (c *Cumulocity) Tenants() int { return len(c.REST.Tenants) }

// UserExists looks for a user over REST.
func (c *Cumulocity) UserExists(ctx context.Context, tenant int, user string) (bool, error) {
	request := c.userRequest(http.MethodGet, tenant, user)
	response, err := c.REST.Do(ctx, request)
	switch {
	case err != nil:
		return false, err
	case response.Status == http.StatusOK:
		return true, nil
	case response.Status == http.StatusNotFound:
		return false, nil
	}
	return false, &StatusError{request.Method, request.Path, response.Status}
}

// DisableUser disables a user over REST.
func (c *Cumulocity) DisableUser(ctx context.Context, tenant int, user string) error {
	request := c.userRequest(http.MethodPut, tenant, user)
	request.Body = map[string]any{"enabled": false}
	return c.must(ctx, request)
}

// DeleteUser deletes a user over REST.
func (c *Cumulocity) DeleteUser(ctx context.Context, tenant int, user string) error {
	return unlessGone(c.must(ctx, c.userRequest(http.MethodDelete, tenant, user)))
}

func (c *Cumulocity) userRequest(method string, tenant int, user string) Request {
	t := c.REST.Tenants[tenant]
	admin, _ := t.Admin() // the loader of target files sees to it that there is one
	return Request{Method: method, Path: UserPath(t.ID, user), Tenant: t.ID, User: admin}
}

// must sends a request that has to succeed.
func (c *Cumulocity) must(ctx context.Context, r Request) error {
	_, err := c.REST.must(ctx, r)
	return err
}

// must is Do for a request that has to succeed: another answer is a [*StatusError].
func (r *REST) must(ctx context.Context, request Request) (Response, error) {
	response, err := r.Do(ctx, request)
	if err == nil && response.Status/100 != 2 {
		err = &StatusError{request.Method, request.Path, response.Status}
	}
	return response, err
}

// A StatusError is an HTTP answer that a preamble cannot go on with.
type StatusError struct {
	Method, Path string
	Status       int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: answered %d", e.Method, e.Path, e.Status)
}
