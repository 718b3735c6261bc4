package suites_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A platform whose clock is off is told of, and shown certificates of its own time.
func TestPlatformClock(t *testing.T) {
	for _, ahead := range []time.Duration{0, 3 * time.Hour, -48 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
				w.WriteHeader(http.StatusNotFound)
			}))
			defer server.Close()
			base, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			system := open(t, &shelf{})
			system.REST = target.NewREST(base, roots, "", nil, system.Timing)
			defer system.REST.Close()

			var made time.Time
			began := time.Now()
			run, err := plan(t, suites.Config{Target: system, Seed: certfactory.Seed{1}, Specs: []suites.Spec{
				spec("a/1", func(_ context.Context, e *suites.Env) { made = e.Factory.Now() }),
			}}).Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			took := time.Since(began) // an answer is no more exact than it is quick, and headers have whole seconds
			if run.Clock.HTTP == nil || (*run.Clock.HTTP-ahead).Abs() > took+time.Second {
				t.Errorf("the clock is seen at %v, want %v", run.Clock.HTTP, ahead)
			}
			if off := time.Until(made) - ahead; off.Abs() > 2*time.Minute+took { // certificates are made for whole minutes
				t.Errorf("certificates are made for %v, which is %v off", made, off)
			}
			if told := slices.ContainsFunc(run.Notes, func(n string) bool { return strings.Contains(n, "the platform's clock") }); told != (ahead != 0) {
				t.Errorf("notes %q, the clock is off by %v", run.Notes, ahead)
			}
		})
	}
}

// What needs the clock to go on is told and not tried, unless the run is slow.
func TestSlowRunWaits(t *testing.T) {
	const wait = 40 * time.Millisecond
	waiting := spec("a/waiting", func(ctx context.Context, e *suites.Env) { e.Forward(ctx, wait) })
	waiting.Waits = time.Minute
	for slow, want := range map[bool]reports.Verdict{false: reports.NotApplicable, true: reports.Pass} {
		run, err := plan(t, suites.Config{Target: open(t, &shelf{}), Slow: slow, Specs: []suites.Spec{waiting}}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r := run.Results[0]
		if r.Verdict != want || slow != (r.Waited >= reports.InMilliseconds(wait)) {
			t.Errorf("slow %t: %s after %v ms, want %s", slow, r.Verdict, r.Waited, want)
		}
		if told := slices.ContainsFunc(run.Notes, func(n string) bool { return strings.Contains(n, "--slow") && strings.Contains(n, "40ms") }); told == slow {
			t.Errorf("slow %t: notes %q", slow, run.Notes)
		}
	}
}
