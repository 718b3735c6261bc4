package target

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
)

// Roles that may manage trust anchors (DC-REST-02).
const (
	RoleTenantAdmin           = "ROLE_TENANT_ADMIN"
	RoleTenantManagementAdmin = "ROLE_TENANT_MANAGEMENT_ADMIN"
)

// bodyLimit is how much of an answer is read: more than any page of trust
// anchors needs.
const bodyLimit = 8 << 20

// A Tenant of the platform that the tests may use.
type Tenant struct {
	ID    string
	Users []User
}

// A User of a tenant. The password is in the struct and in no output.
type User struct {
	Name     string
	Roles    []string
	password string
}

// NewUser returns a user with its password.
func NewUser(name, password string, roles ...string) User {
	return User{Name: name, Roles: roles, password: password}
}

// Password returns the user's password, for who must type it. It belongs into no
// log, no error and no report.
func (u User) Password() string { return u.password }

// With returns the first user that has the role.
func (t Tenant) With(role string) (User, bool) {
	for _, u := range t.Users {
		if slices.Contains(u.Roles, role) {
			return u, true
		}
	}
	return User{}, false
}

// Admin returns a user that may manage trust anchors.
func (t Tenant) Admin() (User, bool) {
	if u, ok := t.With(RoleTenantAdmin); ok {
		return u, true
	}
	return t.With(RoleTenantManagementAdmin)
}

// Viewer returns a user that may not manage trust anchors.
func (t Tenant) Viewer() (User, bool) {
	for _, u := range t.Users {
		if !slices.Contains(u.Roles, RoleTenantAdmin) && !slices.Contains(u.Roles, RoleTenantManagementAdmin) {
			return u, true
		}
	}
	return User{}, false
}

// REST is the platform's REST interface.
type REST struct {
	BaseURL *url.URL
	CAFile  string // trust store in PEM, for command lines; "" the system's
	Tenants []Tenant
	client  *http.Client
	backoff Backoff
	rests   atomic.Int64
	rested  atomic.Int64 // nanoseconds
}

// NewREST returns a client for the REST interface at base, which trusts roots
// (nil: the system's).
func NewREST(base *url.URL, roots *x509.CertPool, caFile string, tenants []Tenant, timing Timing) *REST {
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   timing.Connect,
		ResponseHeaderTimeout: timing.Response,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       30 * time.Second,
	}
	return &REST{
		BaseURL: base, CAFile: caFile, Tenants: tenants, backoff: cmp.Or(timing.Backoff, comeAgain),
		client: &http.Client{
			Transport:     transport,
			Timeout:       timing.Connect + timing.Response,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Close drops idle connections.
func (r *REST) Close() { r.client.CloseIdleConnections() }

// A Request to the REST interface. Body is sent as JSON unless it is bytes or a
// string, which go as they stand.
type Request struct {
	Method string
	Path   string // with its query
	Tenant string // of User
	User   User   // Basic authentication; the zero User sends none
	Bearer string // token, instead of User
	Body   any
	Type   string // Content-Type; default application/json where there is a body
}

// Content is the body as it is sent.
func (r Request) Content() ([]byte, error) { return encode(r.Body) }

// A Response is what the platform answered.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON decodes the body into v.
func (r Response) JSON(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return fmt.Errorf("decode answer %d: %w", r.Status, err)
	}
	return nil
}

// ErrNoAnswer says that no HTTP answer came: refused, reset or timed out.
var ErrNoAnswer = errors.New("no HTTP answer")

// Do sends one request, again after a while where the platform has been asked too
// often. Every other status is an answer; the error wraps [ErrNoAnswer] where none
// came, and is a [*TooManyError] where the platform was still busy in the end.
func (r *REST) Do(ctx context.Context, request Request) (Response, error) {
	for n := 0; ; n++ {
		response, err := r.send(ctx, request)
		if err != nil || !tooMany(response) {
			return response, err
		}
		if n == r.backoff.Tries {
			return Response{}, &TooManyError{request.Method + " " + request.Path, response.Status, n + 1}
		}
		if err := r.rest(ctx, n, response.Header); err != nil {
			return Response{}, fmt.Errorf("wait to send %s %s again: %w", request.Method, request.Path, err)
		}
	}
}

// send sends a request once.
func (r *REST) send(ctx context.Context, request Request) (Response, error) {
	body, err := request.Content()
	if err != nil {
		return Response{}, fmt.Errorf("encode %s %s: %w", request.Method, request.Path, err)
	}
	httpRequest, err := http.NewRequestWithContext(ctx, request.Method, r.BaseURL.String()+request.Path, bytes.NewReader(body))
	if err != nil {
		return Response{}, fmt.Errorf("make %s %s: %w", request.Method, request.Path, err)
	}
	httpRequest.Header.Set("Accept", "application/json")
	if request.Body != nil {
		httpRequest.Header.Set("Content-Type", contentType(request.Type))
	}
	switch {
	case request.Bearer != "":
		httpRequest.Header.Set("Authorization", "Bearer "+request.Bearer)
	case request.User.Name != "":
		httpRequest.SetBasicAuth(request.Tenant+"/"+request.User.Name, request.User.password)
	}
	answer, err := r.client.Do(httpRequest)
	if err != nil {
		return Response{}, fmt.Errorf("%s %s: %w: %w", request.Method, request.Path, ErrNoAnswer, err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, bodyLimit))
	if err != nil {
		return Response{}, fmt.Errorf("%s %s: read answer: %w: %w", request.Method, request.Path, ErrNoAnswer, err)
	}
	return Response{Status: answer.StatusCode, Header: answer.Header, Body: data}, nil
}

func contentType(given string) string {
	if given != "" {
		return given
	}
	return "application/json"
}

func encode(body any) ([]byte, error) {
	switch body := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return body, nil
	case string:
		return []byte(body), nil
	}
	return json.Marshal(body)
}
