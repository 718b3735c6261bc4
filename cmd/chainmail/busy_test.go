package main

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chainmail-iot/chainmail/reports"
)

// sparing stands before the REST interface of a platform and lets one request of so
// many through; it returns the target file of the platform behind it.
func sparing(t *testing.T, platform ready, of int64, more string) string {
	t.Helper()
	base, err := url.Parse(platform.REST)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(base) },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // our own, on loopback
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1)%of != 0 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	data, err := os.ReadFile(platform.Target)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(filepath.Dir(platform.Target), "sparing.yaml")
	write(t, file, []byte(strings.ReplaceAll(string(data), platform.REST, server.URL)+more))
	return file
}

// A platform that answers "too many requests" over REST is waited for, and
// judged by nothing of it.
func TestPlatformWithTooManyRequests(t *testing.T) {
	const only = "rest/upload-*,token,chain/valid-direct,chain/expired-leaf"
	platform := serve(t)
	report, code := conform(t, "--only", only, "--target", sparing(t, platform, 3, "timing: {backoff: {tries: 40, first: 1ms, most: 2ms}}"))
	if code != exitOK {
		t.Errorf("waited for: exit code %d, want %d: %+v", code, exitOK, troubles(report))
	}
	if !strings.Contains(strings.Join(report.Notes, " "), "asked too often") {
		t.Errorf("notes %q do not tell of the waits", report.Notes)
	}
	report, code = conform(t, "--only", only, "--target", sparing(t, platform, 3, "timing: {backoff: {tries: 1, first: 1ms}, connect: 500ms, response: 500ms}"))
	if code != exitIncomplete || report.Counts.Fail+report.Counts.Warn+report.Counts.Error > 0 {
		t.Errorf("not waited for long enough: exit code %d, want %d: %+v", code, exitIncomplete, troubles(report))
	}
}

// troubles are the results that did not pass.
func troubles(r reports.Report) []string {
	var all []string
	for _, s := range r.Specs {
		if s.Verdict != reports.Pass {
			all = append(all, s.ID+": "+string(s.Verdict)+": "+s.Reason)
		}
	}
	return all
}
