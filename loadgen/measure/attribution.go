package measure

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// CauseOf says what an attempt to connect came to. err is that of
// [device.Connect]: what stopped us, not what the platform did.
func CauseOf(out device.Outcome, err error) (Outcome, Cause) {
	if err != nil {
		return CauseOfError(err)
	}
	switch {
	case out.Admitted():
		return OK, Cause{}
	case out.TimedOut:
		return Failed, Cause{Kind: KindTimeout}
	case out.Layer == device.LayerTCPConnect:
		return CauseOfError(out.DialError)
	case out.Alert != nil:
		return Refused, Alert(out.Alert.Code)
	case out.ReturnCode != nil:
		return Refused, ReturnCode(*out.ReturnCode)
	case len(out.Violations) > 0:
		return Failed, Cause{Kind: KindMalformed}
	}
	cause := endCause(out.TLSError, out.LocalAlert, out.Close)
	if out.Refused() {
		return Refused, cause
	}
	return Failed, cause
}

// CauseOfEnd says why the connection of an admitted device ended without our doing.
func CauseOfEnd(end device.End) Cause {
	switch {
	case end.TimedOut:
		return Cause{Kind: KindTimeout}
	case end.Alert != nil:
		return Alert(end.Alert.Code)
	case end.ReturnCode != nil:
		return ReturnCode(*end.ReturnCode)
	case end.ClosedBy == device.ByTester && end.TLSError == "":
		return Cause{Kind: KindMalformed} // the only thing but silence that we end a connection for
	}
	return endCause(end.TLSError, end.LocalAlert, end.Close)
}

// badCertificate is the alert by which crypto/tls refuses a server's certificate,
// RFC 8446 §6.2.
const badCertificate = 42

// endCause is that of a connection that ended without a word of the platform.
func endCause(tlsError string, sent *device.Alert, how string) Cause {
	switch {
	case tlsError != "" && sent != nil && sent.Code == badCertificate:
		return Cause{Kind: KindServerCertificate}
	case tlsError != "":
		return Cause{Kind: KindTLS}
	case how == device.CloseRST:
		return Cause{Kind: KindReset}
	}
	return Cause{Kind: KindFIN}
}

// CauseOfError says what the error of a step means; without an error it is OK.
func CauseOfError(err error) (Outcome, Cause) {
	if err == nil {
		return OK, Cause{}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) {
		return Aborted, Cause{Kind: KindStopped}
	}
	for _, known := range []struct {
		err  error
		kind Kind
	}{
		{device.ErrNoResponse, KindTimeout},
		{os.ErrDeadlineExceeded, KindTimeout},
		{context.DeadlineExceeded, KindTimeout},
		{syscall.ETIMEDOUT, KindTimeout},
		{syscall.ECONNREFUSED, KindRefused},
		{syscall.EHOSTUNREACH, KindUnreachable},
		{syscall.ENETUNREACH, KindUnreachable},
		{syscall.EADDRNOTAVAIL, KindLocalPorts},
		{syscall.EMFILE, KindLocalFiles},
		{syscall.ENFILE, KindLocalFiles},
		{syscall.ENOBUFS, KindLocalMemory},
		{syscall.ENOMEM, KindLocalMemory},
		{syscall.ECONNRESET, KindReset},
		{syscall.EPIPE, KindReset},
		{io.EOF, KindFIN},
		{io.ErrUnexpectedEOF, KindFIN},
		{device.ErrClosed, KindFIN},
	} {
		if errors.Is(err, known.err) {
			return Failed, Cause{Kind: known.kind}
		}
	}
	return Failed, Cause{Kind: kindByType(err)}
}

// kindByType knows the errors that are told by their type.
func kindByType(err error) Kind {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return KindServerCertificate
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return KindResolve
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return KindTLS
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return KindTimeout
	}
	return KindOther
}
