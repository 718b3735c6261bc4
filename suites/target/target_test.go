package target_test

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/strictyaml"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// write makes a folder with a trust store, a password and a target file.
func write(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	f := certfactory.New(certfactory.Seed{1}, time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC))
	ca, err := f.Root("server CA").DER()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"ca.pem": certfactory.PEM(ca), "secret": []byte("s3cret\n"), "target.yaml": []byte(text), "empty": nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "target.yaml")
}

const whole = `apiVersion: chainmail/v1
kind: Target
implementation: {organization: Example, product: Platform, version: "1", url: https://example.com}
mqtt:
  address: 127.0.0.1:8883
  serverName: localhost
  caFile: ca.pem
  tls: {min: "1.3"}
rest:
  baseURL: https://127.0.0.1:8443/
  tenants:
    - id: t1
      users:
        - {user: admin, password: "file:secret", roles: [ROLE_TENANT_ADMIN]}
        - {user: viewer, password: "file:secret", roles: [ROLE_INVENTORY_READ]}
    - id: t2
      users:
        - {user: admin, password: "file:secret", roles: [ROLE_TENANT_MANAGEMENT_ADMIN]}
management: {baseURL: "http://127.0.0.1:9000"}
capabilities: [maxChainLengthSetting, mqttTokens]
timing: {response: 2s}
page: {url: "https://127.0.0.1:9443/certificates", selectors: {status: "#state", rowSave: ".save", search: none}}
`

func TestLoad(t *testing.T) {
	got, err := target.Load(write(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	if want := []uint16{tls.VersionTLS13}; !cmp.Equal(got.MQTT.Versions, want) {
		t.Errorf("versions %v, want %v", got.MQTT.Versions, want)
	}
	wantTiming := target.Timing{Connect: 5 * time.Second, Response: 2 * time.Second, Convergence: 5 * time.Second}
	if diff := cmp.Diff(wantTiming, got.Timing); diff != "" {
		t.Errorf("timing (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(target.Policy{ClientID: target.ClientIDCommonName}, got.Policy); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	for _, c := range []target.Capability{target.MaxChainLengthSetting, target.MQTTTokens, target.SecondTenant, target.UserWithoutRole} {
		if !got.Has(c) {
			t.Errorf("capability %s is missing", c)
		}
	}
	if got.Has(target.DeviceUsers) {
		t.Error("capability deviceUsers is there and was not declared")
	}
	if got.Driver.Name() != "cumulocity" {
		t.Errorf("driver %q, want cumulocity", got.Driver.Name())
	}
	want := []string{"127.0.0.1:8883", "127.0.0.1:8443", "127.0.0.1:9000", "127.0.0.1:9443"}
	if diff := cmp.Diff(want, got.Endpoints()); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	selectors := target.DefaultSelectors()
	selectors.Status, selectors.RowSave, selectors.Search = "#state", ".save", target.NoSelector
	if diff := cmp.Diff(selectors, got.Page.Selectors); diff != "" {
		t.Errorf("selectors (-want +got):\n%s", diff)
	}
	if got.Page.User.Name != "admin" || got.Page.User.Password() != "s3cret" || got.Page.RootCAs == nil {
		t.Errorf("page's user %s, own trust store %t", got.Page.User.Name, got.Page.RootCAs != nil)
	}
}

func TestLoadSaysEverythingThatIsWrong(t *testing.T) {
	tests := []struct {
		name string
		old  string // of the whole file, replaced by
		new  string
		want []string
	}{
		{"unknown key", "  serverName:", "  server:", []string{`:6: unknown key "server"`}},
		{"duplicate key", "kind: Target\n", "kind: Target\nkind: Target\n", []string{`:3: mapping key "kind" already defined at line 2`}},
		{"wrong type", "response: 2s", "response: soon", []string{`:21: "soon" cannot stand here: want a duration with its unit, such as "5s"`}},
		{"two at once", "response: 2s}", "response: 2s, foo: 1}\nbar: 2", []string{`:21: unknown key "foo"`, `:22: unknown key "bar"`}},
		{"version", "chainmail/v1", "chainmail/v9", []string{`:1: apiVersion is "chainmail/v9": want "chainmail/v1"`}},
		{"kind", "kind: Target", "kind: Plan", []string{`:2: kind is "Plan": want Target`}},
		{"address", "127.0.0.1:8883", "127.0.0.1", []string{`:5: mqtt.address is "127.0.0.1": want host:port`}},
		{"remote", "127.0.0.1:8883", "192.0.2.1:8883", []string{":5: 192.0.2.1 is not a loopback address"}},
		{"tls", `min: "1.3"`, `min: "1.1"`, []string{`:8: mqtt.tls.min is "1.1"`}},
		{"tls order", `min: "1.3"`, `min: "1.3", max: "1.2"`, []string{":8: mqtt.tls.min is above mqtt.tls.max"}},
		{"no such trust store", "ca.pem", "nowhere.pem", []string{":7: open ", "nowhere.pem"}},
		{"trust store without certificates", "ca.pem", "empty", []string{":7: ", "holds no certificate in PEM"}},
		{"secret in the file", `admin, password: "file:secret", roles: [ROLE_TENANT_ADMIN]`, `admin, password: "s3cret", roles: [ROLE_TENANT_ADMIN]`, []string{":14: password of admin: secrets do not stand in the file"}},
		{"secret not set", `admin, password: "file:secret", roles: [ROLE_TENANT_ADMIN]`, `admin, password: "env:CHAINMAIL_NOWHERE", roles: [ROLE_TENANT_ADMIN]`, []string{":14: password of admin: environment variable CHAINMAIL_NOWHERE is not set"}},
		{"nobody may upload", "ROLE_TENANT_ADMIN", "ROLE_NONE", []string{"tenant t1 has no user with ROLE_TENANT_ADMIN"}},
		{"unknown capability", "mqttTokens", "tokens", []string{`:20: unknown capability "tokens"`}},
		{"capability without section", `management: {baseURL: "http://127.0.0.1:9000"}`, "", []string{"capability maxChainLengthSetting needs the section management"}},
		{"driver", "capabilities:", "driver: magic\ncapabilities:", []string{`:20: driver is "magic": want cumulocity, static or exec`}},
		{"static without section", "capabilities:", "driver: static\ncapabilities:", []string{":20: driver static needs the section static"}},
		{"client id policy", "timing:", "policy: {clientId: none}\ntiming:", []string{`:21: clientId is "none"`}},
		{"negative bound", "response: 2s", "response: -2s", []string{":21: response is -2s"}},
		{"page without rest", whole[strings.Index(whole, "rest:"):strings.Index(whole, "management:")], "", []string{"page needs the section rest"}},
		{"page of nobody", "page: {", "page: {user: nobody, ", []string{`:22: page.user is "nobody": want a user of the first tenant`}},
		{"page elsewhere", "https://127.0.0.1:9443", "https://192.0.2.1", []string{":22: 192.0.2.1 is not a loopback address"}},
		{"page's selector that does not exist", "rowSave:", "rowStore:", []string{`:22: unknown key "rowStore"`}},
		{"page without what it needs", "#state", "none", []string{":22: page.selectors.status is none"}},
		{"webPage without page", whole[strings.Index(whole, "mqttTokens]"):], "mqttTokens, webPage]\n", []string{"capability webPage needs the section page"}},
		{"no YAML", "kind: Target", "kind: [", []string{":"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, strings.Replace(whole, tt.old, tt.new, 1))
			_, err := target.Load(path)
			var problems strictyaml.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v, want Problems", err)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Error("the error shows a password")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if len(problems) < len(tt.want) && tt.want[0] != ":7: open " && tt.want[0] != ":7: " {
				t.Errorf("%d problems, want %d", len(problems), len(tt.want))
			}
		})
	}
}

func TestLoadOfNoFile(t *testing.T) {
	_, err := target.Load(filepath.Join(t.TempDir(), "nowhere.yaml"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that the file does not exist", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(whole)
	f.Add("")
	f.Add("a: [")
	f.Add("- mqtt")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "target.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := target.Load(path)
		if (got == nil) == (err == nil) {
			t.Errorf("target %v and error %v: want exactly one", got, err)
		}
	})
}
