package main

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chainmail-iot/chainmail/reports"
)

// sparing lets one request of three through.
func sparing(n int64, w http.ResponseWriter, _ *http.Request) bool {
	if n%3 != 0 {
		w.WriteHeader(http.StatusTooManyRequests)
	}
	return n%3 != 0
}

// A platform that answers "too many requests" over REST is waited for, and
// judged by nothing of it.
func TestPlatformWithTooManyRequests(t *testing.T) {
	const only = "rest/upload-*,token,chain/valid-direct,chain/expired-leaf"
	platform := serve(t)
	report, code := conform(t, "--only", only, "--target", inFront(t, platform, sparing, "timing: {backoff: {tries: 40, first: 1ms, most: 2ms}}"))
	if code != exitOK {
		t.Errorf("waited for: exit code %d, want %d: %+v", code, exitOK, troubles(report))
	}
	if !strings.Contains(strings.Join(report.Notes, " "), "asked too often") {
		t.Errorf("notes %q do not tell of the waits", report.Notes)
	}
	report, code = conform(t, "--only", only, "--target", inFront(t, platform, sparing, "timing: {backoff: {tries: 1, first: 1ms}, connect: 500ms, response: 500ms}"))
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

// A removal of all trust anchors that breaks off leaves nobody in the belief that
// they still stand: what needs them has nothing held against the platform.
func TestRemovalThatBreaksOff(t *testing.T) {
	var dropped atomic.Int64
	drop := func(_ int64, _ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/trusted-certificates/") {
			if n := dropped.Add(1); n <= 30 && n%2 == 0 {
				panic(http.ErrAbortHandler) // no answer
			}
		}
		return false
	}
	const seed = "ryar74efnsjlokms67yholfhmy" // has the removal before most others
	report, _ := conform(t, "--only", "chain/nothing-uploaded,client,token", "--jobs", "1", "--seed", seed, "--target", inFront(t, serve(t), drop, ""))
	if report.Counts.Fail+report.Counts.Warn+report.Counts.Error > 0 {
		t.Errorf("%q", troubles(report))
	}
	if dropped.Load() == 0 {
		t.Error("nothing was removed")
	}
}
