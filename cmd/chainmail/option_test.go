package main

import (
	"net/http"
	"testing"

	"github.com/chainmail-iot/chainmail/suites/target"
)

// ask sends a request to the first tenant of a platform, as its admin.
func ask(t *testing.T, platform ready, method, path string, body any) target.Response {
	t.Helper()
	system, err := target.Load(platform.Target)
	if err != nil {
		t.Fatal(err)
	}
	defer system.REST.Close()
	tenant := system.REST.Tenants[0]
	admin, _ := tenant.Admin()
	response, err := system.REST.Do(t.Context(), target.Request{Method: method, Path: path, Tenant: tenant.ID, User: admin, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// A platform whose lifetime of tokens is not the default is judged as any other, and
// has it again afterwards.
func TestTenantOptionStaysAsItWas(t *testing.T) {
	const path, ours = "/tenant/options/oauth.internal/device-token.lifespan.seconds", "1234"
	platform := serve(t)
	if made := ask(t, platform, http.MethodPut, path, map[string]string{"value": ours}); made.Status/100 != 2 {
		t.Fatalf("PUT %s: answered %d", path, made.Status)
	}
	report, code := conform(t, "--target", platform.Target, "--only", "token")
	if code != exitOK || report.Counts.Pass != len(report.Specs) {
		t.Errorf("exit code %d, %+v: %+v", code, report.Counts, troubles(report))
	}
	var option struct {
		Value string `json:"value"`
	}
	if after := ask(t, platform, http.MethodGet, path, nil); after.JSON(&option) != nil || option.Value != ours {
		t.Errorf("the option is %q afterwards, want %q", option.Value, ours)
	}
}
