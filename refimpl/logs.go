package refimpl

import (
	"log"
	"log/slog"
	"strings"
)

// httpLog returns where net/http says what went wrong: a client's TLS is a refusal like any
// other, a panic is a fault of ours, and what is left is for who looks closely.
func httpLog(to *slog.Logger, door string) *log.Logger { return log.New(httpLines{to, door}, "", 0) }

type httpLines struct {
	to   *slog.Logger
	door string
}

func (l httpLines) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	switch detail, tls := strings.CutPrefix(text, "http: TLS handshake error from "); {
	case tls:
		l.to.Info("refused", "stage", l.door+" handshake", "reason", "tls", "detail", detail)
	case strings.Contains(text, "panic"):
		l.to.Error("serve", "door", l.door, "err", text)
	default:
		l.to.Debug("serve", "door", l.door, "detail", text)
	}
	return len(line), nil
}
