package target

import (
	"context"
	"errors"
	"fmt"
	"net/http"

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

// Add uploads each anchor. One that is there already counts as accepted, as
// client programs of this platform take it.
func (c *Cumulocity) Add(ctx context.Context, anchors []certfactory.Anchor) ([]Answer, error) {
	answers := make([]Answer, 0, len(anchors))
	for _, a := range anchors {
		tenant, admin, err := c.admin(a)
		if err != nil {
			return answers, err
		}
		response, err := c.REST.Do(ctx, Request{
			Method: http.MethodPost, Path: AnchorsPath(tenant.ID), Tenant: tenant.ID, User: admin, Body: NewUpload(a),
		})
		if err != nil {
			return answers, fmt.Errorf("upload trust anchor %s: %w", a.Name, err)
		}
		accepted := response.Status == http.StatusCreated || response.Status == http.StatusOK || response.Status == http.StatusConflict
		answer := Answer{Accepted: accepted, Status: response.Status}
		if !accepted {
			answer.Detail = fmt.Sprintf("upload of trust anchor %s answered %d", a.Name, response.Status)
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// Remove deletes each anchor, until one is not answered at all.
func (c *Cumulocity) Remove(ctx context.Context, anchors []certfactory.Anchor) error {
	var failed []error
	for i, a := range anchors {
		tenant, admin, err := c.admin(a)
		if err != nil {
			return err
		}
		response, err := c.REST.Do(ctx, Request{
			Method: http.MethodDelete, Path: AnchorPath(tenant.ID, a.DER), Tenant: tenant.ID, User: admin,
		})
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("delete %d trust anchors, the first is %q: %w", len(anchors)-i, a.Name, err))
			return errors.Join(failed...)
		case response.Status/100 != 2 && response.Status != http.StatusNotFound:
			failed = append(failed, fmt.Errorf("delete trust anchor %s of tenant %s: answered %d", certfactory.Fingerprint(a.DER), tenant.ID, response.Status))
		}
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
