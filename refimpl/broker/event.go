package broker

import (
	"crypto/tls"
	"errors"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// A Kind says what happened.
type Kind string

// The kinds of events.
const (
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

// byTLS is the reason of what crypto/tls refused before the chain was judged.
const byTLS trust.Reason = "tls"

func (c *client) observeHandshake(err error) {
	event := Event{Kind: HandshakeRefused, Reason: byTLS, Detail: err.Error()}
	if refusal, ok := errors.AsType[*trust.Refusal](err); ok {
		event.Reason, event.Index, event.Detail = refusal.Reason, refusal.Index, refusal.Detail
	}
	c.observe(event)
}

// observe completes an event, logs it and tells whoever watches.
func (c *client) observe(e Event) {
	e.Time, e.Address = time.Now(), c.conn.RemoteAddr().String()
	e.Tenant, e.User = c.admission.tenant, c.admission.user
	if c.tls != nil {
		if state := c.tls.ConnectionState(); state.Version != 0 {
			e.TLSVersion, e.Certificates = tls.VersionName(state.Version), len(state.PeerCertificates)
		}
	}
	log := c.broker.config.Log
	switch e.Kind {
	case Refused, HandshakeRefused:
		log.Info("refused", "stage", e.Kind.stage(), "reason", string(e.Reason), "index", e.Index,
			"addr", e.Address, "client_id", e.ClientID, "return_code", e.ReturnCode, "detail", e.Detail)
	default:
		log.Debug(string(e.Kind), "addr", e.Address, "tenant", e.Tenant, "user", e.User, "detail", e.Detail)
	}
	c.broker.config.Observe(e)
}

func (k Kind) stage() string {
	if k == HandshakeRefused {
		return "handshake"
	}
	return "connect"
}
