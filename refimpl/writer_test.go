package refimpl_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// errRefused is what a platform answers that is alive and will not; that must not be.
var errRefused = errors.New("refused")

// A writer changes what a platform in another process remembers, and reads it again.
type writer struct {
	t        *testing.T
	platform victimReady
	book     *ledger
	factory  *certfactory.Factory
	root     *certfactory.Certificate // the anchor that registers devices
	roots    *x509.CertPool
	http     *http.Client
	round    string
	serial   atomic.Int64
}

func newWriter(t *testing.T, platform victimReady, book *ledger) *writer {
	t.Helper()
	w := &writer{t: t, platform: platform, book: book, roots: x509.NewCertPool(), factory: certfactory.New(certfactory.NewSeed(), time.Now())}
	w.round = fmt.Sprintf("-%x", time.Now().UnixNano())
	w.roots.AppendCertsFromPEM([]byte(platform.CA))
	w.http = &http.Client{Timeout: bound, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.roots}, MaxIdleConnsPerHost: 8}}
	t.Cleanup(w.http.CloseIdleConnections)
	w.root = w.factory.Root("devices")
	return w
}

func (w *writer) pem(c *certfactory.Certificate) string { return string(certfactory.PEM(der(w.t, c))) }

// call sends a REST request as the admin. A platform that answers must answer well.
func (w *writer) call(ctx context.Context, method, path string, body any) (map[string]any, error) {
	req, err := w.jsonRequest(ctx, method, w.platform.Addresses.REST+path, body)
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth("t1/admin", w.platform.Password)
	out := map[string]any{}
	return out, w.do(req, &out)
}

// manage asks for, or changes, the settings of the whole platform.
func (w *writer) manage(ctx context.Context, method string, body, into any) error {
	req, err := w.jsonRequest(ctx, method, w.platform.Addresses.Management+"/settings", body)
	if err != nil {
		return err
	}
	return w.do(req, into)
}

func (w *writer) jsonRequest(ctx context.Context, method, url string, body any) (*http.Request, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	return req, nil
}

func (w *writer) do(req *http.Request, into any) error {
	res, err := w.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		w.t.Errorf("%s %s: %d %s", req.Method, req.URL.Path, res.StatusCode, raw)
		return errRefused
	}
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// login connects a device and waits for its CONNACK.
func (w *writer) login(name string) error {
	leaf := w.factory.Device(w.root, name)
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: w.roots, ServerName: "localhost", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &tls.Certificate{Certificate: chain(w.t, leaf), PrivateKey: leaf.Signer()}, nil
	}}}
	conn, err := dialer.Dial("tcp", w.platform.Addresses.MQTT)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(bound))
	code, err := (&mqttClient{w.t, conn.(*tls.Conn)}).connect(name)
	if err == nil && code != 0 {
		w.t.Errorf("device %s: return code %d", name, code)
		return errRefused
	}
	return err
}

// state reads all that the ledger is about, and then uploads the anchor of the round's devices.
func (w *writer) state() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	w.list("/tenant/tenants/t1/trusted-certificates", "certificates", func(o map[string]any) {
		if name := fmt.Sprint(o["name"]); !strings.HasPrefix(name, "devices") {
			out["anchor "+name] = fmt.Sprint(o["status"])
		}
	})
	w.list("/tenant/options", "options", func(o map[string]any) { out["option "+fmt.Sprint(o["key"])] = fmt.Sprint(o["value"]) })
	users := func(o map[string]any) {
		if name := fmt.Sprint(o["userName"]); name == "viewer" || strings.HasPrefix(name, "device_") {
			out["user "+name] = fmt.Sprint(o["enabled"])
		}
	}
	w.list("/user/t1/users", "users", users)
	w.list("/user/t1/users?onlyDevices=true", "users", users)
	w.list("/devicecontrol/newDeviceRequests", "newDeviceRequests", func(o map[string]any) {
		out["request "+fmt.Sprint(o["id"])] = fmt.Sprint(o["status"])
	})
	var settings struct{ MaxChainLength int }
	if err := w.manage(w.t.Context(), http.MethodGet, nil, &settings); err != nil {
		w.t.Fatal(err)
	}
	out["setting"] = fmt.Sprint(settings.MaxChainLength)
	if w.book.settled["setting"] == "" { // the first round: what is there from the start is no surprise
		w.book.settled["setting"], w.book.settled["user viewer"] = out["setting"], out["user viewer"]
	}
	if _, err := w.call(w.t.Context(), http.MethodPost, "/tenant/tenants/t1/trusted-certificates", map[string]any{
		"status": "ENABLED", "name": "devices" + w.round, "autoRegistrationEnabled": true, "certInPemFormat": w.pem(w.root),
	}); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// list reads a list to its end.
func (w *writer) list(path, name string, each func(map[string]any)) {
	w.t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for page := 1; ; page++ {
		body, err := w.call(w.t.Context(), http.MethodGet, fmt.Sprintf("%s%spageSize=2000&currentPage=%d", path, separator, page), nil)
		if err != nil {
			w.t.Fatal(err)
		}
		items, _ := body[name].([]any)
		for _, item := range items {
			each(item.(map[string]any))
		}
		if body["next"] == nil {
			return
		}
	}
}
