package refimpl

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/chainmail-iot/chainmail/refimpl/gate"
)

const (
	// assumedFiles is how many files the process may open where the system does not say.
	assumedFiles = 10_000
	// maxFiles bounds what limits are reckoned from: every connection costs memory too.
	maxFiles = 200_000
)

// A limitedListener is a listener with a gate.
type limitedListener struct {
	net.Listener
	gate *gate.Gate
	log  *slog.Logger
}

// A limitedConn is a connection that came through the gate.
type limitedConn struct {
	net.Conn
	pass *gate.Pass
}

// Accept returns the next connection for which there is a place.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		pass, err := l.gate.Enter(conn.RemoteAddr(), func() { _ = conn.Close() })
		if err == nil {
			return &limitedConn{conn, pass}, nil
		}
		l.log.Info("refused", "stage", "rest accept", "reason", strings.ReplaceAll(err.Error(), " ", "-"), "addr", conn.RemoteAddr().String())
		_ = conn.Close()
	}
}

// Close makes room for another connection.
func (c *limitedConn) Close() error {
	c.pass.Leave()
	return c.Conn.Close()
}

// connState keeps the gate informed. No connection is ever admitted for good: it is the one
// that was silent longest that makes room, and a client that is worth anything comes again.
func connState(c net.Conn, state http.ConnState) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	limited, ok := c.(*limitedConn)
	if !ok {
		return
	}
	switch state {
	case http.StateActive, http.StateIdle:
		limited.pass.Touch()
	case http.StateHijacked: // a WebSocket: the broker counts it from now on
		limited.pass.Leave()
	}
}
