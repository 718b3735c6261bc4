package rest

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// Codes and messages of the trusted certificates API.
const invalidCertificate = "tenants/Invalid Data"

// An anchorRequest is what a client may say about a trust anchor. What is nil was not said.
type anchorRequest struct {
	Status           *string       `json:"status"`
	Name             *string       `json:"name"`
	AutoRegistration *flexibleBool `json:"autoRegistrationEnabled"`
	Certificate      *string       `json:"certInPemFormat"`
}

// A flexibleBool is read from true and from "true" (DC-REST-05).
type flexibleBool struct {
	on     bool
	quoted bool
}

// UnmarshalJSON reads a boolean or the string of one.
func (b *flexibleBool) UnmarshalJSON(data []byte) error {
	b.quoted = strings.HasPrefix(string(data), `"`)
	switch strings.ToLower(string(data)) {
	case `true`, `"true"`:
		b.on = true
	case `false`, `"false"`, `""`, `null`:
		b.on = false
	default:
		return &json.UnmarshalTypeError{Value: string(data), Type: reflect.TypeFor[bool](), Field: "autoRegistrationEnabled"}
	}
	return nil
}

// enabled reads a status, which is ENABLED or DISABLED and nothing else.
func (a *API) enabled(status string) (bool, *problem) {
	switch {
	case status == "ENABLED" || status != "DISABLED" && a.has(deviation.TakesAnyStatus):
		return true, nil
	case status == "DISABLED":
		return false, nil
	default:
		return false, unprocessable(invalidCertificate, "The status must be ENABLED or DISABLED.")
	}
}

// addAnchor is the upload (DC-REST-01).
func (a *API) addAnchor(c call) (answer, *problem) {
	var req anchorRequest
	if p := c.decode(&req); p != nil {
		return a.refuseUpload(registry.Anchor{}, req, p)
	}
	anchor, p := a.readUpload(c, req)
	if p != nil {
		return a.refuseUpload(anchor, req, p)
	}
	a.takeOver(anchor)
	added, err := a.config.Registry.AddAnchor(anchor)
	if errors.Is(err, registry.ErrDuplicate) {
		return a.refuseDuplicate(c, anchor)
	}
	if errors.Is(err, registry.ErrTooMany) {
		return answer{}, unprocessable("tenants/Limit Exceeded", "The tenant has as many trusted certificates as it may have.")
	}
	if err != nil {
		return answer{}, notFound("security/Not Found", "There is no tenant with id = %s", c.tenant)
	}
	a.audit(c, "Trusted certificate added", added.Fingerprint)
	return created(anchorObject(c, added)), nil
}

// readUpload makes an anchor of an upload, or says what is wrong with it (DC-REST-07). What
// comes with a problem is as much of the anchor as could be read.
func (a *API) readUpload(c call, req anchorRequest) (registry.Anchor, *problem) {
	if req.Certificate == nil || req.Status == nil {
		return registry.Anchor{}, unprocessable(invalidCertificate, "status and certInPemFormat are required.")
	}
	anchor := registry.Anchor{Tenant: c.tenant}
	certificate, err := readCertificate(*req.Certificate, a.config.Deviations)
	if err != nil {
		return anchor, unprocessable(invalidCertificate, "Invalid certificate data: %v.", err)
	}
	anchor.Certificate = certificate
	if req.Name != nil {
		anchor.Name = *req.Name
	}
	var p *problem
	if anchor.Enabled, p = a.enabled(*req.Status); p != nil {
		return anchor, p
	}
	anchor.Enabled = anchor.Enabled || a.has(deviation.IgnoresUploadStatus)
	if anchor.AutoRegistration, p = a.autoRegistration(req.AutoRegistration); p != nil {
		return anchor, p
	}
	refusal := a.config.Rules().CheckAnchor(certificate) // DC-TRUST-04, 05
	if refusal != nil && !a.tolerates(refusal.Reason) {
		return anchor, unprocessable(invalidCertificate, "Invalid certificate data: %s: %s.", refusal.Reason, refusal.Detail)
	}
	if fault := a.quibble(anchor); fault != "" {
		return anchor, unprocessable(invalidCertificate, "Invalid certificate data: %s.", fault)
	}
	return anchor, nil
}

func (a *API) listAnchors(c call) (answer, *problem) {
	if a.has(deviation.CannotList) {
		return answer{}, notFound("general/Not Found", "There is no list.")
	}
	return ok(page(c, "certificates", a.listed(c.tenant), func(x registry.Anchor) any {
		return anchorObject(c, x)
	})), nil
}

func (a *API) readAnchor(c call) (answer, *problem) {
	anchor, found := a.config.Registry.Anchor(c.tenant, c.fingerprint())
	if !found {
		return answer{}, c.noAnchor()
	}
	return ok(anchorObject(c, anchor)), nil
}

// changeAnchor changes status, name and auto-registration; anything else in the body, the
// certificate too, is ignored (DC-REST-06, DC-REG-03).
func (a *API) changeAnchor(c call) (answer, *problem) {
	var req anchorRequest
	if p := c.decode(&req); p != nil {
		return answer{}, p
	}
	update := registry.AnchorUpdate{Name: req.Name}
	if req.Status != nil {
		status, p := a.enabled(*req.Status)
		if p != nil {
			return answer{}, p
		}
		update.Enabled = &status
	}
	if req.AutoRegistration != nil {
		update.AutoRegistration = &req.AutoRegistration.on
	}
	if p := a.replaceAnchor(c, req, update); p != nil {
		return answer{}, p
	}
	anchor, err := a.updateAnchor(c, update)
	if err != nil && a.has(deviation.ChangesUnknownAnchor) {
		return ok(map[string]any{}), nil
	}
	if err != nil {
		return answer{}, c.noAnchor()
	}
	a.audit(c, "Trusted certificate changed", anchor.Fingerprint)
	return ok(anchorObject(c, anchor)), nil
}

// deleteAnchor ends the sessions that live on the anchor, as the real platform does.
func (a *API) deleteAnchor(c call) (answer, *problem) {
	if err := a.dropAnchor(c); err != nil {
		return answer{}, c.noAnchor()
	}
	a.config.Sessions.EndAnchor(c.tenant, c.fingerprint()) // DC-TRUST-08
	a.audit(c, "Trusted certificate deleted", c.fingerprint())
	return noContent(), nil
}

// fingerprint is read without regard to case.
func (c call) fingerprint() string { return strings.ToLower(c.PathValue("fingerprint")) }

func (c call) noAnchor() *problem {
	return notFound("certificate/Not Found", "Cannot find certificate with fingerprint %s.", c.PathValue("fingerprint"))
}
