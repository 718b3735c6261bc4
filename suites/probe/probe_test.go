package probe_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/suites/probe"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// everything is what a target file of the reference platform declares.
const everything = "trustedCertificates, mqttTokens, deviceUsers, tenantOptions, bulkRegistration, singleRegistration, maxChainLengthSetting, clock, webPage"

// A setup is a running platform and what its target file is to say.
type setup struct {
	platform     refimpl.Config
	capabilities string   // default everything
	policy       string   // default none
	locked       string   // a tenant whose passwords are wrong in the target file
	missing      []string // beginnings of paths that a front answers with 404
}

// load starts the platform and loads a target file for it.
func load(t *testing.T, s setup) *target.Target {
	t.Helper()
	s.platform.ManagementAddress = "127.0.0.1:0"
	p, err := refimpl.New(s.platform)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.WithoutCancel(t.Context())) })
	dir := t.TempDir()
	put := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rest, caFile := p.Addresses().REST, "ca.pem"
	management := p.Addresses().Management
	put("ca.pem", p.CA())
	if len(s.missing) > 0 {
		f := front(t, rest, s.missing)
		rest, caFile = f.URL, "front.pem"
		put(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw}))
		management = plainFront(t, management, s.missing)
	}
	if s.capabilities == "" {
		s.capabilities = everything
	}
	text := fmt.Sprintf(`apiVersion: chainmail/v1
kind: Target
mqtt: {address: %q, serverName: localhost, caFile: ca.pem}
rest:
  baseURL: %s
  caFile: %s
  tenants:
`, p.Addresses().MQTT, rest, caFile)
	for _, tenant := range p.Tenants() {
		text += fmt.Sprintf("    - id: %s\n      users:\n", tenant.ID)
		for _, u := range tenant.Users {
			secret := tenant.ID + u.Name
			put(secret, []byte(map[bool]string{true: "wrong", false: u.Password}[tenant.ID == s.locked]))
			text += fmt.Sprintf("        - {user: %s, password: \"file:%s\", roles: [%s]}\n", u.Name, secret, strings.Join(u.Roles, ", "))
		}
	}
	text += fmt.Sprintf("management: {baseURL: %q}\npage: {url: %q}\ncapabilities: [%s]\npolicy: {%s}\ntiming: {response: 1s, convergence: 1s}\n",
		management, rest+"/apps/devicemanagement/trusted-certificates", s.capabilities, s.policy)
	put("target.yaml", []byte(text))
	system, err := target.Load(filepath.Join(dir, "target.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = system.Close() })
	return system
}

// lacking is a front of a server that knows nothing of some paths.
func lacking(t *testing.T, behind string, missing []string) http.Handler {
	t.Helper()
	to, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.InsecureSkipVerify = true // our own server on loopback
	t.Cleanup(transport.CloseIdleConnections)
	proxy.Transport = transport
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.ContainsFunc(missing, func(path string) bool { return strings.HasPrefix(r.URL.Path, path) }) {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

func front(t *testing.T, behind string, missing []string) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(lacking(t, behind, missing))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of every look whether the port is open
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func plainFront(t *testing.T, behind string, missing []string) string {
	t.Helper()
	s := httptest.NewServer(lacking(t, behind, missing))
	t.Cleanup(s.Close)
	return s.URL
}

// run probes a target and returns its findings by name.
func run(t *testing.T, system *target.Target) (probe.Report, map[string]probe.Finding) {
	t.Helper()
	report, err := probe.Run(t.Context(), system, probe.Config{Seed: certfactory.NewSeed()})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Notes) > 0 {
		t.Errorf("notes %q", report.Notes)
	}
	byName := make(map[string]probe.Finding)
	for _, f := range report.Findings {
		if _, twice := byName[f.Name]; twice {
			t.Errorf("finding %s stands twice", f.Name)
		}
		byName[f.Name] = f
	}
	return report, byName
}

// want compares the states of some findings.
func want(t *testing.T, found map[string]probe.Finding, states map[string]probe.State) {
	t.Helper()
	for name, state := range states {
		if f := found[name]; f.State != state {
			t.Errorf("%s: %s (declared %q, found %q: %s), want %s", name, f.State, f.Declared, f.Found, f.Detail, state)
		}
	}
}

func TestRunOfATargetFileThatTellsTheTruth(t *testing.T) {
	system := load(t, setup{})
	report, found := run(t, system)
	if report.Has(probe.Missing, probe.Undeclared, probe.Differs, probe.Unknown) {
		t.Errorf("findings %+v", report.Findings)
	}
	for name, value := range map[string]string{
		"refusal.chain": "alert", "refusal.identity": "connack", "clientId": "commonName", "maxChainLength": "2",
		"anchor in the chain": "required", "clock skew": "none seen", "TLS 1.1": "no", "TLS 1.3": "yes",
	} {
		if f := found[name]; f.Found != value {
			t.Errorf("%s: found %q (%s), want %q", name, f.Found, f.Detail, value)
		}
	}
	if diff := cmp.Diff(everything+", secondTenant, userWithoutRole", strings.Join(declared(report.Capabilities), ", ")); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
	clean(t, system)
}

func declared(cs []target.Capability) []string {
	var names []string
	for _, c := range cs {
		if c != target.AnchorChanges {
			names = append(names, string(c))
		}
	}
	return names
}

// clean checks that no trust anchor is left behind and the length is as it was.
func clean(t *testing.T, system *target.Target) {
	t.Helper()
	for _, tenant := range system.REST.Tenants {
		admin, _ := tenant.Admin()
		response, err := system.REST.Do(t.Context(), target.Request{Method: http.MethodGet, Path: target.AnchorsPath(tenant.ID), Tenant: tenant.ID, User: admin})
		if err != nil || strings.Contains(string(response.Body), "fingerprint") {
			t.Errorf("left behind in %s (%v): %s", tenant.ID, err, response.Body)
		}
	}
	if n, err := system.Management.MaxChainLength(t.Context()); err != nil || n != 2 {
		t.Errorf("maximum chain length %d, %v, want 2 as before", n, err)
	}
}

// What a target file declares and the platform lacks is found, capability by
// capability, and so is what it has and the file keeps quiet about.
func TestRunFindsWhatIsMissing(t *testing.T) {
	for path, lost := range map[string]string{
		"/devicecontrol/bulk": "bulkRegistration", "/devicecontrol/newDevice": "singleRegistration", "/tenant/options": "tenantOptions",
		"/user/t1": "deviceUsers", "/settings": "maxChainLengthSetting", "/apps": "webPage",
		"/user/currentUser": "userWithoutRole", "/clock": "clock",
	} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			report, found := run(t, load(t, setup{missing: []string{path}}))
			want(t, found, map[string]probe.State{lost: probe.Missing, "trustedCertificates": probe.Agrees})
			if slices.Contains(report.Capabilities, target.Capability(lost)) {
				t.Errorf("%s is proposed for the target file", lost)
			}
		})
	}
}

func TestRunFindsASecondTenantThatIsLocked(t *testing.T) {
	_, found := run(t, load(t, setup{locked: "t2"}))
	want(t, found, map[string]probe.State{"secondTenant": probe.Missing, "userWithoutRole": probe.Agrees})
}

func TestRunFindsWhatIsNotDeclared(t *testing.T) {
	report, found := run(t, load(t, setup{capabilities: "trustedCertificates"}))
	want(t, found, map[string]probe.State{
		"trustedCertificates": probe.Agrees, "mqttTokens": probe.Undeclared, "bulkRegistration": probe.Undeclared, "deviceUsers": probe.Undeclared,
		"maxChainLengthSetting": probe.Undeclared, "webPage": probe.Undeclared,
	})
	if !slices.Contains(report.Capabilities, target.MQTTTokens) {
		t.Errorf("capabilities %v lack what is there", report.Capabilities)
	}
}

func TestRunFindsAnotherPolicy(t *testing.T) {
	report, found := run(t, load(t, setup{
		platform: refimpl.Config{LateRefusal: true, MaxChainLength: 4, AnchorOptional: true, Deviations: []string{"ignores-client-id"}},
		policy:   "maxChainLength: 2, refusal: {chain: alert}",
	}))
	want(t, found, map[string]probe.State{
		"refusal.chain": probe.Differs, "clientId": probe.Differs, "maxChainLength": probe.Differs, "anchor in the chain": probe.Noted,
	})
	wanted := target.Policy{ClientID: target.ClientIDAny, MaxChainLength: 4, Refusal: target.Refusal{Chain: target.FormConnack}}
	if diff := cmp.Diff(wanted, report.Policy); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	if f := found["anchor in the chain"]; !strings.HasPrefix(f.Found, "optional") {
		t.Errorf("anchor in the chain: %+v", f)
	}
}

// A platform that admits nobody leaves what needs a device unknown.
func TestRunWhereNobodyIsAdmitted(t *testing.T) {
	system := load(t, setup{missing: []string{"/tenant/tenants/t1"}})
	report, found := run(t, system)
	want(t, found, map[string]probe.State{
		"driver cumulocity": probe.Unknown, "trustedCertificates": probe.Missing, "mqttTokens": probe.Unknown, "tenantOptions": probe.Agrees,
	})
	if len(report.Versions) > 0 {
		t.Errorf("TLS versions %v, and no device was admitted", report.Versions)
	}
}

func TestRunUnreachable(t *testing.T) {
	system := load(t, setup{})
	system.MQTT.Address = "127.0.0.1:1"
	if _, err := probe.Run(t.Context(), system, probe.Config{}); err == nil {
		t.Error("a closed port is reached")
	}
}

// Interrupted, it still leaves the target as it was.
func TestRunInterrupted(t *testing.T) {
	system := load(t, setup{})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := probe.Run(ctx, system, probe.Config{Seed: certfactory.NewSeed(), Looking: func(what string) {
		if what == "chain length" {
			cancel()
		}
	}})
	if err == nil {
		t.Error("an interrupted look is no error")
	}
	clean(t, system)
}

func TestCheck(t *testing.T) {
	system := load(t, setup{missing: []string{"/devicecontrol/bulk"}})
	f := certfactory.New(certfactory.NewSeed(), time.Now())
	for c := range probe.Checked() {
		there, detail, notes, err := probe.Check(t.Context(), system, f, c)
		if err != nil || len(notes) > 0 {
			t.Errorf("%s: %v, notes %q", c, err, notes)
		}
		if wanted := c != target.BulkRegistration; there != wanted {
			t.Errorf("%s: there %t (%s), want %t", c, there, detail, wanted)
		}
	}
	clean(t, system)
}
