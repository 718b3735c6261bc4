package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/probe"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// exitCode runs chainmail and returns what it printed and its exit code.
func exitCode(t *testing.T, args ...string) (string, int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "chainmail", args...)
	out, _ := command.Output() // the exit code is what the test is about
	return string(out), command.ProcessState.ExitCode()
}

// What a target declares and lacks is a failure of the run, and what it does not
// declare is not applicable.
func TestDeclaredAndMissingFails(t *testing.T) {
	platform := serve(t)
	file := inFront(t, platform, lacks("", "/devicecontrol/bulk", "/tenant/options"), "")
	report, code := conform(t, "--target", file, "--only", "capability,registration/bulk-*,token/token-default-lifetime")
	if code != exitNotConformant {
		t.Errorf("exit code %d, want %d: %v", code, exitNotConformant, report.Reasons)
	}
	wantVerdicts(t, report, map[string]reports.Verdict{
		"capability/bulk-registration": reports.Fail, "capability/tenant-options": reports.Fail, "capability/mqtt-tokens": reports.Pass,
		"capability/device-users": reports.Pass, "token/token-default-lifetime": reports.Pass,
	})
	for _, s := range report.Specs {
		if s.ID == "capability/bulk-registration" && !strings.Contains(s.Reason, "bulkRegistration is declared and missing: POST /devicecontrol/bulkNewDeviceRequests answered 404") {
			t.Errorf("reason %q", s.Reason)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []target.Capability{target.BulkRegistration, target.TenantOptions} {
		text = []byte(strings.Replace(string(text), string(c)+",", "", 1))
	}
	write(t, file, text)
	report, code = conform(t, "--target", file, "--only", "capability,registration/bulk-*")
	if code != exitOK {
		t.Errorf("exit code %d, want %d: %v", code, exitOK, report.Reasons)
	}
	wantVerdicts(t, report, map[string]reports.Verdict{"capability/bulk-registration": reports.NotApplicable, "capability/tenant-options": reports.NotApplicable})
	for _, s := range report.Specs {
		if s.Verdict == reports.Inconclusive {
			t.Errorf("%s is inconclusive: %s", s.ID, s.Reason)
		}
		if s.Verdict == reports.NotApplicable && !strings.HasPrefix(s.Reason, "the target does not declare ") {
			t.Errorf("%s: reason %q", s.ID, s.Reason)
		}
	}
}

// What only the specs about capabilities notice, they do notice: that the platform
// has not what its target file declares.
func TestEachDeclaredAndMissing(t *testing.T) {
	platform := serve(t)
	nothing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nothing.Close)
	for _, tt := range []struct{ capability, method, path, old, replaced string }{
		{capability: "anchor-changes", method: http.MethodPut, path: "/trusted-certificates/"},
		{capability: "bulk-registration", path: "/devicecontrol/bulk"},
		{capability: "single-registration", path: "/devicecontrol/newDevice"},
		{capability: "device-users", path: "/user/t1/users"},
		{capability: "tenant-options", path: "/tenant/options"},
		{capability: "clock", old: platform.Management, replaced: nothing.URL},
		{capability: "max-chain-length-setting", old: platform.Management, replaced: nothing.URL},
		{capability: "web-page", old: "/apps/devicemanagement/", replaced: "/nothing/"},
		{capability: "user-without-role", old: "- user: devicebootstrap\n      password: file:t1-devicebootstrap", replaced: "- user: admin\n      password: file:t1-admin"},
		{capability: "second-tenant", old: "file:t2-admin", replaced: "file:t1-admin"},
	} {
		t.Run(tt.capability, func(t *testing.T) {
			file := inFront(t, platform, lacks(tt.method, tt.path), "")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if tt.old != "" && !strings.Contains(string(text), tt.old) {
				t.Fatalf("no %q in %s", tt.old, text)
			}
			write(t, file, []byte(strings.Replace(string(text), tt.old, tt.replaced, 1)))
			report, code := conform(t, "--target", file, "--only", "capability/"+tt.capability)
			if code != exitNotConformant {
				t.Errorf("exit code %d, want %d: %q", code, exitNotConformant, troubles(report))
			}
		})
	}
}

// The exit code of a probe says whether the target file tells the truth.
func TestProbeExitCodes(t *testing.T) {
	platform := serve(t)
	out, code := exitCode(t, "probe", "--target", platform.Target)
	if code != exitOK || !strings.Contains(out, "FOR THE TARGET FILE") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if anchors := trustAnchors(t, platform); anchors != 0 {
		t.Errorf("%d trust anchors left on the target, want none", anchors)
	}
	out, code = exitCode(t, "probe", "--json", "--target", inFront(t, platform, lacks("", "/tenant/options"), ""))
	var report struct {
		probe.Report
		Fragment string `json:"fragment"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitNotConformant {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	if strings.Contains(report.Fragment, "tenantOptions") || !strings.Contains(report.Fragment, "mqttTokens") || !report.Has(probe.Missing) {
		t.Errorf("report %+v", report)
	}
	if _, code := exitCode(t, "probe"); code != exitUsage {
		t.Errorf("exit code %d without --target, want %d", code, exitUsage)
	}
	silent := hostile(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	if out, code := exitCode(t, "probe", "--target", silent.Name); code != exitIncomplete {
		t.Errorf("exit code %d of a silent platform, want %d: %s", code, exitIncomplete, out)
	}
	closed, letGo, err := closedAddress()
	defer letGo()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(platform.Target)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(filepath.Dir(platform.Target), "closed.yaml")
	write(t, file, []byte(strings.Replace(string(text), platform.MQTT, closed, 1)))
	if _, code := exitCode(t, "probe", "--target", file); code != exitUnreachable {
		t.Errorf("exit code %d of a closed port, want %d", code, exitUnreachable)
	}
}

// probed is a report with every state.
func probed() probe.Report {
	return probe.Report{
		Target: "hub.yaml",
		Findings: []probe.Finding{
			{Section: probe.Timing, Name: "round trip", State: probe.Noted, Found: "41ms", Detail: "of one TCP connection"},
			{Section: probe.Timing, Name: "clock skew", State: probe.Noted, Found: "2m0s behind ours", Detail: "by the HTTP Date header", Hint: "put one of the clocks right"},
			{Section: probe.Transport, Name: "TLS 1.2", Declared: "yes", Found: "yes", State: probe.Agrees, Detail: "CONNACK 0"},
			{Section: probe.Transport, Name: "TLS 1.3", Declared: "yes", Found: "no", State: probe.Missing, Detail: "alert protocol_version (70)"},
			{Section: probe.Capability, Name: "mqttTokens", Declared: "yes", Found: "yes", State: probe.Agrees, Detail: "a device asks for a token"},
			{Section: probe.Capability, Name: "tenantOptions", Declared: "yes", Found: "no", State: probe.Missing, Detail: "POST /tenant/options answered 404 Not Found", Hint: "specs that need it will fail: take it out of capabilities, or mend the platform"},
			{Section: probe.Capability, Name: "bulkRegistration", Declared: "no", Found: "yes", State: probe.Undeclared, Detail: "a device is registered by a CSV file", Hint: "put it into capabilities: more specs apply then"},
			{Section: probe.Capability, Name: "clock", Declared: "yes", Found: "not known", State: probe.Unknown, Detail: "PUT /clock: no HTTP answer"},
			{Section: probe.Policy, Name: "maxChainLength", Declared: "2", Found: "4", State: probe.Differs, Detail: "a chain of 5: alert bad_certificate (42)"},
			{Section: probe.Policy, Name: "refusal.chain", Found: "alert", State: probe.Noted, Detail: "a device under an anchor that nobody uploaded: alert unknown_ca (48)", Hint: target.FormAlert.Allows()},
		},
		Notes:        []string{"left behind: delete trust anchor 0f: answered 503"},
		Versions:     []uint16{0x0303},
		Capabilities: []target.Capability{target.MQTTTokens, target.BulkRegistration, target.AnchorChanges, target.SecondTenant},
		Policy:       target.Policy{ClientID: target.ClientIDCommonName, MaxChainLength: 4, Refusal: target.Refusal{Chain: target.FormAlert}},
	}
}

func TestPrintProbeGolden(t *testing.T) {
	for name, color := range map[string]bool{"plain": false, "color": true} {
		var page strings.Builder
		if err := printProbe(&page, probed(), color); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", "probe", name+".golden")
		if *update {
			write(t, file, []byte(page.String()))
		}
		wanted, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(wanted), page.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A refusal in another form than the target file says is a remark and no failure.
func TestRefusalInAnotherFormIsRemarked(t *testing.T) {
	platform := serve(t)
	text, err := os.ReadFile(platform.Target)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(filepath.Dir(platform.Target), "late.yaml")
	policy := regexp.MustCompile(`(?m)^policy:.*\n(?: .*\n)*`)
	write(t, file, append(policy.ReplaceAll(text, nil), "policy: {refusal: {chain: connack, identity: connack}}\n"...))
	report, code := conform(t, "--target", file, "--only", "chain/expired-leaf,identity/cn-mismatch")
	if code != exitOK {
		t.Errorf("exit code %d: %v", code, report.Reasons)
	}
	for _, s := range report.Specs {
		remarked := strings.Contains(strings.Join(s.Remarks, "\n"), "refused by alert, where the target file says connack")
		if remarked != (s.Spec == "chain/expired-leaf") {
			t.Errorf("%s: remarks %q", s.ID, s.Remarks)
		}
	}
}
