package metrics_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/metrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func figures() *measure.Figures {
	rec := measure.NewRecorder(measure.Identity{Start: start(), Shards: 1, Interval: time.Second}, start())
	for i := range 10 {
		rec.Arrive(measure.Good, start(), start().Add(time.Millisecond))
		took := time.Duration(i+1) * 10 * time.Millisecond
		rec.Record(measure.Sample{Stage: measure.StageToken, Started: start(), Ended: start().Add(took), Sent: 3, Received: 5})
		rec.Opened()
		if i < 8 {
			rec.Result(measure.Good, measure.ResultReady)
		}
	}
	rec.Arrive(measure.Bad, start(), start())
	rec.Record(measure.Sample{Stage: measure.StageTLS, Role: measure.Bad, Outcome: measure.Refused, Cause: measure.Alert(45), Started: start(), Ended: start().Add(time.Minute)})
	rec.Result(measure.Bad, measure.ResultDenied)
	rec.Drop(measure.Good, measure.Cause{Kind: measure.KindLimit})
	rec.Closed(true)
	return rec.Cut(start().Add(time.Second), measure.Process{}, true, "").Figures
}

func scrape(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v\n%s", response.Status, err, body)
	}
	return string(body)
}

func TestScrape(t *testing.T) {
	s, err := metrics.Serve("127.0.0.1:0", figures)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	var group sync.WaitGroup
	for range 4 { // at once
		group.Go(func() { scrape(t, s.Address()) })
	}
	group.Wait()
	text := scrape(t, s.Address())
	for _, want := range []string{
		`chainmail_load_arrivals_total{role="good"} 11`,
		`chainmail_load_results_total{result="dropped",role="good"} 1`,
		`chainmail_load_results_total{result="admitted",role="bad"} 0`,
		`chainmail_load_troubles_total{cause="alert.certificate_expired",outcome="refused",role="bad",stage="tls"} 1`,
		`chainmail_load_connections_open 9`,
		`chainmail_load_connections_lost_total 1`,
		`chainmail_load_arrivals_in_flight 2`,
		`chainmail_load_sent_bytes_total 30`,
		`chainmail_load_stage_seconds_bucket{outcome="ok",role="good",stage="token",le="0.025"} 2`,
		`chainmail_load_stage_seconds_bucket{outcome="ok",role="good",stage="token",le="0.1"} 10`,
		`chainmail_load_stage_seconds_bucket{outcome="ok",role="good",stage="token",le="+Inf"} 10`,
		`chainmail_load_stage_seconds_count{outcome="ok",role="good",stage="token"} 10`,
		`chainmail_load_stage_seconds_sum{outcome="ok",role="good",stage="token"} 0.55`,
		`chainmail_load_stage_seconds_bucket{outcome="refused",role="bad",stage="tls",le="30"} 0`,
		`chainmail_load_lag_seconds_count 11`,
		`go_goroutines `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no line %s", want)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "chainmail_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestScrapeBeforeTheRun: a server is there before anything is measured.
func TestScrapeBeforeTheRun(t *testing.T) {
	s, err := metrics.Serve("127.0.0.1:0", func() *measure.Figures { return new(measure.Figures) })
	if err != nil {
		t.Fatal(err)
	}
	if text := scrape(t, s.Address()); !strings.Contains(text, "\nchainmail_load_lag_seconds_count 0") {
		t.Error(text)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := metrics.Serve("256.0.0.1:0", figures); err == nil {
		t.Error("an address that is none is served")
	}
}
