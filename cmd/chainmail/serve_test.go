package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/reports"
)

// A platform that refuses late, and one whose tokens are signed with RSA, conform
// just as well: a specification that leaves a choice leaves it to the platform.
func TestPlatformsThatChooseOtherwiseConform(t *testing.T) {
	t.Setenv("CHAINMAIL_TEST_PASSWORD", "not a secret")
	config := filepath.Join(t.TempDir(), "platform.yaml")
	write(t, config, []byte(`apiVersion: chainmail/v1
kind: Platform
lateRefusal: true
tokenAlgorithm: RS256
management: {address: "127.0.0.1:0"}
tenants:
  - id: one
    users:
      - {user: admin, password: "env:CHAINMAIL_TEST_PASSWORD", roles: [ROLE_TENANT_ADMIN, ROLE_OPTION_MANAGEMENT_ADMIN, ROLE_USER_MANAGEMENT_ADMIN, ROLE_DEVICE_CONTROL_ADMIN]}
      - {user: manager, password: "env:CHAINMAIL_TEST_PASSWORD", roles: [ROLE_TENANT_MANAGEMENT_ADMIN]}
      - {user: viewer, password: "env:CHAINMAIL_TEST_PASSWORD", roles: [ROLE_INVENTORY_READ]}
  - id: two
    users:
      - {user: admin, password: "env:CHAINMAIL_TEST_PASSWORD", roles: [ROLE_TENANT_ADMIN, ROLE_OPTION_MANAGEMENT_ADMIN, ROLE_USER_MANAGEMENT_ADMIN, ROLE_DEVICE_CONTROL_ADMIN]}
`))
	platform := serve(t, "--config", config)
	report, code := conform(t, append(sameKeys(), "--target", platform.Target, "--only", "chain/valid-*,chain/expired-*,chain/pathlen-*,identity,registration,token,transport,trust")...)
	if code != exitOK || report.Outcome != reports.Conformant {
		t.Errorf("exit code %d, outcome %s, want conformant: %v", code, report.Outcome, report.Reasons)
	}
	late := false
	for _, s := range report.Specs {
		for _, e := range s.Evidence {
			late = late || e.Layer == reports.LayerMQTTConnack && e.ReturnCode != nil && *e.ReturnCode == 5 && s.ID == "chain/expired-leaf@tls1.3"
		}
	}
	if !late {
		t.Error("chain/expired-leaf was not refused by CONNACK 5: the platform does not refuse late")
	}
}

// The folder that serve makes for itself goes with it; what it was given stays.
func TestServeFolder(t *testing.T) {
	platform := serve(t)
	for path, want := range map[string]os.FileMode{
		platform.Target: 0o644, platform.CA: 0o644, filepath.Join(filepath.Dir(platform.Target), "t1-admin.password"): 0o600,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

// What a platform was told it knows after a restart, and only one process has the folder.
func TestServeData(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	passwords := map[string]bool{}
	for range 2 {
		t.Run("run", func(t *testing.T) {
			platform := serve(t, "--data", data)
			password, err := os.ReadFile(filepath.Join(filepath.Dir(platform.Target), "t1-admin.password"))
			if err != nil {
				t.Fatal(err)
			}
			passwords[string(password)] = true
			second := exec.Command("chainmail", "serve", "--data", data)
			output, err := second.CombinedOutput()
			failure, ok := errors.AsType[*exec.ExitError](err)
			if !ok || failure.ExitCode() != exitUsage || !strings.Contains(string(output), "in use by another process") {
				t.Errorf("a second platform on the folder: %v, %s", err, output)
			}
		})
	}
	if len(passwords) != 1 {
		t.Errorf("%d passwords of one user, want that of the first run", len(passwords))
	}
}
