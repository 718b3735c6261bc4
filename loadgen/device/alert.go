package device

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"reflect"
)

// Alert is a TLS alert.
type Alert struct {
	// Level is "fatal" or "warning". TLS 1.3 ignores the level on the wire and ties it to the code, RFC 8446 §6; so do we.
	Level string
	// Code is the AlertDescription.
	Code uint8
	// Name is that of RFC 8446 §6, or of the older RFC that reserved the code, in snake case; "unassigned" for the rest.
	Name string
}

// String gives name and code, as in "certificate_expired (45)".
func (a Alert) String() string { return fmt.Sprintf("%s (%d)", a.Name, a.Code) }

// NewAlert describes the alert with that code, with the level that RFC 8446 §6 gives it.
func NewAlert(code uint8) Alert {
	level := "fatal"
	if code == alertCloseNotify || code == alertUserCanceled || code == alertNoRenegotiation {
		level = "warning"
	}
	return Alert{Level: level, Code: code, Name: alertName(code)}
}

const (
	alertCloseNotify     = 0
	alertBadCertificate  = 42
	alertUserCanceled    = 90
	alertNoRenegotiation = 100
)

// alertName covers RFC 8446 §6, and from RFC 5246 §7.2 and RFC 6066 §9 what old servers still send. 121 is of Encrypted
// Client Hello.
func alertName(code uint8) string {
	names := [...]string{
		0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
		30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
		43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
		47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
		60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
		86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
		110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
		113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
		116: "certificate_required", 117: "general_error", 120: "no_application_protocol", 121: "ech_required",
	}
	if int(code) < len(names) && names[code] != "" {
		return names[code]
	}
	return "unassigned"
}

// receivedAlert returns the alert that made crypto/tls give up, nil if it was not one.
func receivedAlert(err error) *Alert { return alertIn(err, "remote error") }

// sentAlert returns the alert by which crypto/tls told the server that it gave up, nil where the error does not say.
func sentAlert(err error) *Alert {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		alert := NewAlert(alertBadCertificate)
		return &alert
	}
	return alertIn(err, "local error")
}

// alertIn takes the code out of the unexported type that crypto/tls wraps. Its text would not do: it has none for several
// codes, and texts change.
func alertIn(err error, op string) *Alert {
	wrapped, ok := errors.AsType[*net.OpError](err)
	if !ok || wrapped.Op != op || wrapped.Err == nil {
		return nil
	}
	code := reflect.ValueOf(wrapped.Err)
	if code.Kind() != reflect.Uint8 {
		return nil
	}
	alert := NewAlert(uint8(code.Uint()))
	return &alert
}
