package refimpl_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
)

// manage sends a request to the management API.
func (w *world) manage(method, path, body string) (int, map[string]any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.platform.Addresses().Management+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send(req)
}

func TestManagementRefusesNonsense(t *testing.T) {
	w := start(t, refimpl.Config{ManagementAddress: "127.0.0.1:0"})
	for _, tt := range []struct {
		path, body string
		want       int
	}{
		{"/settings", `{"maxChainLength":0}`, 422},
		{"/settings", `{"maxLength":3}`, 400},
		{"/settings", `{`, 400},
		{"/clock", `{"offset":"soon"}`, 400},
		{"/clock", `{"offset":3600}`, 400},
		{"/stages", `{"nowhere":{"stalled":true}}`, 422},
		{"/stages", `{"token":{"delay":"-1s"}}`, 422},
		{"/handshakes", `{}`, 405},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "PUT", w.platform.Addresses().Management+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := w.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != tt.want {
			t.Errorf("PUT %s %s: %d, want %d", tt.path, tt.body, res.StatusCode, tt.want)
		}
	}
	if status, body := w.manage("GET", "/healthz", ""); status != 200 || body["status"] != "UP" {
		t.Errorf("healthz: %d %v", status, body)
	}
}

func TestClockCanBeSet(t *testing.T) {
	w := start(t, refimpl.Config{ManagementAddress: "127.0.0.1:0"})
	root := w.factory.Root("root")
	w.upload(root)
	leaf := w.factory.Device(root, "one", certfactory.Valid(time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)))
	for _, tt := range []struct {
		offset string
		admits bool
	}{{"0s", false}, {"1h30m", true}, {"3h", false}, {"-1h", false}} {
		if status, body := w.manage("PUT", "/clock", `{"offset":"`+tt.offset+`"}`); status != 200 {
			t.Fatalf("PUT: %d %v", status, body)
		}
		code, err := connectOnce(w, chain(t, leaf), leaf, "one", tls.VersionTLS13)
		if admitted := err == nil && code == 0; admitted != tt.admits {
			t.Errorf("offset %s: return code %d, %v", tt.offset, code, err)
		}
	}
	w.manage("PUT", "/clock", `{"offset":"1h30m"}`)
	if _, body := w.manage("GET", "/clock", ""); body["offset"] != "1h30m0s" {
		t.Errorf("GET: %v", body)
	}
	token := w.device(leaf).token()
	w.manage("PUT", "/clock", `{"offset":"2h31m"}`)
	req := w.request("GET", "/user/currentUser", "", "", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	if status, _ := w.send(req); status != 401 {
		t.Errorf("a token an hour later: %d", status)
	}
}

func TestStagesHoldUp(t *testing.T) {
	w := start(t, refimpl.Config{ManagementAddress: "127.0.0.1:0"})
	root := w.factory.Root("root")
	w.upload(root)
	if status, body := w.manage("PUT", "/stages", `{"connack":{"stalled":true}}`); status != 200 {
		t.Fatalf("PUT: %d %v", status, body)
	}
	leaf := w.factory.Device(root, "one")
	connected := make(chan byte, 1)
	go func() {
		code, err := connectOnce(w, chain(t, leaf), leaf, "one", tls.VersionTLS13)
		if err != nil {
			code = 255
		}
		connected <- code
	}()
	for began := time.Now(); ; { // the device is admitted, and still has no CONNACK
		if time.Since(began) > bound {
			t.Fatal("the device was not admitted")
		}
		if _, body := w.manage("GET", "/handshakes", ""); len(body["events"].([]any)) == 1 {
			break
		}
	}
	select {
	case code := <-connected:
		t.Fatalf("return code %d while CONNACK is stalled", code)
	default:
	}
	if status, body := w.manage("PUT", "/stages", `{}`); status != 200 {
		t.Fatalf("PUT: %d %v", status, body)
	}
	if code := <-connected; code != 0 {
		t.Errorf("return code %d", code)
	}
}

// saw waits until the platform has taken note of so many connections, and returns its
// notes: an alert goes out before the platform takes note of why.
func (w *world) saw(n int) []any {
	w.t.Helper()
	for began := time.Now(); ; {
		_, body := w.manage("GET", "/handshakes?limit=10", "")
		events := body["events"].([]any)
		if len(events) >= n {
			return events
		}
		if time.Since(began) > bound {
			w.t.Fatalf("%d connections seen, want %d: %v", len(events), n, events)
		}
	}
}

func TestWhatThePlatformSaw(t *testing.T) {
	w := start(t, refimpl.Config{ManagementAddress: "127.0.0.1:0"})
	root := w.factory.Root("root")
	w.upload(root)
	good := w.factory.Device(root, "good")
	w.device(good).token()
	w.saw(1)
	old := w.factory.Device(root, "old", certfactory.Valid(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)))
	_, _ = connectOnce(w, chain(t, old), old, "old", tls.VersionTLS12)
	w.saw(2)
	_, _ = connectOnce(w, chain(t, good), good, "other", tls.VersionTLS13)
	w.saw(3)
	_, _ = connectOnce(w, chain(t, good), old, "good", tls.VersionTLS13) // the key does not fit
	want := []map[string]any{
		{"kind": "handshake-refused", "reason": "tls", "certificates": 0.0},
		{"kind": "refused", "reason": "clientid-mismatch", "returnCode": 2.0, "clientId": "other", "certificates": 2.0},
		{"kind": "handshake-refused", "reason": "expired", "index": 0.0, "tlsVersion": "TLS 1.2"},
		{"kind": "admitted", "tenant": "t1", "user": "device_good", "clientId": "good", "returnCode": 0.0, "tlsVersion": "TLS 1.3"},
	}
	events := w.saw(len(want))
	for i, fields := range want {
		for key, value := range fields {
			if got := events[i].(map[string]any)[key]; got != value && key != "certificates" {
				t.Errorf("event %d: %s is %v, want %v", i, key, got, value)
			}
		}
	}
	if _, body := w.manage("GET", "/handshakes?reason=expired", ""); len(body["events"].([]any)) != 1 {
		t.Errorf("by reason: %v", body)
	}
	w.call("GET", "/user/currentUser", "t1", "viewer", nil)
	res, err := w.http.Get(w.platform.Addresses().Management + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	metrics, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`chainmail_platform_refused_total{kind="handshake-refused",reason="expired"} 1`,
		`chainmail_platform_refused_total{kind="refused",reason="clientid-mismatch"} 1`,
		`chainmail_platform_admitted_total{tls_version="TLS 1.3"} 1`,
		`chainmail_platform_tokens_total 1`, `chainmail_platform_sessions 1`,
		`chainmail_platform_http_requests_total{code="200",method="get"} 1`,
	} {
		if !strings.Contains(string(metrics), line+"\n") {
			t.Errorf("metrics lack %s", line)
		}
	}
}
