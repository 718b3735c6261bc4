package rest

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/http"
	"slices"
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// The deviations about trust anchors that need more than a condition beside their
// rule. On a conforming platform every function here does what its first sentence says.

// autoRegistration reads the flag of an upload: off where it is not named (DC-REST-05).
func (a *API) autoRegistration(flag *flexibleBool) (bool, *problem) {
	switch {
	case flag == nil && a.has(deviation.WantsFlag):
		return false, unprocessable(invalidCertificate, "autoRegistrationEnabled is required.")
	case flag == nil:
		return a.has(deviation.FlagOnByDefault), nil
	case !flag.quoted && a.has(deviation.FlagBooleanRefused):
		return false, unprocessable(invalidCertificate, "autoRegistrationEnabled must be a string.")
	case flag.quoted && a.has(deviation.FlagStringRefused):
		return false, unprocessable(invalidCertificate, "autoRegistrationEnabled must be a boolean.")
	case flag.quoted && a.has(deviation.FlagStringCountsFalse):
		return false, nil
	}
	return flag.on, nil
}

// tolerates reports whether a fault of a certificate is overlooked: none is.
func (a *API) tolerates(reason trust.Reason) bool {
	switch reason {
	case trust.CANotV3:
		return a.has(deviation.UploadsAcceptV1)
	case trust.IssuerNotCA:
		return a.has(deviation.UploadsAcceptNonCA)
	case trust.BadSignature:
		return a.has(deviation.UploadsAcceptBadSelf)
	}
	return false
}

// quibble says what is held against a good certificate: nothing (DC-TRUST-03, 05, 06).
func (a *API) quibble(anchor registry.Anchor) string {
	c := anchor.Certificate
	switch {
	case a.has(deviation.UploadsWantSelfSigned) && !bytes.Equal(c.RawIssuer, c.RawSubject):
		return "not self-signed"
	case a.has(deviation.RefusesSelfSigned) && bytes.Equal(c.RawIssuer, c.RawSubject):
		return "self-signed"
	case a.has(deviation.RefusesColonInCAName) && strings.Contains(c.Subject.CommonName, ":"):
		return "the common name has a colon"
	case a.has(deviation.RefusesDisabledUpload) && !anchor.Enabled:
		return "not enabled"
	case a.has(deviation.RefusesPathLenAnchor) && c.MaxPathLenZero:
		return "the path length is 0"
	case a.has(deviation.UploadsWantCriticalCA) && !slices.ContainsFunc(c.Extensions, criticalConstraints):
		return "basicConstraints are not critical"
	case a.has(deviation.OneAnchorPerName) && slices.ContainsFunc(a.config.Registry.Anchors(anchor.Tenant), anotherOfName(c)):
		return "there is one of this name already"
	}
	return ""
}

func criticalConstraints(e pkix.Extension) bool {
	return e.Critical && e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 19})
}

func anotherOfName(c *x509.Certificate) func(registry.Anchor) bool {
	return func(a registry.Anchor) bool {
		return bytes.Equal(a.Certificate.RawSubject, c.RawSubject) && !a.Certificate.Equal(c)
	}
}

// pemQuibble says what is held against good PEM: nothing (DC-REST-01, 04).
func pemQuibble(before, value string, d deviation.Set) string {
	switch {
	case d.Has(deviation.RefusesPEMOnOneLine) && !strings.ContainsAny(value, "\r\n"):
		return "the PEM stands on one line"
	case d.Has(deviation.PEMWants64Columns) && !in64Columns(value[len(before):]):
		return "lines do not have 64 characters"
	case d.Has(deviation.PEMWantsFinalLineEnd) && !strings.HasSuffix(value, "\n"):
		return "no line end follows the footer"
	case d.Has(deviation.RefusesCRLF) && strings.Contains(value, "\r\n"):
		return "lines end with CR LF"
	case d.Has(deviation.RefusesTextBeforePEM) && strings.TrimSpace(before) != "":
		return "text stands before the PEM header"
	}
	return ""
}

// in64Columns reports whether PEM has the lines that RFC 7468 asks of who writes it.
func in64Columns(pem string) bool {
	lines := strings.Split(strings.TrimSpace(pem), "\n")
	if len(lines) < 4 {
		return false
	}
	return !slices.ContainsFunc(lines[1:len(lines)-2], func(line string) bool { return len(strings.TrimRight(line, "\r")) != 64 })
}

// refuseUpload answers an upload that is no good: nothing comes of it (DC-REST-07).
func (a *API) refuseUpload(anchor registry.Anchor, req anchorRequest, p *problem) (answer, *problem) {
	switch {
	case anchor.Certificate != nil && a.has(deviation.StoresBeforeChecking):
		_, _ = a.config.Registry.AddAnchor(anchor) // the answer is the same
	case anchor.Certificate == nil && a.has(deviation.AnswersGarbageCreated):
		return created(nil), nil
	case req.Certificate != nil && a.has(deviation.EchoesUploads):
		p.Message += " It was: " + *req.Certificate
	}
	return answer{}, p
}

// takeOver does nothing to the anchors of other tenants (DC-TRUST-01).
func (a *API) takeOver(anchor registry.Anchor) {
	if !a.has(deviation.LastUploadWins) {
		return
	}
	for _, tenant := range a.config.Registry.Tenants() {
		if tenant != anchor.Tenant {
			_ = a.config.Registry.DeleteAnchor(tenant, registry.Fingerprint(anchor.Certificate)) // it need not be there
		}
	}
}

// refuseDuplicate answers an upload of what is an anchor already: nothing comes of it.
func (a *API) refuseDuplicate(c call, anchor registry.Anchor) (answer, *problem) {
	existing, own := a.config.Registry.Anchor(c.tenant, registry.Fingerprint(anchor.Certificate))
	switch {
	case own && a.has(deviation.AcceptsDuplicates):
		return created(anchorObject(c, existing)), nil
	case own && a.has(deviation.DuplicateOverwrites):
		_, _ = a.config.Registry.UpdateAnchor(c.tenant, existing.Fingerprint, registry.AnchorUpdate{Name: &anchor.Name, Enabled: &anchor.Enabled})
	}
	return answer{}, refuse(http.StatusConflict, "tenants/Duplicate", "A certificate with the same fingerprint already exists.")
}

// listed returns the anchors of a tenant (DC-REST-06).
func (a *API) listed(tenant string) []registry.Anchor {
	anchors := a.config.Registry.Anchors(tenant)
	if a.has(deviation.ListShowsFirstFive) {
		return anchors[:min(5, len(anchors))]
	}
	return anchors
}

// replaceAnchor leaves the certificate of an anchor as it is, and wants no field to be
// named (DC-REST-06).
func (a *API) replaceAnchor(c call, req anchorRequest, u registry.AnchorUpdate) *problem {
	switch {
	case a.has(deviation.ChangeWantsEveryField) && (u.Name == nil || u.Enabled == nil || u.AutoRegistration == nil):
		return unprocessable(invalidCertificate, "name, status and autoRegistrationEnabled are required.")
	case req.Certificate != nil && a.has(deviation.PutReplacesCertificate):
		anchor, p := a.readUpload(c, req)
		if p != nil {
			return p
		}
		_ = a.config.Registry.DeleteAnchor(c.tenant, c.fingerprint())
		_, _ = a.config.Registry.AddAnchor(anchor)
	}
	return nil
}

// updateAnchor changes an anchor and returns it as it is then (DC-REST-06, DC-REG-03).
func (a *API) updateAnchor(c call, u registry.AnchorUpdate) (registry.Anchor, error) {
	done := u
	switch {
	case a.has(deviation.IgnoresStatusChange):
		done.Enabled = nil
	case a.has(deviation.CannotEnableAgain) && u.Enabled != nil && *u.Enabled:
		done.Enabled = nil
	case a.has(deviation.IgnoresNameChange):
		done.Name = nil
	case a.has(deviation.IgnoresFlagChange):
		done.AutoRegistration = nil
	}
	anchor, err := a.config.Registry.UpdateAnchor(c.tenant, c.fingerprint(), done)
	return shown(anchor, u), err
}

// shown is an anchor as if a change had been made, where it was not.
func shown(anchor registry.Anchor, u registry.AnchorUpdate) registry.Anchor {
	if u.Name != nil {
		anchor.Name = *u.Name
	}
	if u.Enabled != nil {
		anchor.Enabled = *u.Enabled
	}
	if u.AutoRegistration != nil {
		anchor.AutoRegistration = *u.AutoRegistration
	}
	return anchor
}

// dropAnchor deletes an anchor (DC-REST-06, DC-TRUST-08).
func (a *API) dropAnchor(c call) error {
	var err error
	switch {
	case a.has(deviation.DeleteDoesNothing):
		_, err = a.config.Registry.UpdateAnchor(c.tenant, c.fingerprint(), registry.AnchorUpdate{})
	case a.has(deviation.DeleteOnlyDisables):
		_, err = a.config.Registry.UpdateAnchor(c.tenant, c.fingerprint(), registry.AnchorUpdate{Enabled: new(bool)})
	default:
		err = a.config.Registry.DeleteAnchor(c.tenant, c.fingerprint())
	}
	if a.has(deviation.DeletesTwice) {
		return nil
	}
	return err
}
