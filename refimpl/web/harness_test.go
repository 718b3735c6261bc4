package web_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/refimpl/web"
)

// bound is how long anything here may take before it counts as hanging.
const bound = 2 * time.Minute

// maxAnchors is how many anchors a tenant may have.
const maxAnchors = 200

// A world is a platform, and certificates to try on its page.
type world struct {
	t        *testing.T
	platform *refimpl.Platform
	factory  *certfactory.Factory
	http     *http.Client
	roots    *x509.CertPool
}

func start(t *testing.T) *world {
	t.Helper()
	p, err := refimpl.New(refimpl.Config{Limits: refimpl.Limits{AnchorsPerTenant: maxAnchors}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, platform: p, roots: x509.NewCertPool(), factory: certfactory.New(certfactory.NewSeed(), time.Now())}
	w.roots.AppendCertsFromPEM(p.CA())
	w.http = &http.Client{
		Timeout:       bound,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.roots}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		w.http.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), bound)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}

func (w *world) url() string { return w.platform.Addresses().REST + web.Path }

func (w *world) password(user string) string {
	w.t.Helper()
	for _, u := range w.platform.Tenants()[0].Users {
		if u.Name == user {
			return u.Password
		}
	}
	w.t.Fatalf("no user %s", user)
	return ""
}

// A trusted is a trust anchor as the REST interface shows it.
type trusted struct {
	Fingerprint      string `json:"fingerprint"`
	Name             string `json:"name"`
	Status           string `json:"status"`
	AutoRegistration bool   `json:"autoRegistrationEnabled"`
}

// trusted lists the trust anchors of the tenant t1 as the REST interface shows them.
func (w *world) trusted() []trusted {
	w.t.Helper()
	var list struct {
		Certificates []trusted `json:"certificates"`
	}
	w.rest("GET", "?pageSize=2000", nil, &list)
	return list.Certificates
}

// rest asks the REST interface about the trust anchors of t1, as admin.
func (w *world) rest(method, path string, body, into any) int {
	w.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.platform.Addresses().REST+"/tenant/tenants/t1/trusted-certificates"+path, bytes.NewReader(encoded))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth("t1/admin", w.password("admin"))
	res, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if into != nil {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			w.t.Fatal(err)
		}
	}
	return res.StatusCode
}

// upload makes a certificate a trust anchor over the REST interface.
func (w *world) upload(name string, c *certfactory.Certificate) {
	w.t.Helper()
	body := map[string]any{"status": "ENABLED", "name": name, "autoRegistrationEnabled": true, "certInPemFormat": pem(w.t, c)}
	if status := w.rest("POST", "", body, nil); status != http.StatusCreated {
		w.t.Fatalf("upload: %d", status)
	}
}

func pem(t *testing.T, c *certfactory.Certificate) string {
	t.Helper()
	der, err := c.DER()
	if err != nil {
		t.Fatal(err)
	}
	return string(certfactory.PEM(der))
}

// connects reports whether a device under this CA is admitted.
func (w *world) connects(root *certfactory.Certificate, name string) bool {
	w.t.Helper()
	leaf := w.factory.Device(root, name)
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		w.t.Fatal(err)
	}
	d, outcome, err := device.Connect(w.t.Context(), device.Config{
		Address: w.platform.Addresses().MQTT, ServerName: "localhost", RootCAs: w.roots, ClientID: name,
		Identity: &device.Identity{Chain: chain, Key: leaf.Signer()},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if d != nil {
		_ = d.Disconnect(w.t.Context())
	}
	return outcome.Admitted()
}
