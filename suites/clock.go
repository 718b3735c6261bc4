package suites

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/chainmail-iot/chainmail/suites/target"
)

// A Clock is how far the platform's clock is ahead of ours; what is behind is
// negative. Nil: it was not seen.
type Clock struct {
	HTTP  *time.Duration // by the Date header of an answer
	Token *time.Duration // by the moment at which tokens say that they were issued
}

// noticeable is how far clocks are apart before certificates are made for the
// platform's: headers and tokens have whole seconds.
const noticeable = 30 * time.Second

// readClock looks at the Date header of an answer, whatever it is.
func readClock(ctx context.Context, t *target.Target) *time.Duration {
	if t.REST == nil {
		return nil
	}
	sent := time.Now()
	response, err := t.REST.Do(ctx, target.Request{Method: http.MethodGet, Path: "/"})
	if err != nil {
		return nil
	}
	at, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return nil
	}
	ahead := wholeSecond(at).Sub(sent.Add(time.Since(sent) / 2))
	return &ahead
}

// wholeSecond is the middle of the second that a moment was cut to.
func wholeSecond(at time.Time) time.Time { return at.Add(500 * time.Millisecond) }

// Issued takes down when a token that came just now says that it was issued.
func (e *Env) Issued(at time.Time) {
	e.session.mu.Lock()
	defer e.session.mu.Unlock()
	if !e.session.clockMoved { // else it is we who have put it forward
		e.session.issued = append(e.session.issued, time.Until(wholeSecond(at)))
	}
}

// tokenClock is the middle one of what tokens said.
func (s *session) tokenClock() *time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.issued) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(s.issued))
	return &sorted[len(sorted)/2]
}
