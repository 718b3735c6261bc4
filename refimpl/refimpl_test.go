package refimpl_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

const anchors = "/tenant/tenants/t1/trusted-certificates"

func TestDeviceGetsATokenAndUsesIt(t *testing.T) {
	for name, version := range map[string]uint16{"tls1.2": tls.VersionTLS12, "tls1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			w := start(t, refimpl.Config{})
			root := w.factory.Root("root")
			w.upload(root)
			leaf := w.factory.Device(root, "one")
			c, err := w.dial(chain(t, leaf), leaf.Signer(), version)
			if err != nil {
				t.Fatal(err)
			}
			if code, err := c.connect("d:one"); err != nil || code != 0 {
				t.Fatalf("CONNECT: return code %d, %v", code, err)
			}
			req := w.request("GET", "/user/currentUser", "", "", nil)
			req.Header.Set("Authorization", "Bearer "+c.token())
			if status, body := w.send(req); status != http.StatusOK || body["userName"] != "device_one" {
				t.Errorf("currentUser: %d %v", status, body)
			}
		})
	}
}

func TestRefusedChainEndsEarlyOrLate(t *testing.T) {
	for _, tt := range []struct {
		name string
		late bool
	}{{"early", false}, {"late", true}} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			w := start(t, refimpl.Config{LateRefusal: tt.late, Log: slog.New(slog.NewTextHandler(&log, nil))})
			root := w.factory.Root("root")
			w.upload(root)
			w.device(w.factory.Device(root, "good"))
			leaf := w.factory.Device(root, "old", certfactory.Valid(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)))
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				code, err := connectOnce(w, chain(t, leaf), leaf, "old", version)
				alert, isAlert := errors.AsType[tls.AlertError](err)
				switch {
				case tt.late && (err != nil || code != 5):
					t.Errorf("%x: return code %d, %v; want CONNACK 5", version, code, err)
				case !tt.late && err == nil:
					t.Errorf("%x: return code %d; want an alert", version, code)
				case !tt.late && isAlert && alert != 42:
					t.Errorf("%x: alert %v, want bad_certificate", version, alert)
				case !tt.late && !strings.Contains(err.Error(), "bad certificate"):
					t.Errorf("%x: %v; want alert bad_certificate", version, err)
				}
			}
			if _, body := w.call("GET", "/user/t1/users/device_old", "t1", "admin", nil); body["error"] == nil {
				t.Errorf("a refused device has a user: %v", body)
			}
			ended(t, w)
			if !strings.Contains(log.String(), "reason=expired index=0") {
				t.Errorf("the log does not say why: %s", &log)
			}
		})
	}
}

// ended closes the platform so that its log can be read.
func ended(t *testing.T, w *world) {
	t.Helper()
	if err := w.platform.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func connectOnce(w *world, certificates [][]byte, leaf *certfactory.Certificate, clientID string, version uint16) (byte, error) {
	c, err := w.dial(certificates, leaf.Signer(), version)
	if err != nil {
		return 0, err
	}
	return c.connect(clientID)
}

func TestMaxChainLengthIsASetting(t *testing.T) {
	w := start(t, refimpl.Config{ManagementAddress: "127.0.0.1:0"})
	root := w.factory.Root("root")
	w.upload(root)
	leaf := w.factory.Device(w.factory.Intermediate(root, "ica"), "one")
	if _, err := connectOnce(w, chain(t, leaf), leaf, "one", tls.VersionTLS13); err == nil {
		t.Error("three certificates were admitted by default")
	}
	if status, body := w.manage("PUT", "/settings", `{"maxChainLength":3}`); status != http.StatusOK {
		t.Fatalf("PUT: %d %v", status, body)
	}
	w.device(leaf)
}

func TestDeletedAnchorEndsItsSessionsOnly(t *testing.T) {
	w := start(t, refimpl.Config{})
	first, second := w.factory.Root("first"), w.factory.Root("second")
	fingerprint := w.upload(first)
	w.upload(second)
	leaf := w.factory.Device(first, "one")
	c, bystander := w.device(leaf), w.device(w.factory.Device(second, "two"))
	if status, _ := w.call("DELETE", anchors+"/"+fingerprint, "t1", "admin", nil); status != http.StatusNoContent {
		t.Fatalf("DELETE: %d", status)
	}
	c.ended()
	bystander.token()
	if _, err := connectOnce(w, chain(t, leaf), leaf, "one", tls.VersionTLS13); err == nil {
		t.Error("a device of a deleted anchor was admitted")
	}
}

func TestDisabledAnchorRefusesTheNext(t *testing.T) {
	w := start(t, refimpl.Config{})
	root := w.factory.Root("root")
	fingerprint := w.upload(root)
	leaf := w.factory.Device(root, "one")
	w.device(leaf)
	for _, tt := range []struct {
		status string
		admits bool
	}{{"DISABLED", false}, {"ENABLED", true}} {
		if status, body := w.call("PUT", anchors+"/"+fingerprint, "t1", "manager", map[string]any{"status": tt.status}); status != http.StatusOK || body["status"] != tt.status {
			t.Fatalf("PUT %s: %d %v", tt.status, status, body)
		}
		code, err := connectOnce(w, chain(t, leaf), leaf, "one", tls.VersionTLS13)
		if admitted := err == nil && code == 0; admitted != tt.admits {
			t.Errorf("%s: return code %d, %v", tt.status, code, err)
		}
	}
}

func TestDeviceUserDecides(t *testing.T) {
	w := start(t, refimpl.Config{})
	root := w.factory.Root("root")
	fingerprint := w.upload(root)
	leaf := w.factory.Device(root, "one")
	c := w.device(leaf)
	token := c.token()
	bearer := func() int {
		req := w.request("GET", "/user/currentUser", "", "", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		status, _ := w.send(req)
		return status
	}
	if status := bearer(); status != http.StatusOK {
		t.Fatalf("token: %d", status)
	}
	const user = "/user/t1/users/device_one"
	if status, _ := w.call("PUT", user, "t1", "admin", map[string]any{"enabled": false}); status != http.StatusOK {
		t.Fatalf("disable: %d", status)
	}
	c.ended()
	if status := bearer(); status != http.StatusUnauthorized {
		t.Errorf("token of a disabled user: %d", status)
	}
	if code, err := connectOnce(w, chain(t, leaf), leaf, "one", tls.VersionTLS13); err != nil || code != 5 {
		t.Errorf("disabled: return code %d, %v", code, err)
	}
	if status, _ := w.call("PUT", anchors+"/"+fingerprint, "t1", "admin", map[string]any{"autoRegistrationEnabled": false}); status != http.StatusOK {
		t.Fatalf("PUT: %d", status)
	}
	if status, _ := w.call("DELETE", user, "t1", "admin", nil); status != http.StatusNoContent {
		t.Fatalf("DELETE: %d", status)
	}
	if code, err := connectOnce(w, chain(t, leaf), leaf, "one", tls.VersionTLS13); err != nil || code != 5 {
		t.Errorf("not registered: return code %d, %v", code, err)
	}
	if status := bearer(); status != http.StatusUnauthorized {
		t.Errorf("token of a deleted user: %d", status)
	}
}

// Deviations that admit whom the platform refuses do so, and nothing else does. That every
// deviation is noticed is for the specs to show.
func TestDeviations(t *testing.T) {
	for _, name := range []string{
		"accepts-expired", "ignores-pathlen", "ignores-max-length", "ignores-client-id", "anchor-need-not-be-presented",
		"accepts-expired-in-tls12", "allows-colon",
	} {
		t.Run(name, func(t *testing.T) {
			for _, broken := range []bool{false, true} {
				config := refimpl.Config{MaxChainLength: 3}
				if broken {
					config.Deviations = []string{name}
				}
				w := start(t, config)
				chain, leaf, clientID := provocation(t, w, name)
				code, err := connectOnce(w, chain, leaf, clientID, tls.VersionTLS12)
				if admitted := err == nil && code == 0; admitted != broken {
					t.Errorf("deviation on: %v, yet admitted: %v (return code %d, %v)", broken, admitted, code, err)
				}
			}
		})
	}
}

// provocation returns what only a platform with that deviation admits.
func provocation(t *testing.T, w *world, deviation string) ([][]byte, *certfactory.Certificate, string) {
	t.Helper()
	f := w.factory
	root := f.Root("root")
	past := certfactory.Valid(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	leaf, clientID := f.Device(root, "one"), "one"
	switch deviation {
	case "accepts-expired", "accepts-expired-in-tls12":
		leaf = f.Device(root, "one", past)
	case "ignores-pathlen":
		root = f.Root("root", certfactory.PathLen(0))
		leaf = f.Device(f.Intermediate(root, "ica"), "one")
	case "ignores-max-length":
		leaf = f.Device(f.Intermediate(f.Intermediate(root, "ica1"), "ica0"), "one")
	case "allows-colon":
		leaf, clientID = f.Device(root, "on:e"), "on:e"
	case "ignores-client-id":
		clientID = "two"
	case "anchor-need-not-be-presented":
		w.upload(root)
		return chain(t, leaf)[:1], leaf, clientID
	default:
		t.Fatalf("no provocation for deviation %s", deviation)
	}
	w.upload(root)
	return chain(t, leaf), leaf, clientID
}

func TestConfigFaultsAreReported(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config refimpl.Config
		want   string
	}{
		{"deviation", refimpl.Config{Deviations: []string{"no-such"}}, `unknown deviation "no-such"`},
		{"length", refimpl.Config{MaxChainLength: -1}, "maximum chain length -1"},
		{"tenants", refimpl.Config{Tenants: []registry.TenantConfig{{ID: "a"}, {ID: "a"}}}, `tenant "a" is configured twice`},
		{"user", refimpl.Config{Tenants: []registry.TenantConfig{{ID: "a", Users: []registry.UserConfig{{Name: "u"}}}}}, "needs a name and a password"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := refimpl.New(tt.config); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestStartFaultsLeaveNothingBehind(t *testing.T) {
	for _, c := range []refimpl.Config{
		{ManagementAddress: "0.0.0.0:0"}, {ManagementAddress: "nonsense"}, {RESTAddress: "127.0.0.1:99999"},
	} {
		p, err := refimpl.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err == nil {
			t.Errorf("%+v: started", c)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}
