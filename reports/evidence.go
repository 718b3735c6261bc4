package reports

// Roles that an attempt can play in a spec. Others may be used; a role is
// written in kebab case.
const (
	RoleControlBefore = "control-before" // The good twin, before the case.
	RoleCase          = "case"           // The attempt that is judged.
	RoleControlAfter  = "control-after"  // The good twin, after the case.
	RoleUpload        = "upload"         // A certificate offered as an anchor.
	RoleHTTP          = "http"           // A request with a token.
)

// Layers at which an attempt can end.
const (
	LayerTCPConnect       = "tcp-connect"
	LayerTLSHandshake     = "tls-handshake"
	LayerTLSPostHandshake = "tls-post-handshake" // TLS 1.3: refused after the client's handshake had succeeded.
	LayerMQTTConnack      = "mqtt-connack"       // Refused by the return code of CONNACK.
	LayerMQTTClose        = "mqtt-close"         // Closed after CONNECT, without CONNACK.
	LayerRESTStatus       = "rest-status"        // Answered by the status of an HTTP response.
	LayerAdmitted         = "admitted"           // CONNACK 0.
)

// Layers returns every layer, in the order in which an attempt passes them.
func Layers() []string {
	return []string{
		LayerTCPConnect, LayerTLSHandshake, LayerTLSPostHandshake,
		LayerMQTTConnack, LayerMQTTClose, LayerRESTStatus, LayerAdmitted,
	}
}

// Who ended a Network Connection, and how.
const (
	ClosedByPeer   = "peer"
	ClosedByTester = "tester"

	CloseFIN = "fin"
	CloseRST = "rst"
)

// What became of the bystander: a good device that was connected all the while.
const (
	BystanderConnected    = "connected"
	BystanderDisconnected = "disconnected"
	BystanderNotObserved  = "not-observed" // There was none, or nobody looked.
)

// Evidence is one attempt, attributed: how far it came, who ended it, and what
// else it brought about. An empty field was not observed or has no meaning for
// this attempt.
type Evidence struct {
	Role  string `json:"role"`
	Layer string `json:"layer,omitempty"`
	// Alert is the TLS alert the platform sent.
	Alert *Alert `json:"alert,omitempty"`
	// CertificateRequested: the platform sent a CertificateRequest.
	CertificateRequested bool `json:"certificateRequested"`
	// CertificateSent: the tester answered with a certificate, not an empty list.
	CertificateSent bool `json:"certificateSent"`
	// AcceptableCAs is the number of names in certificate_authorities.
	AcceptableCAs int    `json:"acceptableCAs,omitempty"`
	ClosedBy      string `json:"closedBy,omitempty"` // ClosedByPeer or ClosedByTester.
	Close         string `json:"close,omitempty"`    // CloseFIN or CloseRST.
	// ReturnCode is that of CONNACK (MQTT 3.1.1 section 3.2.2.3).
	ReturnCode *int `json:"returnCode,omitempty"`
	RESTStatus *int `json:"restStatus,omitempty"`
	// SideEffects is nil when nobody looked.
	SideEffects *SideEffects `json:"sideEffects,omitempty"`
	Bystander   string       `json:"bystander,omitempty"`  // BystanderConnected, BystanderDisconnected or BystanderNotObserved.
	TLSVersion  string       `json:"tlsVersion,omitempty"` // "1.2" or "1.3".
	// TimedOut: nothing came within the bound, so that nothing is proven.
	TimedOut bool  `json:"timedOut,omitempty"`
	Times    Times `json:"times,omitzero"`
	// Detail is one line for a person.
	Detail string `json:"detail,omitempty"`
}

// Alert is a TLS alert as received.
type Alert struct {
	// Level is "warning" or "fatal". Empty: not observed.
	Level string `json:"level,omitempty"`
	Code  int    `json:"code"`
	// Name is that of RFC 8446 section 6 in snake case; empty for a code it
	// does not define.
	Name string `json:"name,omitempty"`
}

// SideEffects is what the platform was found to have done behind an attempt.
type SideEffects struct {
	DeviceUser Effect `json:"deviceUser,omitempty"`
	Device     Effect `json:"device,omitempty"`
}

// Effect says whether something exists that the attempt may have brought
// about. The zero value has no meaning for the attempt.
type Effect string

// What an Effect can be.
const (
	Created     Effect = "created"
	NotCreated  Effect = "not-created"
	NotObserved Effect = "not-observed" // The platform cannot be asked.
)

// Times are the spans of one attempt, phase by phase. Zero: the phase was not
// reached.
type Times struct {
	TCP     Milliseconds `json:"tcpMs,omitzero"`
	TLS     Milliseconds `json:"tlsMs,omitzero"`
	CONNACK Milliseconds `json:"connackMs,omitzero"` // From CONNECT sent to CONNACK.
	Token   Milliseconds `json:"tokenMs,omitzero"`   // From the request to the token.
	REST    Milliseconds `json:"restMs,omitzero"`    // From the request to the whole response.
}
