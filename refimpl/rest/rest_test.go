package rest_test

import (
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/rest"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
	"github.com/chainmail-iot/chainmail/refimpl/token"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// An api is an API under test, with what stands behind it.
type api struct {
	t        *testing.T
	handler  http.Handler
	registry *registry.Registry
	tokens   *token.Issuer
	factory  *certfactory.Factory
	ended    []string // what the API asked to be ended
}

func (a *api) EndAnchor(tenant, fingerprint string) {
	a.ended = append(a.ended, "anchor "+tenant+"/"+fingerprint)
}
func (a *api) EndUser(tenant, user string) { a.ended = append(a.ended, "user "+tenant+"/"+user) }

func newAPI(t *testing.T) *api {
	t.Helper()
	tenant := func(id string) registry.TenantConfig {
		user := func(name string, roles ...string) registry.UserConfig {
			return registry.UserConfig{Name: name, Password: name + "@" + id, Roles: roles}
		}
		return registry.TenantConfig{ID: id, Users: []registry.UserConfig{
			user("admin", "ROLE_TENANT_ADMIN", "ROLE_OPTION_MANAGEMENT_ADMIN", "ROLE_USER_MANAGEMENT_ADMIN",
				"ROLE_DEVICE_CONTROL_ADMIN", "ROLE_INVENTORY_ADMIN", "ROLE_IDENTITY_READ", "ROLE_AUDIT_READ"),
			user("bootstrap", "ROLE_DEVICE_BOOTSTRAP"),
			user("manager", "ROLE_TENANT_MANAGEMENT_ADMIN"),
			user("viewer", "ROLE_INVENTORY_READ"),
		}}
	}
	a := &api{t: t, factory: certfactory.New(certfactory.Seed{7}, now)}
	var err error
	if a.registry, err = registry.New([]registry.TenantConfig{tenant("t1"), tenant("t2")}); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	if a.tokens, err = token.New(token.Config{Host: "platform.test", Options: a.registry, Now: clock}); err != nil {
		t.Fatal(err)
	}
	a.handler = rest.New(rest.Config{
		Registry: a.registry, Tokens: a.tokens, Sessions: a, Host: "platform.test", Log: slog.New(slog.DiscardHandler), Now: clock, Knobs: &stage.Knobs{},
		Rules: func() trust.Rules { return trust.Rules{Now: now} },
	})
	return a
}

// A reply is an answer of the API, its body decoded.
type reply struct {
	status int
	header http.Header
	body   map[string]any
}

// call asks as a user of a tenant, named tenant/user; the body is JSON text.
func (a *api) call(method, path, user, body string) reply {
	a.t.Helper()
	r := request(method, path, body)
	if user != "" {
		tenant, name, _ := strings.Cut(user, "/")
		r.SetBasicAuth(user, name+"@"+tenant)
	}
	return a.send(r)
}

func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	return r
}

func (a *api) send(r *http.Request) reply {
	a.t.Helper()
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	out := reply{status: w.Code, header: w.Header()}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out.body); err != nil {
			a.t.Fatalf("%s %s: body %q: %v", r.Method, r.URL, w.Body, err)
		}
	}
	return out
}

// pem returns a fresh root as PEM.
func (a *api) pem(name string, opts ...certfactory.Option) string {
	return string(certfactory.PEM(a.der(name, opts...)))
}

func (a *api) der(name string, opts ...certfactory.Option) []byte {
	a.t.Helper()
	der, err := a.factory.Root(name, opts...).DER()
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

// upload returns the JSON text of an upload.
func upload(t *testing.T, fields map[string]any) string {
	t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

const anchors = "/tenant/tenants/t1/trusted-certificates"

func TestWhoMayDoWhat(t *testing.T) {
	a := newAPI(t)
	anchor := upload(t, map[string]any{"status": "ENABLED", "name": "n", "certInPemFormat": a.pem("root")})
	other := upload(t, map[string]any{"status": "ENABLED", "name": "n", "certInPemFormat": a.pem("other")})
	for _, tt := range []struct {
		name, method, path, user, body string
		want                           int
	}{
		{"nobody uploads", "POST", anchors, "", anchor, 401},
		{"viewer uploads", "POST", anchors, "t1/viewer", anchor, 403},
		{"other tenant uploads", "POST", anchors, "t2/admin", anchor, 403},
		{"no such tenant", "POST", "/tenant/tenants/t9/trusted-certificates", "t1/admin", anchor, 404},
		{"admin uploads", "POST", anchors, "t1/admin", anchor, 201},
		{"manager uploads", "POST", anchors, "t1/manager", other, 201},
		{"again", "POST", anchors, "t1/manager", other, 409},
		{"viewer lists", "GET", anchors, "t1/viewer", "", 403},
		{"manager lists", "GET", anchors, "t1/manager", "", 200},
		{"manager reads options", "GET", "/tenant/options", "t1/manager", "", 403},
		{"viewer lists users", "GET", "/user/t1/users", "t1/viewer", "", 403},
		{"admin lists other users", "GET", "/user/t2/users", "t1/admin", "", 403},
		{"nowhere", "GET", "/inventory/nothing", "t1/admin", "", 404},
		{"viewer is someone", "GET", "/user/currentUser", "t1/viewer", "", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := a.call(tt.method, tt.path, tt.user, tt.body)
			if got.status != tt.want {
				t.Errorf("status %d %v, want %d", got.status, got.body, tt.want)
			}
			if got.status < 400 {
				return
			}
			for _, field := range []string{"error", "message", "info"} {
				if s, ok := got.body[field].(string); !ok || s == "" {
					t.Errorf("field %s of the problem is %v", field, got.body[field])
				}
			}
			if kind := got.header.Get("Content-Type"); kind != "application/vnd.com.nsn.cumulocity.error+json" {
				t.Errorf("content type %q", kind)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	a := newAPI(t)
	if _, _, err := a.registry.EnsureDevice("t1", "one"); err != nil {
		t.Fatal(err)
	}
	good, err := a.tokens.Issue(token.Subject{Tenant: "t1", User: "device_one"})
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := a.tokens.Issue(token.Subject{Tenant: "t1", User: "device_two"})
	if err != nil {
		t.Fatal(err)
	}
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	bearer := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	for _, tt := range []struct {
		name string
		set  func(*http.Request)
		want string // user name, empty for 401
	}{
		{"none", func(*http.Request) {}, ""},
		{"tenant and user", basic("t1/admin", "admin@t1"), "admin"},
		{"user alone, one password", basic("admin", "admin@t2"), "admin"},
		{"wrong password", basic("t1/admin", "admin@t2"), ""},
		{"token", bearer("Bearer " + good), "device_one"},
		{"token, other case", bearer("bearer " + good), "device_one"},
		{"token of nobody", bearer("Bearer " + orphan), ""},
		{"token altered", bearer("Bearer " + good[:len(good)-3] + "abc"), ""},
		{"other scheme", bearer("Digest " + good), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request("GET", "/user/currentUser", "")
			tt.set(r)
			got := a.send(r)
			if tt.want == "" && (got.status != 401 || got.header.Get("WWW-Authenticate") == "") {
				t.Errorf("status %d %v, want 401", got.status, got.body)
			}
			if tt.want != "" && (got.status != 200 || got.body["userName"] != tt.want) {
				t.Errorf("status %d %v, want user %s", got.status, got.body, tt.want)
			}
		})
	}
	r := request("POST", "/user/logout", "")
	bearer("Bearer " + good)(r)
	if got := a.send(r); got.status != 200 {
		t.Errorf("logout: %d", got.status)
	}
	r = request("GET", "/user/currentUser", "")
	bearer("Bearer " + good)(r)
	if got := a.send(r); got.status != 401 {
		t.Errorf("after logout: %d", got.status)
	}
}

func TestUsers(t *testing.T) {
	a := newAPI(t)
	if _, _, err := a.registry.EnsureDevice("t1", "one"); err != nil {
		t.Fatal(err)
	}
	const user = "/user/t1/users/device_one"
	for query, want := range map[string]int{
		"pageSize=100": 4, "onlyDevices=true&pageSize=100": 1,
		"username=device_": 0, "username=device_&onlyDevices=true": 1, "username=ma": 1,
	} {
		if got := a.call("GET", "/user/t1/users?"+query, "t1/admin", ""); len(got.body["users"].([]any)) != want {
			t.Errorf("users?%s: %v, want %d", query, got.body, want)
		}
	}
	if got := a.call("GET", "/user/t1/userByName/device_one", "t1/admin", ""); got.status != 200 || got.body["id"] != "device_one" {
		t.Errorf("by name: %d %v", got.status, got.body)
	}
	if got := a.call("GET", user, "t1/admin", ""); got.status != 200 || got.body["enabled"] != true || got.body["password"] != nil {
		t.Errorf("read: %d %v", got.status, got.body)
	}
	if got := a.call("PUT", user, "t1/admin", `{"enabled":false}`); got.status != 200 || got.body["enabled"] != false {
		t.Errorf("disable: %d %v", got.status, got.body)
	}
	if got := a.call("PUT", user, "t1/admin", `{"enabled":"no"}`); got.status != 422 {
		t.Errorf("wrong type: %d", got.status)
	}
	if got := a.call("DELETE", user, "t1/admin", ""); got.status != 204 || got.body != nil {
		t.Errorf("delete: %d %v", got.status, got.body)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if got := a.call(method, user, "t1/admin", `{"enabled":true}`); got.status != 404 {
			t.Errorf("%s after delete: %d", method, got.status)
		}
	}
	if want := []string{"user t1/device_one", "user t1/device_one"}; !slices.Equal(a.ended, want) {
		t.Errorf("ended %v, want %v", a.ended, want)
	}
}

func TestOptions(t *testing.T) {
	a := newAPI(t)
	const lifespan = "/tenant/options/oauth.internal/device-token.lifespan.seconds"
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		field                    string
		want                     any
	}{
		{"absent", "GET", lifespan, "", 404, "message", "Option not found."},
		{"post", "POST", "/tenant/options", `{"category":"oauth.internal","key":"device-token.lifespan.seconds","value":"600"}`, 200, "value", "600"},
		{"read", "GET", lifespan, "", 200, "value", "600"},
		{"put", "PUT", lifespan, `{"value":"700"}`, 200, "value", "700"},
		{"put what a client sends", "PUT", lifespan, `{"category":"x","key":"y","value":"800"}`, 200, "key", "device-token.lifespan.seconds"},
		{"number", "PUT", lifespan, `{"value":900}`, 422, "error", "general/Unprocessable Entity"},
		{"category", "PUT", "/tenant/options/oauth.internal", `{"a":"1","b":"2"}`, 200, "a", "1"},
		{"read category", "GET", "/tenant/options/oauth.internal", "", 200, "device-token.lifespan.seconds", "800"},
		{"bad category", "POST", "/tenant/options", `{"category":"a b","key":"k","value":"v"}`, 422, "error", "options/Unprocessable Entity"},
		{"no JSON", "POST", "/tenant/options", `{`, 400, "error", "general/Bad Request"},
		{"delete", "DELETE", lifespan, "", 204, "", nil},
		{"delete twice", "DELETE", lifespan, "", 404, "message", "Option not found."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := a.call(tt.method, tt.path, "t1/admin", tt.body)
			if got.status != tt.status || tt.field != "" && got.body[tt.field] != tt.want {
				t.Errorf("%d %v, want %d with %s %v", got.status, got.body, tt.status, tt.field, tt.want)
			}
		})
	}
	if got := a.call("GET", "/tenant/options?withTotalElements=true", "t2/admin", ""); got.body["statistics"].(map[string]any)["totalElements"] != 0.0 {
		t.Errorf("the other tenant has %v", got.body)
	}
}

func TestBodyComesOnlyToWhoAsksForIt(t *testing.T) {
	a := newAPI(t)
	r := request("PUT", "/tenant/options/a/b", `{"value":"v"}`)
	r.SetBasicAuth("t1/admin", "admin@t1")
	r.Header.Del("Accept")
	if got := a.send(r); got.status != 200 || got.body != nil {
		t.Errorf("without Accept: %d %v", got.status, got.body)
	}
	const kind = "application/vnd.com.nsn.cumulocity.option+json"
	r = request("PUT", "/tenant/options/a/b", `{"value":"v"}`)
	r.SetBasicAuth("t1/admin", "admin@t1")
	r.Header.Set("Accept", kind)
	r.Header.Set("Content-Type", kind+";charset=UTF-8")
	if got := a.send(r); got.status != 200 || got.header.Get("Content-Type") != kind {
		t.Errorf("with the platform's own type: %d %v", got.status, got.header)
	}
	r = request("PUT", "/tenant/options/a/b", `{"value":"v"}`)
	r.SetBasicAuth("t1/admin", "admin@t1")
	r.Header.Set("Content-Type", "text/plain")
	if got := a.send(r); got.status != 415 {
		t.Errorf("text: %d", got.status)
	}
	r = request("PUT", "/tenant/options/a/b", `{"value":"`+strings.Repeat("v", 1<<20)+`"}`)
	r.SetBasicAuth("t1/admin", "admin@t1")
	if got := a.send(r); got.status != 413 {
		t.Errorf("too large: %d", got.status)
	}
}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
