package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// TestLiveFigures scrapes while there is nothing, and again when something was
// measured.
func TestLiveFigures(t *testing.T) {
	t.Parallel()
	live := newLiveFigures()
	var talk bytes.Buffer
	stop, err := live.serve(&talk, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	url := strings.TrimPrefix(strings.TrimSpace(talk.String()), "metrics at ")
	scrape := func() string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if text := scrape(); !strings.Contains(text, "chainmail_load_connections_open 0\n") {
		t.Errorf("before the run:\n%s", text)
	}
	now := time.Now()
	rec := measure.NewRecorder(measure.Identity{Shards: 1, Start: now, Interval: time.Second}, now)
	rec.Opened()
	live.latest.Store(rec.Cut(now, measure.Process{}, false, "").Figures)
	if text := scrape(); !strings.Contains(text, "chainmail_load_connections_open 1\n") {
		t.Errorf("under way:\n%s", text)
	}
}

func TestLoadRefusesAnAddressForMetrics(t *testing.T) {
	t.Parallel()
	code, _, talk := command(t, "load", "--metrics", "127.0.0.1:none", "--out", t.TempDir())
	if code != exitUsage || !strings.Contains(talk, "serve metrics") || !strings.Contains(talk, "--metrics") {
		t.Errorf("exit code %d\n%s", code, talk)
	}
}
