package device

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"
)

// conclude reads from the error that stopped the reading, and from the wire, how a connection ended. It may read on to learn
// who closes and how; the caller has set the deadline for that.
func conclude(err error, w *wire) End {
	end := End{At: time.Now(), Alert: receivedAlert(err)}
	broken, isViolation := errors.AsType[*violation](err)
	switch {
	case end.Alert != nil:
		end.Detail = "alert " + end.Alert.String()
		w.drain()
	case timedOut(err):
		end.TimedOut = true
		end.Detail = "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), peerGone(err):
		end.Detail = "connection ended"
		if errors.Is(err, io.ErrUnexpectedEOF) {
			end.Detail = "connection ended inside a packet"
		}
		// TLS reports the same end for close_notify as for a bare FIN, but then the socket has not ended yet.
		end.CloseNotify = w.ended() == ""
		w.drain()
	case isViolation:
		end.Detail = broken.Error()
	default:
		end.TLSError, end.LocalAlert = tlsErrorText(err), sentAlert(err)
		end.Detail = end.TLSError
	}
	end.Close = w.ended()
	end.ClosedBy = ByTester
	if end.Close != "" || end.CloseNotify {
		end.ClosedBy = ByPeer
	}
	return end
}

// tlsErrorText shows the first bytes of what was not TLS: "HTTP/" or an MQTT header says at a glance which port was hit.
func tlsErrorText(err error) string {
	if record, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return fmt.Sprintf("%s: %q", record.Msg, record.RecordHeader[:])
	}
	return err.Error()
}
