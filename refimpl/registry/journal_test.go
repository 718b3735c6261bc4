package registry_test

import (
	"crypto/x509"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// A notebook is a journal in memory.
type notebook struct {
	rows map[[2]string][]byte // by kind and key
	err  error                // of Sync
}

func (n *notebook) Each(kind string, row func(string, []byte) error) error {
	for id, value := range n.rows {
		if id[0] == kind {
			if err := row(id[1], value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *notebook) Write(changes []registry.Change) {
	for _, c := range changes {
		if c.Value == nil {
			delete(n.rows, [2]string{c.Kind, c.Key})
		} else {
			n.rows[[2]string{c.Kind, c.Key}] = c.Value
		}
	}
}

func (n *notebook) Sync() error { return n.err }

// A dump is all that a registry shows.
type dump struct {
	Configs  []registry.TenantConfig
	Settings map[string][]byte
	Tenants  map[string][]any
}

func dumpOf(r *registry.Registry) dump {
	d := dump{r.TenantConfigs(), r.Settings(""), map[string][]any{}}
	for _, t := range r.Tenants() {
		d.Tenants[t] = []any{r.Users(t), r.Anchors(t), r.Devices(t), r.DeviceRequests(t), r.AuditRecords(t)}
	}
	return d
}

// step is one change to a registry.
type step struct {
	name string
	do   func(r *registry.Registry) error
}

func steps(t *testing.T) []step {
	t.Helper()
	first, second := certificate(t, "first"), certificate(t, "second")
	off, name := false, "\xff renamed"
	anchor := func(tenant string, c *x509.Certificate) func(r *registry.Registry) error {
		return func(r *registry.Registry) error {
			_, err := r.AddAnchor(registry.Anchor{Tenant: tenant, Certificate: c, Name: "n", Enabled: true, AutoRegistration: true})
			return err
		}
	}
	device := registry.Device{ExternalType: "c8y_Serial", ExternalID: "d 1", Name: "n", Owner: "device_d", Properties: map[string]any{"a": map[string]any{"b": true}}}
	return []step{
		{"add anchor", anchor("t1", first)},
		{"add another", anchor("t1", second)},
		{"disable anchor", func(r *registry.Registry) error {
			name := "renamed"
			_, err := r.UpdateAnchor("t1", registry.Fingerprint(second), registry.AnchorUpdate{Enabled: &off, AutoRegistration: &off, Name: &name})
			return err
		}},
		{"delete anchor", func(r *registry.Registry) error { return r.DeleteAnchor("t1", registry.Fingerprint(first)) }},
		{"add it to the other tenant", anchor("t2", first)},
		{"ensure device", func(r *registry.Registry) error { _, _, err := r.EnsureDevice("t1", "d 1"); return err }},
		{"register device", func(r *registry.Registry) error {
			_, err := r.RegisterDevice("t2", "d 1", registry.LoginPassword, "secret")
			return err
		}},
		{"disable user", func(r *registry.Registry) error { _, err := r.SetEnabled("t1", "device_d 1", false); return err }},
		{"enter device", func(r *registry.Registry) error { _, _, err := r.PutDevice("t1", device); return err }},
		{"change device", func(r *registry.Registry) error {
			_, _, err := r.PutDevice("t1", registry.Device{ExternalType: "c8y_Serial", ExternalID: "d 1", Type: "x"})
			return err
		}},
		{"enter another", func(r *registry.Registry) error {
			_, _, err := r.PutDevice("t1", registry.Device{ExternalType: "c8y_Serial d", ExternalID: "1"})
			return err
		}},
		{"delete device", func(r *registry.Registry) error { return r.DeleteDevice("t1", r.Devices("t1")[0].ID) }},
		{"set options", func(r *registry.Registry) error {
			return r.SetOptions("t1", registry.Option{Category: "a b", Key: "c", Value: "1"}, registry.Option{Category: "a", Key: "b c", Value: "2"}, registry.Option{Category: name, Key: "k", Value: ""})
		}},
		{"delete option", func(r *registry.Registry) error { return r.DeleteOption("t1", "a", "b c") }},
		{"request device", func(r *registry.Registry) error { _, err := r.AddDeviceRequest("t1", "s2"); return err }},
		{"request another", func(r *registry.Registry) error { _, err := r.AddDeviceRequest("t1", "s1"); return err }},
		{"device asks", func(r *registry.Registry) error {
			if _, err := r.TakeCredentials("t1", "s2"); !errors.Is(err, registry.ErrNotAccepted) {
				return err
			}
			return nil
		}},
		{"accept device", func(r *registry.Registry) error {
			_, err := r.SetDeviceRequest("t1", "s2", registry.Accepted)
			return err
		}},
		{"device asks again", func(r *registry.Registry) error { _, err := r.TakeCredentials("t1", "s2"); return err }},
		{"drop request", func(r *registry.Registry) error { return r.DeleteDeviceRequest("t1", "s1") }},
		{"audit", func(r *registry.Registry) error {
			for range 12 {
				r.Audit("t1", registry.AuditRecord{Time: time.Unix(1, 2).UTC(), Type: "t", Activity: "a", Text: "x", User: "u"})
			}
			return nil
		}},
		{"delete user", func(r *registry.Registry) error { return r.DeleteUser("t2", "device_d 1") }},
		{"set setting", func(r *registry.Registry) error { r.SetSetting("a/b", []byte{0, 255}); return nil }},
		{"delete setting", func(r *registry.Registry) error {
			r.SetSetting("a/c", []byte{1})
			r.DeleteSettings("a/b", "never")
			return nil
		}},
	}
}

// After every change, a registry on the same journal shows the same.
func TestJournalHasEverything(t *testing.T) {
	journal := &notebook{rows: map[[2]string][]byte{}}
	configs := []registry.TenantConfig{
		{ID: "t2", Users: []registry.UserConfig{{Name: "admin", Password: "secret", Roles: []string{"ROLE_A"}}}},
		{ID: "t1", Options: []registry.Option{{Category: "c", Key: "k", Value: "v"}}},
	}
	r, err := registry.Open(journal, configs)
	if err != nil {
		t.Fatal(err)
	}
	same := cmp.Options{
		cmpopts.EquateEmpty(),
		cmp.AllowUnexported(registry.User{}, registry.Anchor{}, registry.DeviceRequest{}),
		cmp.Comparer(func(a, b *x509.Certificate) bool { return a.Equal(b) }),
	}
	for _, s := range steps(t) {
		before := dumpOf(r)
		if err := s.do(r); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if cmp.Equal(before, dumpOf(r), same) {
			t.Errorf("%s changes nothing", s.name)
		}
		later, err := registry.Open(&notebook{rows: maps.Clone(journal.rows)}, configs[1:])
		if err != nil {
			t.Fatalf("after %s: %v", s.name, err)
		}
		if diff := cmp.Diff(dumpOf(r), dumpOf(later), same); diff != "" {
			t.Fatalf("after %s (-before +after):\n%s", s.name, diff)
		}
		if a, b := next(t, r), next(t, later); a != b {
			t.Errorf("after %s: the next number is %s, and %s after the restart", s.name, a, b)
		}
	}
	if !slices.Equal(r.Tenants(), []string{"t2", "t1"}) {
		t.Errorf("tenants %v", r.Tenants())
	}
}

// next takes a number, in a tenant where it does not show as a change.
func next(t *testing.T, r *registry.Registry) string {
	t.Helper()
	d, _, err := r.PutDevice("t2", registry.Device{ExternalID: "next"})
	if err != nil || r.DeleteDevice("t2", d.ID) != nil {
		t.Fatal(err)
	}
	return d.ID
}

func TestConfigurationAddsTenantsOnly(t *testing.T) {
	journal := &notebook{rows: map[[2]string][]byte{}}
	first := registry.TenantConfig{ID: "t1", Users: []registry.UserConfig{{Name: "admin", Password: "first"}}}
	if _, err := registry.Open(journal, []registry.TenantConfig{first}); err != nil {
		t.Fatal(err)
	}
	changed := registry.TenantConfig{ID: "t1", Users: []registry.UserConfig{{Name: "admin", Password: "second"}}}
	added := registry.TenantConfig{ID: "t2"}
	if _, err := registry.Open(journal, []registry.TenantConfig{added, {ID: ""}}); err == nil {
		t.Error("a tenant without id is no fault")
	}
	r, err := registry.Open(journal, []registry.TenantConfig{changed, added})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Authenticate("t1", "admin", "first"); !ok || !slices.Equal(r.Tenants(), []string{"t1", "t2"}) {
		t.Errorf("old password: %v, tenants %v", ok, r.Tenants())
	}
}

func TestJournalDropsOldAuditRecords(t *testing.T) {
	journal := &notebook{rows: map[[2]string][]byte{}}
	r, err := registry.Open(journal, []registry.TenantConfig{{ID: "t1"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 10_005 {
		r.Audit("t1", registry.AuditRecord{})
	}
	later, err := registry.Open(journal, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.AuditRecords("t1"), later.AuditRecords("t1")); diff != "" {
		t.Errorf("audit records (-before +after):\n%s", diff)
	}
}

func TestSyncTellsWhatTheJournalSays(t *testing.T) {
	journal := &notebook{rows: map[[2]string][]byte{}}
	r, err := registry.Open(journal, []registry.TenantConfig{{ID: "t1"}})
	if err != nil || r.Sync() != nil {
		t.Fatal(err, r.Sync())
	}
	if _, _, err := r.PutDevice("t1", registry.Device{Properties: map[string]any{"x": func() {}}}); err != nil {
		t.Fatal(err)
	}
	if r.Sync() == nil {
		t.Error("what cannot be written is said to be on disk")
	}
	journal.err = errors.New("full")
	if r, err = registry.Open(journal, nil); err != nil || !errors.Is(r.Sync(), journal.err) {
		t.Errorf("sync: %v", r.Sync())
	}
}

func TestAnchorsAreBounded(t *testing.T) {
	r := newRegistry(t)
	r.SetMaxAnchors(1)
	add := func(tenant, name string) error {
		_, err := r.AddAnchor(registry.Anchor{Tenant: tenant, Certificate: certificate(t, name)})
		return err
	}
	if err := errors.Join(add("t1", "a"), add("t2", "b")); err != nil {
		t.Fatal(err)
	}
	if err := add("t1", "c"); !errors.Is(err, registry.ErrTooMany) {
		t.Errorf("second anchor of a tenant: %v", err)
	}
	if err := errors.Join(r.DeleteAnchor("t1", registry.Fingerprint(certificate(t, "a"))), add("t1", "c")); err != nil {
		t.Errorf("after one was deleted: %v", err)
	}
}
