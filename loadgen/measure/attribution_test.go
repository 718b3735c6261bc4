package measure_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

func TestCauseOf(t *testing.T) {
	t.Parallel()
	alert, code, own := device.NewAlert(45), byte(5), device.NewAlert(42)
	kind := func(k measure.Kind) measure.Cause { return measure.Cause{Kind: k} }
	dial := func(err error) error { return &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", err)} }
	for _, tt := range []struct {
		name    string
		out     device.Outcome
		err     error
		outcome measure.Outcome
		cause   measure.Cause
	}{
		{"admitted", device.Outcome{Layer: device.LayerAdmitted}, nil, measure.OK, measure.Cause{}},
		{"alert", device.Outcome{Layer: device.LayerTLSPostHandshake, Alert: &alert, ClosedBy: device.ByPeer}, nil, measure.Refused, measure.Alert(45)},
		{"return code", device.Outcome{Layer: device.LayerMQTTConnack, ReturnCode: &code}, nil, measure.Refused, measure.ReturnCode(5)},
		{"time-out", device.Outcome{Layer: device.LayerTLSHandshake, TimedOut: true}, nil, measure.Failed, kind(measure.KindTimeout)},
		{"reset", device.Outcome{Layer: device.LayerMQTTClose, ClosedBy: device.ByPeer, Close: device.CloseRST}, nil, measure.Refused, kind(measure.KindReset)},
		{"fin", device.Outcome{Layer: device.LayerMQTTClose, ClosedBy: device.ByPeer, Close: device.CloseFIN}, nil, measure.Refused, kind(measure.KindFIN)},
		{"server's certificate", device.Outcome{Layer: device.LayerTLSHandshake, TLSError: "x509: …", LocalAlert: &own, ClosedBy: device.ByTester}, nil, measure.Failed, kind(measure.KindServerCertificate)},
		{"not TLS", device.Outcome{Layer: device.LayerTLSHandshake, TLSError: "first record …", ClosedBy: device.ByTester}, nil, measure.Failed, kind(measure.KindTLS)},
		{"malformed", device.Outcome{Layer: device.LayerMQTTConnack, Violations: []string{"…"}, ClosedBy: device.ByTester}, nil, measure.Failed, kind(measure.KindMalformed)},
		{"closed port", device.Outcome{Layer: device.LayerTCPConnect, DialError: dial(syscall.ECONNREFUSED)}, nil, measure.Failed, kind(measure.KindRefused)},
		{"no route", device.Outcome{Layer: device.LayerTCPConnect, DialError: dial(syscall.EHOSTUNREACH)}, nil, measure.Failed, kind(measure.KindUnreachable)},
		{"no such name", device.Outcome{Layer: device.LayerTCPConnect, DialError: &net.DNSError{Err: "no such host", IsNotFound: true}}, nil, measure.Failed, kind(measure.KindResolve)},
		{"no ports", device.Outcome{Layer: device.LayerTCPConnect}, dial(syscall.EADDRNOTAVAIL), measure.Failed, kind(measure.KindLocalPorts)},
		{"no files", device.Outcome{Layer: device.LayerTCPConnect}, dial(syscall.EMFILE), measure.Failed, kind(measure.KindLocalFiles)},
		{"no memory", device.Outcome{Layer: device.LayerTCPConnect}, dial(syscall.ENOBUFS), measure.Failed, kind(measure.KindLocalMemory)},
		{"stopped", device.Outcome{}, fmt.Errorf("connect: %w", context.Canceled), measure.Aborted, kind(measure.KindStopped)},
	} {
		outcome, cause := measure.CauseOf(tt.out, tt.err)
		if outcome != tt.outcome || cause != tt.cause {
			t.Errorf("%s: %v %v, want %v %v", tt.name, outcome, cause, tt.outcome, tt.cause)
		}
	}
}

func TestCauseOfEnd(t *testing.T) {
	t.Parallel()
	alert, code := device.NewAlert(44), byte(3)
	for _, tt := range []struct {
		name string
		end  device.End
		want measure.Cause
	}{
		{"alert", device.End{ClosedBy: device.ByPeer, Alert: &alert}, measure.Alert(44)},
		{"second CONNACK", device.End{ClosedBy: device.ByPeer, ReturnCode: &code}, measure.ReturnCode(3)},
		{"no PINGRESP", device.End{ClosedBy: device.ByTester, TimedOut: true}, measure.Cause{Kind: measure.KindTimeout}},
		{"malformed", device.End{ClosedBy: device.ByTester}, measure.Cause{Kind: measure.KindMalformed}},
		{"reset", device.End{ClosedBy: device.ByPeer, Close: device.CloseRST}, measure.Cause{Kind: measure.KindReset}},
		{"fin", device.End{ClosedBy: device.ByPeer, Close: device.CloseFIN}, measure.Cause{Kind: measure.KindFIN}},
		{"bad record", device.End{ClosedBy: device.ByTester, TLSError: "bad record MAC"}, measure.Cause{Kind: measure.KindTLS}},
	} {
		if got := measure.CauseOfEnd(tt.end); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestCauseOfError(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]measure.Kind{
		nil:                                 measure.KindNone,
		device.ErrNoResponse:                measure.KindTimeout,
		os.ErrDeadlineExceeded:              measure.KindTimeout,
		net.ErrClosed:                       measure.KindStopped,
		syscall.ECONNRESET:                  measure.KindReset,
		io.ErrUnexpectedEOF:                 measure.KindFIN,
		&tls.CertificateVerificationError{}: measure.KindServerCertificate,
		errors.New("anything else"):         measure.KindOther,
	} {
		outcome, cause := measure.CauseOfError(err)
		if cause.Kind != want || (outcome == measure.OK) != (err == nil) || (outcome == measure.Aborted) != (want == measure.KindStopped) {
			t.Errorf("%v: %v %v, want %v", err, outcome, cause, want)
		}
	}
}
