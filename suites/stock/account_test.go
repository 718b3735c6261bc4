package stock_test

import (
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/chain"
	"github.com/chainmail-iot/chainmail/suites/identity"
	"github.com/chainmail-iot/chainmail/suites/transport"
)

func TestMain(m *testing.M) {
	// Ginkgo does not stop the goroutine in which it listens for signals.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/onsi/ginkgo/v2/internal/interrupt_handler.(*InterruptHandler).registerForInterrupts.func2"))
}

// specs returns the specs that need nothing but the MQTT port and trust anchors:
// those of the families chain and identity, and of transport for good measure.
func specs() []suites.Spec {
	all := slices.Concat(chain.Specs(), identity.Specs(), transport.Specs())
	return slices.DeleteFunc(all, func(s suites.Spec) bool { return len(s.Needs) > 0 })
}

// results runs specs against a platform: those that globs select, or all.
func results(t *testing.T, m manner, only ...string) []reports.Result {
	t.Helper()
	plan, err := suites.NewPlan(suites.Config{
		Target: start(t, m), Profile: suites.Profiles()[0], Specs: specs(), Only: only, Seed: certfactory.NewSeed(),
	})
	if err != nil {
		t.Fatal(err)
	}
	run, err := plan.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Results) != len(run.Selected) || len(run.Notes) > 0 {
		t.Errorf("%d results of %d, notes %q", len(run.Results), len(run.Selected), run.Notes)
	}
	return run.Results
}

// A second platform that conforms is found to conform, over both TLS versions.
// Where a row leaves it open whether a device is admitted, it does as the
// reference platform does, but for the differences that are written down.
func TestSecondPlatformConforms(t *testing.T) {
	if testing.Short() {
		t.Skip("runs two families of specs, RSA keys and all")
	}
	differing := make(map[string]string)
	open := 0
	for _, r := range results(t, byAlert) {
		if r.Verdict != reports.Pass {
			t.Errorf("%s: %s (%s), want pass", r.ID, r.Verdict, r.Reason)
		}
		c, ok := cases.ByID(r.Case)
		if !ok {
			continue
		}
		if c.Expectation == cases.Either {
			open++
		}
		if got := admitted(r); got != (c.Reason == "") {
			differing[c.ID] = map[bool]string{true: "admits", false: "refuses"}[got]
		}
	}
	if open < 50 {
		t.Errorf("%d results of rows that may go either way: they cannot have been run", open)
	}
	compareDifferences(t, differing)
}

// admitted reports whether the device of a case was let in. Where its trust
// anchor was refused there is no attempt at all.
func admitted(r reports.Result) bool {
	return slices.ContainsFunc(r.Evidence, func(e reports.Evidence) bool {
		return e.Role == reports.RoleCase && e.Layer == string(device.LayerAdmitted)
	})
}

// The verdicts do not hang on how a platform refuses, nor on when.
func TestMannersOfRefusal(t *testing.T) {
	globs := []string{
		"chain/valid-direct", "chain/valid-one-*", "chain/expired-*", "chain/anchor-not-in-chain*", "chain/chain-*-max-?",
		"chain/pathlen-?-below-*", "chain/sig-bitflip-*", "chain/der-garbage*", "identity/cn-mismatch*", "identity/cn-colon*",
	}
	layers := map[manner][]device.Layer{
		byLateAlert: {device.LayerTLSHandshake, device.LayerTLSPostHandshake, device.LayerMQTTClose}, // the last where the reset overtakes the alert
		byConnack:   {device.LayerMQTTConnack},
		byClose:     {device.LayerMQTTClose},
		byReset:     {device.LayerMQTTClose},
	}
	for m, possible := range layers {
		t.Run(string(m), func(t *testing.T) {
			refused := 0
			for _, r := range results(t, m, globs...) {
				if r.Verdict != reports.Pass {
					t.Errorf("%s: %s (%s), want pass", r.ID, r.Verdict, r.Reason)
				}
				if c, _ := cases.ByID(r.Case); c.Group == "common-name" || c.Reason == "tls" || admitted(r) {
					continue // every manner does the same with it
				}
				refused++
				for _, e := range r.Evidence {
					if e.Role == reports.RoleCase && !slices.Contains(possible, device.Layer(e.Layer)) {
						t.Errorf("%s: refused at %s, want one of %v: the manner is not what it says", r.ID, e.Layer, possible)
					}
				}
			}
			if refused < 30 {
				t.Errorf("%d chains refused: they cannot have been tried", refused)
			}
		})
	}
}
