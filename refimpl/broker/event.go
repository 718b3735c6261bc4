package broker

import (
	"crypto/tls"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/gate"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// A Kind says what happened.
type Kind string

// The kinds of events.
const (
	TurnedAway       Kind = "turned-away"       // closed before a byte was read
	HandshakeRefused Kind = "handshake-refused" // the TLS handshake ended in an alert
	Refused          Kind = "refused"           // what came after it was not admitted
	Admitted         Kind = "admitted"
	TokenIssued      Kind = "token-issued"
	Ended            Kind = "ended" // an admitted session is over
)

// An Event is something that happened to one client. TokenIssued has nothing but its Kind.
type Event struct {
	Kind Kind `json:"kind"`
	// Time is by the real clock.
	Time time.Time `json:"time"`
	// Address is the client's.
	Address string `json:"address"`
	// TLSVersion is empty if there was no handshake.
	TLSVersion string `json:"tlsVersion,omitempty"`
	// Certificates is how many the client presented.
	Certificates int `json:"certificates"`
	// ClientID is as in CONNECT.
	ClientID string `json:"clientId,omitempty"`
	// Tenant and User are those of an admitted client.
	Tenant string `json:"tenant,omitempty"`
	User   string `json:"user,omitempty"`
	// ReturnCode is that of CONNACK.
	ReturnCode byte `json:"returnCode"`
	// Reason and Index are those of a refusal; "tls" is a refusal by crypto/tls itself.
	Reason trust.Reason `json:"reason,omitempty"`
	Index  int          `json:"index"`
	// Detail says more.
	Detail string `json:"detail,omitempty"`
}

// Reasons why a connection ended before its CONNECT was looked at.
const (
	byTLS       trust.Reason = "tls" // by crypto/tls, before the chain was judged
	timedOut    trust.Reason = "timed-out"
	oversize    trust.Reason = "oversize"
	full        trust.Reason = "too-many-connections"
	fullAddress trust.Reason = "too-many-connections-of-one-address"
)

// maxShown bounds, in bytes, what an event shows of a text that a client may choose: thousands
// of events are remembered.
const maxShown = 160

// shown is a text as an event may show it.
func shown(text string) string {
	if len(text) <= maxShown {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// because returns the reason that lies in an error, or else the other.
func because(err error, otherwise trust.Reason) trust.Reason {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return timedOut
	case errors.Is(err, errOversize):
		return oversize
	}
	return otherwise
}

// turnAway closes a connection for which there is no place.
func (c *client) turnAway(err error) {
	reason := full
	if errors.Is(err, gate.ErrAddress) {
		reason = fullAddress
	}
	c.observe(Event{Kind: TurnedAway, Reason: reason, Detail: err.Error()})
	_ = c.conn.Close()
}

func (c *client) observeHandshake(err error) {
	event := Event{Kind: HandshakeRefused, Reason: because(err, byTLS), Detail: err.Error()}
	if refusal, ok := errors.AsType[*trust.Refusal](err); ok {
		event.Reason, event.Index, event.Detail = refusal.Reason, refusal.Index, refusal.Detail
	}
	c.observe(event)
}

// observe completes an event, logs it and tells whoever watches.
func (c *client) observe(e Event) {
	e.Time, e.Address = time.Now(), c.conn.RemoteAddr().String()
	e.Tenant, e.User = c.admission.tenant, c.admission.user
	e.ClientID, e.Detail = shown(e.ClientID), shown(e.Detail)
	if c.pass != nil && c.pass.Pushed() && e.Kind != Ended {
		e.Reason, e.Detail = madeRoom, "another connection needed the place"
	}
	if c.tls != nil {
		if state := c.tls.ConnectionState(); state.Version != 0 {
			e.TLSVersion, e.Certificates = tls.VersionName(state.Version), len(state.PeerCertificates)
		}
	}
	log := c.broker.config.Log
	switch e.Kind {
	case Refused, HandshakeRefused, TurnedAway:
		log.Info("refused", "stage", e.Kind.stage(), "reason", string(e.Reason), "index", e.Index,
			"addr", e.Address, "client_id", e.ClientID, "return_code", e.ReturnCode, "detail", e.Detail)
	default:
		log.Debug(string(e.Kind), "addr", e.Address, "tenant", e.Tenant, "user", e.User, "detail", e.Detail)
	}
	c.broker.config.Observe(e)
}

func (k Kind) stage() string {
	switch k {
	case TurnedAway:
		return "accept"
	case HandshakeRefused:
		return "handshake"
	default:
		return "connect"
	}
}
