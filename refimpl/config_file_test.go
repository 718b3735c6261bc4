package refimpl_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

const head = "apiVersion: chainmail/v1\nkind: Platform\n"

func TestReadConfig(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CHAINMAIL_TEST_PASSWORD", "from the environment")
	path := filepath.Join(dir, "platform.yaml")
	if err := os.WriteFile(path, []byte(head+`
mqtt: {address: "127.0.0.1:8883"}
rest: {address: "127.0.0.1:8443"}
management: {address: "127.0.0.1:8080"}
serverNames: [platform.test]
maxChainLength: 4
anchorOptional: true
lateRefusal: true
tokenAlgorithm: RS256
deviations: [ignores-pathlen]
tenants:
  - id: a
    users:
      - {user: admin, password: "env:CHAINMAIL_TEST_PASSWORD", roles: [ROLE_TENANT_ADMIN]}
      - {user: other, password: "file:secret"}
    options:
      - {category: oauth.internal, key: device-token.lifespan.seconds, value: 600}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := refimpl.ReadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want := refimpl.Config{
		MQTTAddress: "127.0.0.1:8883", RESTAddress: "127.0.0.1:8443", ManagementAddress: "127.0.0.1:8080",
		ServerNames: []string{"platform.test"}, MaxChainLength: 4, AnchorOptional: true, LateRefusal: true,
		TokenAlgorithm: "RS256", Deviations: []string{"ignores-pathlen"},
		Tenants: []registry.TenantConfig{{
			ID: "a",
			Users: []registry.UserConfig{
				{Name: "admin", Password: "from the environment", Roles: []string{"ROLE_TENANT_ADMIN"}},
				{Name: "other", Password: "from a file"},
			},
			Options: []registry.Option{{Category: "oauth.internal", Key: "device-token.lifespan.seconds", Value: "600"}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := refimpl.New(got); err != nil {
		t.Errorf("the platform does not take it: %v", err)
	}
}

func TestConfigFaultsAreAllReportedWithTheirLine(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string // prefix of each line of the error, and a word in it
	}{
		{"unknown key", head + "mqqt: {}\n", []string{"f:3: mqqt"}},
		{"key twice", head + "lateRefusal: true\nlateRefusal: false\n", []string{"f:4: lateRefusal"}},
		{"wrong type", head + "maxChainLength: many\n", []string{"f:3: many"}},
		{"three at once", head + "maxChainLength: many\nlateRefusal: true\nlateRefusal: false\ntenants:\n  - name: a\n", []string{"f:3: many", "f:5: lateRefusal", "f:7: name"}},
		{"no YAML", head + "mqtt: [\n", []string{"f:4: "}},
		{"empty", "", []string{"f: no documents"}},
		{"two documents", head + "---\n" + head, []string{"f: single document"}},
		{"other kind", "apiVersion: chainmail/v1\nkind: Target\n", []string{"f: kind Platform"}},
		{"password in the clear", head + "tenants: [{id: a, users: [{user: u, password: secret}]}]\n", []string{"f: env:NAME"}},
		{"password missing", head + "tenants: [{id: a, users: [{user: u, password: 'env:CHAINMAIL_NO_SUCH'}, {user: v, password: 'file:no-such'}]}]\n", []string{"f: CHAINMAIL_NO_SUCH", "f: no-such"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := refimpl.ParseConfig("f", []byte(tt.text))
			if err == nil {
				t.Fatal("accepted")
			}
			if _, ok := errors.AsType[*refimpl.ConfigError](err); !ok {
				t.Errorf("a %T", err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("got %q, want %d faults", lines, len(tt.want))
			}
			for i, want := range tt.want {
				at, word, _ := strings.Cut(want, ": ")
				if !strings.HasPrefix(lines[i], at+": ") || !strings.Contains(lines[i], word) {
					t.Errorf("fault %q, want %q", lines[i], want)
				}
			}
			if strings.Contains(err.Error(), "password: secret") {
				t.Error("the error shows a password")
			}
		})
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, text := range []string{"", head, head + "tenants:\n  - {id: a, users: [{user: u, password: 'env:HOME'}]}\n", "a: &x [*x]", "\x00", fmt.Sprint(head, "mqtt: !!binary x\n")} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(string(data), "file:") {
			return // it would read any file of this machine
		}
		if _, err := refimpl.ParseConfig("f", data); err != nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}
