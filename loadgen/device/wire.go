package device

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// wire is the TCP connection under TLS. It remembers how the peer ended it, which TLS does not tell.
type wire struct {
	net.Conn
	ahead     *ahead        // nil but in a handshake; belongs to whoever reads
	how       atomic.Uint32 // open, finished or reset
	forgiving atomic.Bool
	deaf      atomic.Bool // a write was lost because the peer was gone
}

const (
	open = iota
	finished
	reset
)

// Read passes on what the peer sent and notes how it ended.
func (w *wire) Read(p []byte) (int, error) {
	if w.ahead == nil {
		return w.read(p)
	}
	if w.ahead.at == w.ahead.end {
		if w.ahead.last {
			w.ahead = nil
			return w.read(p)
		}
		n, err := w.read(w.ahead.buf[:])
		if w.ahead.at, w.ahead.end = 0, n; n == 0 {
			return 0, err
		}
	}
	return w.ahead.next(p), nil
}

// handshaken ends the reading ahead, once what was read is used up.
func (w *wire) handshaken() {
	w.ahead.last = true
	if w.ahead.at == w.ahead.end {
		w.ahead = nil
	}
}

func (w *wire) read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		w.how.CompareAndSwap(open, finished)
	case errors.Is(err, syscall.ECONNRESET):
		w.how.CompareAndSwap(open, reset)
	}
	return n, err
}

// Write hides from TLS, while forgiving, that the peer is gone. A server that refuses sends its alert and closes while our
// flight is still leaving; were the write to fail, crypto/tls would never read the alert that waits in the socket.
func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if err == nil || !peerGone(err) {
		return n, err
	}
	w.deaf.Store(true)
	if errors.Is(err, syscall.ECONNRESET) {
		// Linux tells of a reset once: to this write and not to the read that follows. EPIPE says nothing of the kind, it also
		// follows a FIN.
		w.how.CompareAndSwap(open, reset)
	}
	if w.forgiving.Load() {
		return len(p), nil
	}
	return n, err
}

// ended is "fin", "rst" or, while the peer's end has not been seen, "".
func (w *wire) ended() string {
	switch w.how.Load() {
	case finished:
		return CloseFIN
	case reset:
		return CloseRST
	}
	return ""
}

// bound sets the deadline of all that follows, unless ctx is over: then interrupt's deadline must stay.
func (w *wire) bound(ctx context.Context, d time.Duration) {
	_ = w.SetDeadline(time.Now().Add(d)) // fails only on a closed connection, which the next read reports
	if ctx.Err() != nil {
		w.interrupt()
	}
}

// interrupt makes reads and writes return at once.
func (w *wire) interrupt() { _ = w.SetDeadline(time.Unix(1, 0)) }

// drain reads on, past TLS, until the peer has ended the connection or the deadline has come.
func (w *wire) drain() {
	var waste [512]byte
	for w.ended() == "" {
		if _, err := w.Read(waste[:]); err != nil {
			return
		}
	}
}

func peerGone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrClosedPipe)
}

func timedOut(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
