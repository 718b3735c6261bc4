package foreign_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/reubenmiller/go-c8y/pkg/c8y"
)

func TestOptionsOneByOne(t *testing.T) {
	w := start(t)
	options := w.client("admin").TenantOptions
	got, res, err := options.Create(t.Context(), &c8y.TenantOption{Category: "custom", Key: "key", Value: "1"})
	w.answered("create", res, err, http.StatusOK)
	if got.Category != "custom" || got.Key != "key" || got.Value != "1" {
		t.Errorf("created %+v", got)
	}
	_, res, err = options.Update(t.Context(), "custom", "key", "2")
	w.answered("update", res, err, http.StatusOK)
	got, res, err = options.GetOption(t.Context(), "custom", "key")
	w.answered("read", res, err, http.StatusOK)
	if got.Value != "2" {
		t.Errorf("read %+v", got)
	}
	all, res, err := options.GetOptions(t.Context(), c8y.NewPaginationOptions(100))
	w.answered("list", res, err, http.StatusOK)
	if len(all.Options) != 1 || all.Options[0].Value != "2" {
		t.Errorf("list %s", res.Body())
	}
	res, err = options.Delete(t.Context(), "custom", "key")
	w.answered("delete", res, err, http.StatusNoContent)
	_, res, err = options.GetOption(t.Context(), "custom", "key")
	w.answered("read what was deleted", res, err, http.StatusNotFound)
}

func TestOptionsOfACategory(t *testing.T) {
	w := start(t)
	options := w.client("admin").TenantOptions
	want := map[string]string{"a": "1", "b": "2"}
	got, res, err := options.UpdateOptions(t.Context(), "custom", want)
	w.answered("update", res, err, http.StatusOK)
	read, res, err := options.GetOptionsForCategory(t.Context(), "custom")
	w.answered("read", res, err, http.StatusOK)
	if !maps.Equal(got, want) || !maps.Equal(read, want) {
		t.Errorf("updated %v, read %v", got, read)
	}
	_, res, err = w.client("viewer").TenantOptions.UpdateOptions(t.Context(), "custom", want)
	w.answered("no role", res, err, http.StatusForbidden)
}

func TestOptionSetsTheLifetimeOfTokens(t *testing.T) {
	w := start(t)
	root := w.factory.Root("root")
	w.upload(root)
	_, res, err := w.client("admin").TenantOptions.Create(t.Context(), &c8y.TenantOption{
		Category: "oauth.internal", Key: "device-token.lifespan.seconds", Value: "600",
	})
	w.answered("create", res, err, http.StatusOK)
	token := w.token(w.factory.Device(root, "one"))
	claims, err := w.bearer(token).ParseToken(token)
	if err != nil {
		t.Fatal(err)
	}
	if lifetime := claims.ExpiresAt.Sub(claims.IssuedAt.Time); lifetime != 10*time.Minute {
		t.Errorf("lifetime %v", lifetime)
	}
}
