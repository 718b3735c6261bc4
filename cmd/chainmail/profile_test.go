package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

// What profiles say names specs, cases and clauses that exist, with reasons.
func TestProfilesNameWhatExists(t *testing.T) {
	byID := make(map[string]suites.Spec)
	families := make(map[string]bool)
	for _, s := range specs() {
		byID[s.ID] = s
	}
	for _, c := range clause.All() {
		families["DC-"+c.Family()], families[c.ID] = true, true
	}
	for _, p := range suites.Profiles() {
		for _, id := range p.MustRun {
			s, ok := byID[id]
			if !ok || !p.Binds(s.Clauses[0]) || s.Costly {
				t.Errorf("%s: %s must run, and is no spec of the profile", p.Name, id)
			}
		}
		for _, a := range p.Amendments {
			s, ok := byID[a.Spec]
			c, known := cases.ByID(s.Case)
			if !ok || !known || a.Reason == "" || len(a.Clauses) == 0 {
				t.Errorf("%s: amendment of %s", p.Name, a.Spec)
			}
			if c.Expectation == a.Expectation && slices.Equal(c.Clauses, a.Clauses) {
				t.Errorf("%s: %s is amended to what it was", p.Name, a.Spec)
			}
		}
		for _, e := range p.Without {
			if !families[e.Clause] || e.Reason == "" {
				t.Errorf("%s: without %+v", p.Name, e)
			}
		}
		for id := range p.Texts {
			if !families[id] {
				t.Errorf("%s: a text of %s", p.Name, id)
			}
		}
	}
}

// The profiles of two times judge the platforms of both: each its own conformant,
// the other's not.
func TestProfilesOfTwoTimes(t *testing.T) {
	config := filepath.Join(t.TempDir(), "platform.yaml")
	write(t, config, []byte("apiVersion: chainmail/v1\nkind: Platform\nmqtt: {address: \"127.0.0.1:0\"}\nrest: {address: \"127.0.0.1:0\"}\nmanagement: {address: \"127.0.0.1:0\"}\nanchorOptional: true\nmaxChainLength: 10\n"))
	platforms := map[string]string{
		"device-certificates": serve(t).Target, "device-certificates-2024": serve(t, "--config", config).Target,
	}
	const only = "chain/anchor-*,chain/chain-*,chain/valid-*,DC-TLS-04"
	for profile, own := range map[string]map[string]reports.Verdict{
		"device-certificates":      {"chain/anchor-not-in-chain@tls1.3": reports.Fail, "chain/anchor-not-in-chain-intermediate@tls1.3": reports.Pass},
		"device-certificates-2024": {"chain/anchor-not-in-chain@tls1.3": reports.Fail, "chain/anchor-not-in-chain-intermediate@tls1.3": reports.Pass},
	} {
		for platform, target := range platforms {
			report, code := conform(t, append(sameKeys(), "--profile", profile, "--target", target, "--only", only)...)
			if report.Profile != profile {
				t.Errorf("the report is about %s", report.Profile)
			}
			if platform == profile {
				if code != exitOK {
					t.Errorf("%s by its own profile: exit code %d: %v", platform, code, report.Reasons)
				}
				continue
			}
			if code != exitNotConformant {
				t.Errorf("%s by the profile %s: exit code %d, want %d", platform, profile, code, exitNotConformant)
			}
			wantVerdicts(t, report, own)
		}
	}
}

// With no target, the platform of the profile is started.
func TestEmbeddedPlatformFollowsTheProfile(t *testing.T) {
	report, code := conform(t, "--profile", "device-certificates-2024", "--only", "chain/anchor-not-in-chain,chain/chain-longer-than-2,chain/chain-at-max-10,chain/chain-over-max-10")
	if code != exitOK {
		t.Errorf("exit code %d: %v", code, report.Reasons)
	}
	for _, c := range report.Clauses {
		if c.ID == "DC-CHAIN-10" && !strings.Contains(c.Text, "ten") {
			t.Errorf("DC-CHAIN-10 in the report: %s", c.Text)
		}
	}
	for _, s := range report.Specs {
		if s.Spec == "chain/anchor-not-in-chain" && (s.Expected != "the device is admitted" || s.Clauses[0] != "DC-CHAIN-01") {
			t.Errorf("%s: expected %q, clauses %v", s.ID, s.Expected, s.Clauses)
		}
	}
}

// A platform that declares nothing is not conformant with the whole
// specification, however well it does what it does: what must run did not.
func TestMustRunThatDidNotApplyIsIncomplete(t *testing.T) {
	file := pythonTarget(t, serve(t))
	report, code := conform(t, "--target", file, "--only", "chain/valid-direct,token/token-opens-http")
	if code != exitIncomplete || !slices.Contains(report.Reasons, "1 spec that the profile must run did not apply: token/token-opens-http") {
		t.Errorf("exit code %d: %q", code, report.Reasons)
	}
	if report, code = conform(t, "--target", file, "--profile", "broker", "--only", "chain/valid-direct,trust/anchor-deleted"); code != exitOK {
		t.Errorf("exit code %d by the profile broker: %q", code, report.Reasons)
	}
	if !slices.Contains(report.MustRun, "trust/anchor-deleted@tls1.3") {
		t.Errorf("the report says that these must run: %v", report.MustRun)
	}
}
