package device

import (
	"fmt"
	"strings"
	"time"
)

// Layer says where an attempt ended.
type Layer string

const (
	// LayerTCPConnect: there was no TCP connection.
	LayerTCPConnect Layer = "tcp-connect"
	// LayerTLSHandshake: the device's own handshake did not get done.
	LayerTLSHandshake Layer = "tls-handshake"
	// LayerTLSPostHandshake: the handshake was done for the device and an alert came, however late, or the connection ended
	// before CONNECT could be sent. That is where TLS 1.3 refuses a client certificate.
	LayerTLSPostHandshake Layer = "tls-post-handshake"
	// LayerMQTTConnack: CONNACK came with another return code than 0, or something came, or nothing, where CONNACK was due.
	LayerMQTTConnack Layer = "mqtt-connack"
	// LayerMQTTClose: CONNECT was sent and the connection ended without CONNACK and without alert. A TLS 1.3 server that refuses
	// the certificate without an alert ends up here as well unless [Config].Settle was long enough to see it.
	LayerMQTTClose Layer = "mqtt-close"
	// LayerAdmitted: CONNACK 0.
	LayerAdmitted Layer = "admitted"
)

// The values of ClosedBy and Close; both are empty where nothing was observed.
const (
	ByPeer   = "peer"
	ByTester = "tester"
	CloseFIN = "fin"
	CloseRST = "rst"
)

// Outcome is what one attempt observed. It is flat so that matchers and reports can name each field.
type Outcome struct {
	// Layer is where the attempt ended.
	Layer Layer
	// DialError says why there was no TCP connection; nil on every other layer.
	DialError error
	// Alert is the TLS alert received, nil when none was. close_notify is not one: see CloseNotify.
	Alert *Alert
	// LocalAlert is the alert by which the tester refused the server, where it is known; TLSError says why it did: a chain that
	// leads to none of the trust anchors, a wrong name, something that is not TLS. Neither is the platform refusing the device.
	LocalAlert *Alert
	TLSError   string
	// CertificateRequested tells that a CertificateRequest came, AcceptableCAs the distinguished names in it (DER), and
	// CertificateSent that a Certificate message with at least one entry answered it.
	CertificateRequested bool
	CertificateSent      bool
	AcceptableCAs        [][]byte
	// ClosedBy is who ended the connection first, [ByPeer] or [ByTester]; "" after CONNACK 0 or without a connection.
	ClosedBy string
	// Close is how the peer's end of TCP was seen to end, [CloseFIN] or [CloseRST]; "" if it was not seen in the time given.
	Close string
	// CloseNotify tells that the peer closed TLS in order.
	CloseNotify bool
	// ReturnCode is that of CONNACK, nil when there was no well-formed one; SessionPresent comes with it.
	ReturnCode     *byte
	SessionPresent bool
	// TimedOut: the bound passed. That is evidence of nothing.
	TimedOut bool
	// TLSVersion and CipherSuite are those negotiated, 0 before ServerHello; Resumed tells of an abbreviated handshake.
	TLSVersion  uint16
	CipherSuite uint16
	Resumed     bool
	// Violations are the breaches of MQTT 3.1.1 seen up to CONNACK, at most 16 of them.
	Violations []string
	Times      Times
	// Detail is one line for a person. It holds no secret and is not meant to be parsed.
	Detail string
}

// Times are the moment an attempt began and how long each phase lasted; a phase that was not entered is 0, one that did not
// succeed lasted until its end was seen. The settle time is in none of them.
type Times struct {
	Started time.Time
	// TCP includes name resolution. Connack runs from the moment CONNECT was written.
	TCP, TLS, Connack time.Duration
}

// Admitted tells whether CONNACK 0 came.
func (o Outcome) Admitted() bool { return o.Layer == LayerAdmitted }

// Refused tells whether the platform answered no, in whatever form: an alert, a CONNACK other than 0, or closing the
// connection. It is false where nothing follows: after a time-out, without a TCP connection, and where the tester gave up on
// the server.
func (o Outcome) Refused() bool {
	switch {
	case o.Admitted(), o.TimedOut, o.Layer == LayerTCPConnect, o.TLSError != "":
		return false
	}
	return o.Alert != nil || o.ReturnCode != nil || o.ClosedBy == ByPeer
}

// End tells how the connection of an admitted device ended. Its fields mean what those of the same name in [Outcome] mean.
type End struct {
	// At is when the end was noticed; the zero time while the connection lives.
	At          time.Time
	ClosedBy    string
	Close       string
	CloseNotify bool
	Alert       *Alert
	LocalAlert  *Alert
	TLSError    string
	// ReturnCode is that of a CONNACK beyond the first, nil when there was none. Some platforms announce a closure by one.
	ReturnCode *byte
	// TimedOut: the platform owed an answer to PINGREQ, or stopped reading, and the tester closed.
	TimedOut bool
	Detail   string
}

// adopt copies what an attempt shares with the end of a connection.
func (o *Outcome) adopt(e End) {
	o.Alert, o.LocalAlert, o.TLSError = e.Alert, e.LocalAlert, e.TLSError
	o.ClosedBy, o.Close, o.CloseNotify, o.TimedOut = e.ClosedBy, e.Close, e.CloseNotify, e.TimedOut
}

// describe words what was seen. cause is the text of what ended the attempt, for the layers that have nothing better.
func (o Outcome) describe(cause string) string {
	var what string
	switch {
	case o.Admitted():
		return "CONNACK 0"
	case o.Layer == LayerTCPConnect:
		return cause
	case o.TLSError != "":
		what = "the tester refused the server: " + o.TLSError
	case o.TimedOut:
		return "no answer in time " + o.phase()
	case o.Alert != nil:
		what = fmt.Sprintf("alert %s %s", o.Alert, o.phase())
	case o.ReturnCode != nil:
		what = fmt.Sprintf("CONNACK %d (%s)", *o.ReturnCode, returnCodeName(*o.ReturnCode))
	case o.ClosedBy == ByPeer:
		what = "connection ended " + o.phase() + " without an alert"
	default:
		what = cause
	}
	return what + ", " + closing(o.ClosedBy, o.Close, o.CloseNotify)
}

func (o Outcome) phase() string {
	switch o.Layer {
	case LayerTLSHandshake:
		return "during the handshake"
	case LayerTLSPostHandshake:
		return "after the handshake"
	default:
		return "after CONNECT"
	}
}

// closing words who ended a connection and how.
func closing(by, how string, notify bool) string {
	var marks []string
	if notify {
		marks = append(marks, "close_notify")
	}
	if how != "" {
		marks = append(marks, how)
	}
	text := "closed by the " + by
	if len(marks) > 0 {
		text += " (" + strings.Join(marks, ", ") + ")"
	}
	return text
}

// returnCodeName words MQTT 3.1.1 table 3.1.
func returnCodeName(code byte) string {
	names := [...]string{
		"accepted", "unacceptable protocol version", "identifier rejected", "server unavailable",
		"bad user name or password", "not authorized",
	}
	if int(code) < len(names) {
		return names[code]
	}
	return "reserved"
}
