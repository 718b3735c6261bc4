package web_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
	"github.com/chainmail-iot/chainmail/suites/web"
)

// bound is how long anything here may take before it counts as hanging.
const bound = 2 * time.Minute

// poll is how often is looked again for what takes a moment.
const poll = 20 * time.Millisecond

// A world is a reference platform, and the page that the specs are told of.
type world struct {
	t        *testing.T
	platform *refimpl.Platform
	dir      string // of the target file; the browser's profiles go there too
	page     string // what the target file says of the page
}

func start(t *testing.T) *world {
	t.Helper()
	p, err := refimpl.New(refimpl.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), bound)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	dir, err := os.MkdirTemp("", "web") // Chromium has a socket in it, whose path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, platform: p, dir: dir}
	w.page = fmt.Sprintf("{url: %q}", p.Addresses().REST+"/apps/devicemanagement/trusted-certificates")
	t.Setenv("TMPDIR", w.dir)
	return w
}

// target writes and loads a target file that has the page.
func (w *world) target(response time.Duration) *target.Target {
	w.t.Helper()
	var password string
	for _, u := range w.platform.Tenants()[0].Users {
		if u.Name == "admin" {
			password = u.Password
		}
	}
	file := filepath.Join(w.dir, "target.yaml")
	for path, text := range map[string]string{
		"ca.pem": string(w.platform.CA()), "password": password,
		"target.yaml": fmt.Sprintf(`apiVersion: chainmail/v1
kind: Target
mqtt: {address: %q, serverName: localhost, caFile: ca.pem}
rest:
  baseURL: %q
  tenants: [{id: t1, users: [{user: admin, password: "file:password", roles: [ROLE_TENANT_ADMIN]}]}]
page: %s
capabilities: [trustedCertificates, deviceUsers, webPage]
timing: {response: %s}
`, w.platform.Addresses().MQTT, w.platform.Addresses().REST, w.page, response),
	} {
		if err := os.WriteFile(filepath.Join(w.dir, path), []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	system, err := target.Load(file)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(system.REST.Close)
	return system
}

// run runs the specs of the family, those that are named or all.
func (w *world) run(ctx context.Context, system *target.Target, judged func(reports.Result), only ...string) map[string]reports.Result {
	w.t.Helper()
	plan, err := suites.NewPlan(suites.Config{
		Target: system, Profile: suites.Profiles()[0], Specs: web.Specs(), Only: only, Seed: certfactory.NewSeed(), Judged: judged,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	run, err := plan.Run(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, note := range run.Notes {
		w.t.Error(note)
	}
	results := make(map[string]reports.Result)
	for _, r := range run.Results {
		results[r.Spec] = r
		if err := r.Validate(); err != nil {
			w.t.Errorf("%s: %v", r.ID, err)
		}
	}
	return results
}

// gone checks that no browser, and nothing of one, is left. Processes of a browser
// that was killed end when the machine gets round to it.
func (w *world) gone() {
	w.t.Helper()
	for _, pattern := range []string{"chromedp-*", "chainmail-*", "*hromium*"} {
		if left, err := filepath.Glob(filepath.Join(w.dir, pattern)); err != nil || len(left) > 0 {
			w.t.Errorf("left in the folder for temporary files: %v %v", left, err)
		}
	}
	for deadline := time.Now().Add(bound); ; time.Sleep(poll) {
		running := w.browsers()
		if len(running) == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("still running: %q", running)
		}
	}
}

// browsers returns the processes of browsers that were started for this world.
func (w *world) browsers() (running []string) {
	w.t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range processes {
		if line, err := os.ReadFile(p); err == nil && bytes.Contains(line, []byte("user-data-dir="+w.dir)) {
			running = append(running, p+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return running
}

func verdicts(results map[string]reports.Result) map[string]reports.Verdict {
	got := make(map[string]reports.Verdict)
	for id, r := range results {
		got[id] = r.Verdict
	}
	return got
}

// all is every spec of the family with one verdict.
func all(v reports.Verdict) map[string]reports.Verdict {
	return map[string]reports.Verdict{"web/add-certificate": v, "web/list": v, "web/change": v, "web/trust-page-and-rest": v}
}

func needBrowser(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("chromium is not installed")
	}
}

func TestReferencePlatformPasses(t *testing.T) {
	needBrowser(t)
	w := start(t)
	results := w.run(t.Context(), w.target(bound), nil)
	if diff := cmp.Diff(all(reports.Pass), verdicts(results)); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s\n%+v", diff, results)
	}
	for _, r := range results {
		t.Logf("%s: %v ms", r.ID, r.Duration)
	}
	w.gone()
}

func TestCancelLeavesNoBrowserBehind(t *testing.T) {
	needBrowser(t)
	w := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(2*time.Second, cancel) // somewhere between the browser's start and the last spec
	w.run(ctx, w.target(bound), nil)
	w.gone()
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	results := w.run(ctx, w.target(bound), func(reports.Result) { cancel() })
	if len(results) != 1 {
		t.Errorf("%d results, want the one before the run was cancelled", len(results))
	}
	w.gone()
}

func TestNoBrowserIsNotApplicable(t *testing.T) {
	w := start(t)
	system := w.target(bound)
	t.Setenv("PATH", "")
	results := w.run(t.Context(), system, nil)
	if diff := cmp.Diff(all(reports.NotApplicable), verdicts(results)); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if reason := results["web/list"].Reason; !strings.Contains(reason, "no Chromium") {
		t.Errorf("reason %q", reason)
	}
}

// What stands in the way of the page leaves specs inconclusive, and says why.
func TestObstaclesAreInconclusive(t *testing.T) {
	needBrowser(t)
	tests := []struct {
		name, page, want string
	}{
		{"wrong selector", `{url: %q, selectors: {add: "#there-is-none"}}`, "#there-is-none"},
		{"no selector at all", `{url: %q, selectors: {status: "[["}}`, "not a valid selector"},
		{"never logged in", `{url: %q, selectors: {login: "#tenant"}}`, "login as admin does not lead to the page"},
		{"another page", `{url: %q, selectors: {password: "#p", drop: "#d"}}`, "neither login form nor page"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t)
			w.page = fmt.Sprintf(tt.page, w.platform.Addresses().REST)
			system := w.target(200 * time.Millisecond)
			system.Timing.Connect = 4 * time.Second // with the response what each step has: a page takes seconds on a busy machine
			result := w.run(t.Context(), system, nil, "web/add-certificate")["web/add-certificate"]
			if result.Verdict != reports.Inconclusive || !strings.Contains(result.Reason, tt.want) {
				t.Errorf("%s: %s", result.Verdict, result.Reason)
			}
		})
	}
	t.Run("server of somebody else", func(t *testing.T) {
		w := start(t)
		system := w.target(bound)
		system.Page.RootCAs = x509.NewCertPool()
		result := w.run(t.Context(), system, nil, "web/list")["web/list"]
		if result.Verdict != reports.Inconclusive || !strings.Contains(result.Reason, "the page's server: tls:") {
			t.Errorf("%s: %s", result.Verdict, result.Reason)
		}
	})
}

// spoil serves the platform behind a server of its own, with a page whose script is
// altered.
func (w *world) spoil(old, altered string) {
	w.t.Helper()
	behind, err := url.Parse(w.platform.Addresses().REST)
	if err != nil {
		w.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(w.platform.CA())
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(behind) },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
		ModifyResponse: func(r *http.Response) error {
			if !strings.HasSuffix(r.Request.URL.Path, ".js") || r.StatusCode != http.StatusOK {
				return nil
			}
			script, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			if !bytes.Contains(script, []byte(old)) {
				w.t.Errorf("the script has no %q to alter", old)
			}
			script = bytes.ReplaceAll(script, []byte(old), []byte(altered))
			r.Header.Set("Content-Length", strconv.Itoa(len(script)))
			r.ContentLength, r.Body = int64(len(script)), io.NopCloser(bytes.NewReader(script))
			return nil
		},
	}
	server := httptest.NewUnstartedServer(proxy)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	w.t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(w.dir, "page.pem"), ca, 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.page = fmt.Sprintf("{url: %q, caFile: page.pem}", server.URL)
}

// Each spec can fail: these pages are wrong in one thing each.
func TestWrongPagesFail(t *testing.T) {
	needBrowser(t)
	tests := []struct {
		name, old, altered string
		want               map[string]reports.Verdict // of those that must notice
	}{
		{
			"forgets auto-registration", `autoRegistrationEnabled: $("auto-registration").checked`, `autoRegistrationEnabled: false`,
			map[string]reports.Verdict{"web/add-certificate": reports.Fail, "web/trust-page-and-rest": reports.Fail},
		},
		{
			"adds all enabled", `status: $("status").checked ? "ENABLED" : "DISABLED"`, `status: "ENABLED"`,
			map[string]reports.Verdict{"web/list": reports.Fail},
		},
		{
			"shows all enabled", `status.checked = certificate.status === "ENABLED"`, `status.checked = true`,
			// For web/change it is chance: it fails where it sees the switch before the page draws
			// it anew, and is inconclusive where the switch seems not to go.
			map[string]reports.Verdict{"web/list": reports.Fail, "web/trust-page-and-rest": reports.Fail},
		},
		{
			"does not list", `found.slice(0, shown)`, `found.slice(0, 0)`,
			map[string]reports.Verdict{"web/list": reports.Fail, "web/change": reports.Inconclusive, "web/trust-page-and-rest": reports.Fail},
		},
		{
			"changes nothing", `() => request("PUT", resource(certificate), update)`, `async () => update`,
			map[string]reports.Verdict{"web/change": reports.Fail, "web/trust-page-and-rest": reports.Fail},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t)
			w.spoil(tt.old, tt.altered)
			system := w.target(time.Second)
			system.Timing.Connect = 4 * time.Second
			results := w.run(t.Context(), system, nil, slices.Collect(maps.Keys(tt.want))...)
			if diff := cmp.Diff(tt.want, verdicts(results)); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			for id := range tt.want {
				t.Logf("%s: %s", id, results[id].Reason)
			}
		})
	}
}
