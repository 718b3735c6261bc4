package registry_test

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

func newRegistry(t *testing.T) *registry.Registry {
	t.Helper()
	r, err := registry.New([]registry.TenantConfig{
		{ID: "t1", Users: []registry.UserConfig{{Name: "admin", Password: "secret", Roles: []string{"ROLE_A", "ROLE_B"}}}},
		{ID: "t2", Options: []registry.Option{{Category: "c", Key: "k", Value: "v"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func certificate(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	f := certfactory.New(certfactory.Seed{1}, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	der, err := f.Root(name).DER()
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnchorLives(t *testing.T) {
	r := newRegistry(t)
	c := certificate(t, "root")
	version := r.AnchorVersion()
	changed := func(what string) {
		t.Helper()
		if r.AnchorVersion() == version {
			t.Errorf("%s did not change the version", what)
		}
		version = r.AnchorVersion()
	}
	added, err := r.AddAnchor(registry.Anchor{Tenant: "t1", Certificate: c, Name: "n", Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	changed("add")
	if added.Fingerprint != registry.Fingerprint(c) || len(added.Fingerprint) != 40 {
		t.Errorf("fingerprint %q", added.Fingerprint)
	}
	for _, tenant := range []string{"t1", "t2"} {
		if _, err := r.AddAnchor(registry.Anchor{Tenant: tenant, Certificate: c}); !errors.Is(err, registry.ErrDuplicate) {
			t.Errorf("added twice, to %s: %v", tenant, err)
		}
	}
	if _, err := r.AddAnchor(registry.Anchor{Tenant: "t3", Certificate: certificate(t, "other")}); !errors.Is(err, registry.ErrNoTenant) {
		t.Errorf("added to no tenant: %v", err)
	}
	off, name := false, "m"
	updated, err := r.UpdateAnchor("t1", added.Fingerprint, registry.AnchorUpdate{Enabled: &off, Name: &name})
	if err != nil || updated.Enabled || updated.Name != "m" {
		t.Errorf("update: %+v, %v", updated, err)
	}
	changed("update")
	if _, found := r.Anchor("t2", added.Fingerprint); found {
		t.Error("one tenant sees the other's anchor")
	}
	if got := r.AnchorsWhere(c.Equal); len(got) != 1 || got[0].Enabled {
		t.Errorf("by what matches: %+v", got)
	}
	if err := r.DeleteAnchor("t2", added.Fingerprint); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("deleted by the other tenant: %v", err)
	}
	if err := r.DeleteAnchor("t1", added.Fingerprint); err != nil {
		t.Fatal(err)
	}
	changed("delete")
	if got := r.AnchorsWithDigest(sha256.Sum256(c.Raw)); got != nil || len(r.Anchors("t1")) != 0 {
		t.Errorf("after delete: %+v", got)
	}
}

func TestAuthenticate(t *testing.T) {
	r := newRegistry(t)
	if _, err := r.RegisterDevice("t1", "basic", registry.LoginPassword, "pw"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.EnsureDevice("t1", "cert"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, tenant, user, password string
		want                         bool
	}{
		{"right", "t1", "admin", "secret", true},
		{"wrong password", "t1", "admin", "Secret", false},
		{"no password", "t1", "admin", "", false},
		{"other tenant", "t2", "admin", "secret", false},
		{"no tenant", "t3", "admin", "secret", false},
		{"no user", "t1", "nobody", "secret", false},
		{"device with password", "t1", "device_basic", "pw", true},
		{"device with certificate", "t1", "device_cert", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if u, ok := r.Authenticate(tt.tenant, tt.user, tt.password); ok != tt.want {
				t.Errorf("got %v %+v, want %v", ok, u, tt.want)
			}
		})
	}
	if _, err := r.SetEnabled("t1", "admin", false); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Authenticate("t1", "admin", "secret"); ok {
		t.Error("a disabled user was let in")
	}
}

func TestDeviceUsers(t *testing.T) {
	r := newRegistry(t)
	if _, created, err := r.EnsureDevice("t1", "one"); err != nil || !created {
		t.Fatalf("first: %v, %v", created, err)
	}
	if _, err := r.SetEnabled("t1", "device_one", false); err != nil {
		t.Fatal(err)
	}
	u, created, err := r.EnsureDevice("t1", "one")
	if err != nil || created || u.Enabled {
		t.Errorf("again: %+v, %v, %v; the user must stay as it is", u, created, err)
	}
	if !u.Device() || !u.HasRole("ROLE_X", "ROLE_DEVICE") || u.HasRole("ROLE_TENANT_ADMIN") {
		t.Errorf("roles %v", u.Roles)
	}
	if created, err := r.RegisterDevice("t1", "one", registry.LoginPassword, "pw"); err != nil || created {
		t.Errorf("register again: %v, %v", created, err)
	}
	if u, _ := r.User("t1", "device_one"); u.Login != registry.LoginPassword {
		t.Error("registering again did not change the login")
	}
	if _, err := r.RegisterDevice("t3", "one", registry.LoginPassword, ""); !errors.Is(err, registry.ErrNoTenant) {
		t.Errorf("no tenant: %v", err)
	}
	names := []string{}
	for _, u := range r.Users("t1") {
		names = append(names, u.Name)
	}
	if diff := cmp.Diff([]string{"admin", "device_one"}, names); diff != "" {
		t.Error(diff)
	}
	if err := r.DeleteUser("t1", "device_one"); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteUser("t1", "device_one"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := r.SetEnabled("t1", "device_one", true); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("enabled after deletion: %v", err)
	}
}

func TestOptions(t *testing.T) {
	r := newRegistry(t)
	if v, ok := r.Option("t2", "c", "k"); !ok || v != "v" {
		t.Errorf("configured option: %q, %v", v, ok)
	}
	for _, o := range []registry.Option{{"b", "2", "x"}, {"b", "1", "y"}, {"a", "3", "z"}, {"b", "2", "w"}} {
		if err := r.SetOptions("t1", o); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]registry.Option{{"a", "3", "z"}, {"b", "1", "y"}, {"b", "2", "w"}}, r.Options("t1")); diff != "" {
		t.Error(diff)
	}
	if err := r.DeleteOption("t2", "a", "3"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("deleted the other tenant's: %v", err)
	}
	if err := r.DeleteOption("t1", "a", "3"); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Option("t1", "a", "3"); ok {
		t.Error("still there")
	}
	if err := r.SetOptions("t3", registry.Option{}); !errors.Is(err, registry.ErrNoTenant) {
		t.Errorf("no tenant: %v", err)
	}
}

func TestInventory(t *testing.T) {
	r := newRegistry(t)
	first := registry.Device{Name: "n", Type: "ty", Owner: "device_one", ExternalType: registry.SerialType, ExternalID: "one", Properties: map[string]any{"a": 1, "b": 2}}
	stored, created, err := r.PutDevice("t1", first)
	if err != nil || !created || stored.ID == "" {
		t.Fatalf("%+v, %v, %v", stored, created, err)
	}
	again, created, err := r.PutDevice("t1", registry.Device{ExternalType: registry.SerialType, ExternalID: "one", Name: "m", Properties: map[string]any{"b": 3}})
	want := stored
	want.Name, want.Properties = "m", map[string]any{"a": 1, "b": 3}
	if diff := cmp.Diff(want, again); diff != "" || created || err != nil {
		t.Errorf("created %v, %v: %s", created, err, diff)
	}
	if _, found := r.Device("t2", registry.SerialType, "one"); found {
		t.Error("one tenant sees the other's device")
	}
	for i := range 12 {
		if _, _, err := r.PutDevice("t1", registry.Device{ExternalType: "x", ExternalID: string(rune('a' + i))}); err != nil {
			t.Fatal(err)
		}
	}
	var order string
	for _, d := range r.Devices("t1") {
		order += d.ExternalID
	}
	if order != "oneabcdefghijkl" {
		t.Errorf("order %s", order)
	}
	if err := r.DeleteDevice("t1", stored.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteDevice("t1", stored.ID); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, _, err := r.PutDevice("t3", first); !errors.Is(err, registry.ErrNoTenant) {
		t.Errorf("no tenant: %v", err)
	}
}

func TestSingleRegistration(t *testing.T) {
	r := newRegistry(t)
	if _, err := r.AddDeviceRequest("t1", "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.AddDeviceRequest("t1", "one"); !errors.Is(err, registry.ErrDuplicate) {
		t.Errorf("requested twice: %v", err)
	}
	if _, err := r.TakeCredentials("t1", "one"); !errors.Is(err, registry.ErrNotAccepted) {
		t.Errorf("before acceptance: %v", err)
	}
	if got := r.DeviceRequests("t1"); len(got) != 1 || got[0].Status != registry.PendingAcceptance {
		t.Errorf("after the device asked: %+v", got)
	}
	if _, err := r.SetDeviceRequest("t1", "one", registry.Accepted); err != nil {
		t.Fatal(err)
	}
	password, err := r.TakeCredentials("t1", "one")
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := r.Authenticate("t1", "device_one", password); !ok || u.Login != registry.LoginPassword {
		t.Errorf("user %+v, %v", u, ok)
	}
	if _, err := r.TakeCredentials("t1", "one"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("credentials twice: %v", err)
	}
	if err := r.DeleteDeviceRequest("t1", "one"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("deleted after its end: %v", err)
	}
}

func TestAuditKeepsTheLatest(t *testing.T) {
	r := newRegistry(t)
	for i := range 10_001 {
		r.Audit("t1", registry.AuditRecord{Time: time.Unix(int64(i), 0), Type: "TrustedCertificates"})
	}
	got := r.AuditRecords("t1")
	if len(got) != 10_000 || !got[0].Time.Equal(time.Unix(10_000, 0)) || !got[9999].Time.Equal(time.Unix(1, 0)) {
		t.Errorf("%d records, from %v", len(got), got[0].Time)
	}
	if len(r.AuditRecords("t2")) != 0 {
		t.Error("one tenant sees the other's records")
	}
}
