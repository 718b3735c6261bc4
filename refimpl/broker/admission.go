package broker

import (
	"crypto/sha256"
	"strings"
	"unicode/utf8"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// Reasons to refuse a CONNECT that lie neither in the chain nor in the common name.
const (
	noConnect        trust.Reason = "no-connect"           // MQTT-3.1.0-1
	malformedConnect trust.Reason = "malformed-connect"    // MQTT-3.1.2-1, MQTT-3.1.4-1
	badVersion       trust.Reason = "bad-protocol-version" // MQTT-3.1.2-2
	noCredentials    trust.Reason = "no-credentials"       // DC-TLS-09
	badPassword      trust.Reason = "bad-password"         //
	badClientID      trust.Reason = "bad-client-id"        //
	otherTenant      trust.Reason = "other-tenant"         // DC-ID-02
	longClientID     trust.Reason = "long-client-id"       // MQTT 3.1 only
	anchorGone       trust.Reason = "anchor-gone"          // DC-TRUST-07, 08
	notRegistered    trust.Reason = "not-registered"       // DC-REG-02, 08
	userDisabled     trust.Reason = "user-disabled"        // DC-REG-08
	loginByPassword  trust.Reason = "login-by-password"    // DC-REG-05
	overtaken        trust.Reason = "overtaken"            // what was good a moment ago is not any more
	madeRoom         trust.Reason = "made-room"            // for another connection, which came later
	notKept          trust.Reason = "data-not-kept"        // the platform cannot bring its data to disk
)

// An admission is who an admitted client is.
type admission struct {
	tenant string
	// device is the device identifier; one per tenant is connected at a time.
	device string
	// user is the user's name in the tenant.
	user string
	// anchor is the fingerprint of the trust anchor; empty for who logged in by password.
	anchor string
	// tokens says whether it may ask for device tokens.
	tokens bool
}

// admit decides on a CONNECT. A certificate decides alone if there is one, whatever user
// name and password say (DC-ID-01, 02).
func (c *client) admit(p *packets.Packet) (admission, byte, *trust.Refusal) {
	if p.ProtocolVersion == 3 && utf8.RuneCountInString(p.Connect.ClientIdentifier) > 23 {
		return admission{}, notAuthorized, refuse(longClientID, "MQTT 3.1 allows 23 characters")
	}
	if c.has(deviation.WantsLongKeepAlive) && p.Connect.Keepalive > 0 && p.Connect.Keepalive < 60 {
		return admission{}, notAuthorized, refuse(malformedConnect, "the Keep Alive is short")
	}
	if c.presented {
		return c.admitCertificate(p)
	}
	return c.admitPassword(p)
}

func (c *client) admitCertificate(p *packets.Packet) (admission, byte, *trust.Refusal) {
	if c.refusal != nil {
		return admission{}, notAuthorized, c.refusal
	}
	name, refusal := c.commonName(p)
	if refusal != nil { // DC-ID-05, 06
		return admission{}, notAuthorized, refusal
	}
	if c.path.Anchor.AutoRegistration && c.has(deviation.RegistersBeforeMatching) {
		c.broker.register(c.path.Anchor.Tenant, name)
	}
	if refusal := c.broker.rules().MatchClientID(p.Connect.ClientIdentifier, name); refusal != nil { // DC-ID-03, 04
		return admission{}, identifierRejected, refusal
	}
	a := admission{tenant: c.tenantOf(name), device: c.broker.deviceOf(p, name), anchor: c.path.Anchor.Fingerprint, tokens: true}
	a.user = registry.DevicePrefix + a.device
	tenant, _, ok := strings.Cut(string(p.Connect.Username), "/")
	if ok && tenant != a.tenant && !c.broker.config.Deviations.Has(deviation.IgnoresTenantOfUserName) { // DC-ID-02
		return admission{}, notAuthorized, refuse(otherTenant, "the user name has another tenant than the certificate")
	}
	if refusal := c.dislike(p, a); refusal != nil {
		return admission{}, notAuthorized, refusal
	}
	if refusal := c.deviceUser(a); refusal != nil {
		return admission{}, notAuthorized, refusal
	}
	return a, accepted, nil
}

// deviceUser finds the user of a device, or makes it if the anchor says so: here, at
// the first MQTT call of a device whose certificate is good, and nowhere else (DC-REG-01).
func (c *client) deviceUser(a admission) *trust.Refusal {
	anchor, ok := c.anchorNow()
	if !ok {
		return refuse(anchorGone, "the trust anchor was disabled or deleted since the handshake")
	}
	user, ok := c.broker.config.Registry.User(a.tenant, a.user)
	if !ok && !c.registers(anchor) { // DC-REG-02
		return refuse(notRegistered, "no device user, and the trust anchor does not register")
	}
	if !ok {
		var err error
		if user, _, err = c.broker.config.Registry.EnsureDevice(a.tenant, a.device); err != nil {
			return refuse(notRegistered, err.Error())
		}
	}
	if !c.mayConnect(user) {
		return refuse(userDisabled, "the device user is disabled")
	}
	if user.Login != registry.LoginCertificate && !c.has(deviation.PasswordUserMayConnect) {
		return refuse(loginByPassword, "the device was registered to log in by password")
	}
	return nil
}

// stillAdmitted asks again what may have changed while the session was being entered into
// the table where EndAnchor and EndUser look. A user that may be gone after a crash admits nobody.
func (c *client) stillAdmitted() (byte, *trust.Refusal) {
	a := c.admission
	if !c.pass.Admit() {
		return serverUnavailable, refuse(madeRoom, "another connection needed the place")
	}
	if err := c.broker.config.Registry.Sync(); err != nil {
		return serverUnavailable, refuse(notKept, err.Error())
	}
	user, ok := c.broker.config.Registry.User(a.tenant, a.user)
	if !ok || !c.mayConnect(user) {
		return notAuthorized, refuse(overtaken, "the user was disabled or deleted during CONNECT")
	}
	if a.anchor == "" {
		return accepted, nil
	}
	if _, ok := c.anchorNow(); !ok {
		return notAuthorized, refuse(overtaken, "the trust anchor was disabled or deleted during CONNECT")
	}
	return accepted, nil
}

// anchorNow returns the client's trust anchor as it is at the moment, if it still admits
// anybody (DC-TRUST-07, 08).
func (c *client) anchorNow() (registry.Anchor, bool) {
	then := c.path.Anchor
	if c.has(deviation.AnchorJudgedOnce) {
		return then, true
	}
	for _, a := range c.broker.anchors.AnchorsWithDigest(sha256.Sum256(then.Certificate.Raw)) {
		if a.Tenant == then.Tenant {
			return a, c.broker.rules().Admits(a)
		}
	}
	return registry.Anchor{}, false
}

// mayConnect reports whether a user may have sessions (DC-REG-08).
func (c *client) mayConnect(u registry.User) bool {
	return u.Enabled || c.has(deviation.DisabledUserConnects)
}

// admitPassword admits a user of the form tenant/name who has a password.
func (c *client) admitPassword(p *packets.Packet) (admission, byte, *trust.Refusal) {
	tenant, name, ok := strings.Cut(string(p.Connect.Username), "/")
	if len(p.Connect.Password) == 0 && c.broker.config.anonymous() {
		return c.admitAnonymous(p)
	}
	if !ok || len(p.Connect.Password) == 0 { // DC-TLS-09; return code 4 is not for an empty password
		return admission{}, notAuthorized, refuse(noCredentials, "neither certificate nor user name and password")
	}
	user, ok := c.broker.config.Registry.Authenticate(tenant, name, string(p.Connect.Password))
	if !ok {
		return admission{}, badUserOrPassword, refuse(badPassword, "wrong user name or password")
	}
	device, ok := trust.DeviceIdentifier(p.Connect.ClientIdentifier)
	if !ok {
		return admission{}, identifierRejected, refuse(badClientID, "the Client Identifier names no device")
	}
	return admission{tenant: tenant, device: strings.Clone(device), user: user.Name}, accepted, nil
}
