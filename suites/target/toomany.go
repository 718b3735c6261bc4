package target

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// comeAgain is the back-off from requests that were too many where the target file
// has none: unlike a device that is refused, such an answer leaves nothing to guess.
var comeAgain = Backoff{Tries: 4, First: time.Second, Most: 10 * time.Second}

// A TooManyError says that the platform did not look at a request because it had
// been asked too often: that tells of the tester and of nothing else. Like
// [ErrNoAnswer], which it is, it judges nobody.
type TooManyError struct {
	Request string // method and path
	Status  int
	Tries   int // how often it was sent
}

func (e *TooManyError) Error() string {
	return fmt.Sprintf("%s: answered %d %s, %d times; timing.backoff of the target file says how often to come again",
		e.Request, e.Status, http.StatusText(e.Status), e.Tries)
}

// Is makes it an [ErrNoAnswer].
func (e *TooManyError) Is(err error) bool { return err == ErrNoAnswer }

// tooMany reports whether an answer is 429 (RFC 6585 §4), or 503 with the time when
// to come again (RFC 9110 §15.6.4).
func tooMany(r Response) bool {
	return r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable && r.Header.Get("Retry-After") != ""
}

// retryAfter reads how long the platform wants to be left alone (RFC 9110 §10.2.3);
// 0 where it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// rest waits after the n-th such answer, counted from 0, as long as the platform
// asks for and the target file allows.
func (r *REST) rest(ctx context.Context, n int, h http.Header) error {
	wait := min(max(r.backoff.Wait(n), retryAfter(h, time.Now())), r.backoff.Most)
	r.rests.Add(1)
	r.rested.Add(int64(wait))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Rested tells how often requests were sent again because the platform had been
// asked too often, and how long they waited, altogether.
func (r *REST) Rested() (times int, waited time.Duration) {
	return int(r.rests.Load()), time.Duration(r.rested.Load())
}
