package measure

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// Kind is a kind of cause.
type Kind uint8

// The kinds of cause. Those with a code are made by the functions below.
const (
	KindNone              Kind = iota
	KindAlert                  // TLS alert received; code: AlertDescription, RFC 8446 §6
	KindReturnCode             // CONNACK other than 0; code: return code
	KindSuback                 // SUBACK that grants nothing; code: return code
	KindHTTP                   // status other than expected; code: status
	KindTimeout                // no answer in the time given
	KindReset                  // RST
	KindFIN                    // closed by the platform without a word
	KindRefused                // nothing listens at the port
	KindUnreachable            // no route, no host
	KindResolve                // the name of the platform does not resolve
	KindServerCertificate      // we refused the server's certificate
	KindTLS                    // the TLS handshake broke in another way: not TLS, no version in common
	KindMalformed              // a packet that MQTT 3.1.1 does not allow, an answer that is none of HTTP
	KindToken                  // an answer to the request for a token that is no token
	KindLocalPorts             // no ephemeral port left here
	KindLocalFiles             // no file descriptor left here
	KindLocalMemory            // no memory left here
	KindLimit                  // the plan's limit of open devices
	KindBusy                   // the device was still at its arrival before
	KindStopped                // the run was over
	KindOther                  // anything else of ours
	kinds
)

// Cause says why a step did not succeed, in the words of the attribution. It is
// comparable, and making one allocates nothing.
type Cause struct {
	Kind Kind
	// Code is that of an alert, of CONNACK, SUBACK or HTTP; 0 with other kinds.
	Code uint16
}

// Alert is the cause of a TLS alert received.
func Alert(code uint8) Cause { return Cause{Kind: KindAlert, Code: uint16(code)} }

// ReturnCode is the cause of a CONNACK other than 0.
func ReturnCode(code uint8) Cause { return Cause{Kind: KindReturnCode, Code: uint16(code)} }

// SubackCode is the cause of a SUBACK that grants nothing.
func SubackCode(code uint8) Cause { return Cause{Kind: KindSuback, Code: uint16(code)} }

// HTTPStatus is the cause of an HTTP status other than the one expected.
func HTTPStatus(status uint16) Cause { return Cause{Kind: KindHTTP, Code: status} }

// coded reports whether causes of the kind have a code, and the largest.
func (k Kind) coded() (largest uint16, ok bool) {
	switch k {
	case KindAlert, KindReturnCode, KindSuback:
		return 255, true
	case KindHTTP:
		return 999, true
	}
	return 0, false
}

// known reports whether c can be made by this package.
func (c Cause) known() bool {
	largest, _ := c.Kind.coded()
	return c.Kind < kinds && c.Code <= largest
}

// kindWords are what thresholds call the kinds.
func kindWords() []string {
	return []string{
		"none", "alert", "return-code", "suback", "http", "time-out", "reset", "fin", "connection-refused", "unreachable",
		"resolve", "server-certificate", "tls", "malformed-packet", "no-token", "local-ports", "local-files", "local-memory",
		"limit", "busy", "stopped", "other",
	}
}

// String returns the word of thresholds: kebab case.
func (k Kind) String() string { return word(k, kindWords()...) }

// KindNamed returns the kind that String calls name, and false if there is none.
func KindNamed(name string) (Kind, bool) {
	i := slices.Index(kindWords(), name)
	return Kind(max(i, 0)), i > 0
}

// Kinds returns the names of the kinds but none.
func Kinds() []string { return kindWords()[1:] }

// String returns what a person reads: "alert certificate_expired", "return code 5".
func (c Cause) String() string {
	switch c.Kind {
	case KindAlert:
		return "alert " + alertName(c.Code)
	case KindReturnCode:
		return fmt.Sprintf("return code %d", c.Code)
	case KindSuback:
		return fmt.Sprintf("suback %d", c.Code)
	case KindHTTP:
		return fmt.Sprintf("http %d", c.Code)
	}
	return word(c.Kind, "", "", "", "", "", "time-out", "reset", "fin", "connection refused", "unreachable", "name not resolved",
		"server certificate refused", "TLS broken off", "malformed packet", "no token in the answer", "out of local ports",
		"out of local files", "out of local memory", "limit of open devices", "device still busy", "run over", "other")
}

// Name returns the word of thresholds: "alert.certificate_expired", "return-code.5", "time-out".
func (c Cause) Name() string {
	switch c.Kind {
	case KindAlert:
		return c.Kind.String() + "." + alertName(c.Code)
	case KindReturnCode, KindSuback, KindHTTP:
		return c.Kind.String() + "." + strconv.Itoa(int(c.Code))
	}
	return c.Kind.String()
}

// alertName has the code in place of a name that nobody gave.
func alertName(code uint16) string {
	if name := device.NewAlert(uint8(code)).Name; name != "unassigned" {
		return name
	}
	return strconv.Itoa(int(code))
}

// IsCauseName reports whether a Cause has this Name.
func IsCauseName(name string) bool {
	kind, _, _ := strings.Cut(name, ".")
	k, ok := KindNamed(kind)
	largest, coded := k.coded()
	if !ok || !coded {
		return ok && name == kind
	}
	for code := range int(largest) + 1 {
		if (Cause{Kind: k, Code: uint16(code)}).Name() == name {
			return true
		}
	}
	return false
}
