package target_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/suites/target"
)

// limited is a REST interface that answers the first requests otherwise than the
// ones after them, and counts all.
func limited(t *testing.T, busy int, status int, retryAfter string, backoff target.Backoff) (rest *target.REST, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) > int64(busy) {
			return
		}
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	rest = target.NewREST(base, nil, "", nil, target.Timing{Connect: time.Minute, Response: time.Minute, Backoff: backoff})
	t.Cleanup(rest.Close)
	return rest, asked
}

func TestRequestsTooMany(t *testing.T) {
	three := target.Backoff{Tries: 3, First: time.Millisecond, Most: 2 * time.Millisecond}
	tests := []struct {
		name       string
		busy       int
		status     int
		retryAfter string
		backoff    target.Backoff
		asked      int64
		want       int // status of the answer; 0: none in the end
	}{
		{"nothing said of it", 1, 429, "", target.Backoff{}, 2, 200},
		{"in time", 3, 429, "", three, 4, 200},
		{"never", 9, 429, "", three, 4, 0},
		{"so many seconds, more than allowed", 1, 429, "3600", three, 2, 200},
		{"a moment that is over", 1, 429, "Mon, 02 Jan 2006 15:04:05 GMT", three, 2, 200},
		{"unavailable until then", 1, 503, "1", three, 2, 200},
		{"unavailable is an answer", 9, 503, "", three, 1, 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rest, asked := limited(t, tt.busy, tt.status, tt.retryAfter, tt.backoff)
			response, err := rest.Do(t.Context(), target.Request{Method: http.MethodGet, Path: "/tenant"})
			many, busy := errors.AsType[*target.TooManyError](err)
			switch {
			case response.Status != tt.want, busy != (tt.want == 0):
				t.Errorf("answer %d, error %v; want answer %d", response.Status, err, tt.want)
			case busy && (many.Status != tt.status || many.Tries != int(tt.asked) || !errors.Is(err, target.ErrNoAnswer)):
				t.Errorf("error %v", err)
			}
			if times, _ := rest.Rested(); asked.Load() != tt.asked || times != int(tt.asked)-1 {
				t.Errorf("asked %d times, rested %d times; want %d and one less", asked.Load(), times, tt.asked)
			}
		})
	}
}

// Who waits to come again does not wait for ever.
func TestRequestsTooManyStopped(t *testing.T) {
	rest, _ := limited(t, 9, 429, "", target.Backoff{Tries: 1, First: time.Hour, Most: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := rest.Do(ctx, target.Request{Method: http.MethodGet, Path: "/tenant"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
