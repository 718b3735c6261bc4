package foreign_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/reubenmiller/go-c8y/pkg/c8y"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// token asks for a device's token with Paho, the way the specification describes.
func (w *world) token(leaf *certfactory.Certificate) string {
	w.t.Helper()
	client := w.device(leaf)
	if err := w.done("connect", client.Connect()); err != nil {
		w.t.Fatal(err)
	}
	defer client.Disconnect(0)
	payload := make(chan string, 1)
	if err := w.done("subscribe", client.Subscribe("s/dat", 1, func(_ mqtt.Client, m mqtt.Message) { payload <- string(m.Payload()) })); err != nil {
		w.t.Fatal(err)
	}
	if err := w.done("publish", client.Publish("s/uat", 1, false, "")); err != nil {
		w.t.Fatal(err)
	}
	select {
	case p := <-payload:
		token, found := strings.CutPrefix(p, "71,")
		if !found {
			w.t.Fatalf("answer to the token request is %q", p)
		}
		return token
	case <-time.After(bound):
		w.t.Fatal("no token")
		return ""
	}
}

// bearer returns go-c8y for the holder of a token.
func (w *world) bearer(token string) *c8y.Client {
	client := c8y.NewClient(w.http, w.platform.Addresses().REST, "t1", "", "", true)
	client.AuthorizationMethod = c8y.AuthMethodOAuth2Internal
	client.SetToken(token)
	return client
}

func TestTokenFromMQTTOpensHTTP(t *testing.T) {
	w := start(t)
	root := w.factory.Root("root")
	w.upload(root)
	token := w.token(w.factory.Device(root, "one"))
	client := w.bearer(token)

	claims, err := client.ParseToken(token)
	if err != nil {
		t.Fatal(err)
	}
	lifetime := claims.ExpiresAt.Sub(claims.IssuedAt.Time)
	if claims.User != "device_one" || claims.Tenant != "t1" || claims.Issuer != "localhost" || lifetime != time.Hour {
		t.Errorf("claims %+v", claims)
	}
	if tenant, user := client.GetTenantName(t.Context()), client.GetUsername(); tenant != "t1" || user != "device_one" {
		t.Errorf("go-c8y takes the token for that of %s/%s", tenant, user)
	}
	user, res, err := client.User.GetCurrentUser(t.Context())
	w.answered("current user", res, err, http.StatusOK)
	if user.Username != "device_one" || len(user.EffectiveRoles) == 0 || user.Password != "" {
		t.Errorf("current user %+v", user)
	}
	tenant, res, err := client.Tenant.GetCurrentTenant(t.Context())
	w.answered("current tenant", res, err, http.StatusOK)
	if tenant.Name != "t1" || tenant.DomainName == "" {
		t.Errorf("current tenant %+v", tenant)
	}
	_, res, err = client.DeviceCertificate.GetCertificates(t.Context(), "", firstPage())
	w.answered("a device lists anchors", res, err, http.StatusForbidden)
}

func TestTokenEndsWithLogoutAndWithItsUser(t *testing.T) {
	w := start(t)
	root := w.factory.Root("root")
	w.upload(root)
	for _, tt := range []struct {
		name string
		end  func(*c8y.Client) (*c8y.Response, error)
		want int
	}{
		{"control", func(c *c8y.Client) (*c8y.Response, error) {
			_, res, err := c.Tenant.GetCurrentTenant(t.Context())
			return res, err
		}, http.StatusOK},
		{"logout", func(c *c8y.Client) (*c8y.Response, error) {
			return c.SendRequest(t.Context(), c8y.RequestOptions{Method: http.MethodPost, Path: "user/logout"})
		}, http.StatusUnauthorized},
		{"user disabled", func(*c8y.Client) (*c8y.Response, error) {
			return w.enable("device_one", false)
		}, http.StatusUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := w.enable("device_one", true)
			if tt.name != "control" { // which is what makes the user
				w.answered("enable", res, err, http.StatusOK)
			}
			client := w.bearer(w.token(w.factory.Device(root, "one")))
			_, res, err = client.User.GetCurrentUser(t.Context())
			w.answered("before", res, err, http.StatusOK)
			res, err = tt.end(client)
			w.answered("end", res, err, http.StatusOK)
			_, res, err = client.User.GetCurrentUser(t.Context())
			w.answered("after", res, err, tt.want)
		})
	}
}

// enable sends what User.Update cannot: a c8y.User leaves out what is false.
func (w *world) enable(user string, enabled bool) (*c8y.Response, error) {
	return w.client("admin").SendRequest(w.t.Context(), c8y.RequestOptions{
		Method: http.MethodPut, Path: "user/t1/users/" + user, Body: map[string]bool{"enabled": enabled},
	})
}
