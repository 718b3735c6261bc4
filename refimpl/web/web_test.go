package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func (w *world) get(path, etag string) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.platform.Addresses().REST+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	res, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		w.t.Fatal(err)
	}
	return res
}

func TestFilesAreServedStrictly(t *testing.T) {
	w := start(t)
	const page = "/apps/devicemanagement/trusted-certificates"
	for path, kind := range map[string]string{
		page: "text/html; charset=utf-8", page + ".js": "text/javascript; charset=utf-8",
		page + ".css": "text/css; charset=utf-8", page + ".svg": "image/svg+xml",
	} {
		res := w.get(path, "")
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != kind || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
		policy := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "form-action 'none'", "trusted-types 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %s", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if again := w.get(path, res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s with its ETag: %d", path, again.StatusCode)
		}
	}
}

func TestRootLeadsToThePageAndTheRestToREST(t *testing.T) {
	w := start(t)
	for path, want := range map[string]int{
		"/": http.StatusFound, "/apps/devicemanagement/": http.StatusFound,
		"/apps/devicemanagement/other": http.StatusNotFound, "/nothing": http.StatusNotFound,
		"/tenant/currentTenant": http.StatusUnauthorized,
	} {
		res := w.get(path, "")
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
		if want == http.StatusFound && res.Header.Get("Location") != "/apps/devicemanagement/trusted-certificates" {
			t.Errorf("%s leads to %q", path, res.Header.Get("Location"))
		}
	}
}
