// Package capability holds the specs of the family capability: what the target
// file declares is there. Without them a platform that lacks what it says it has
// would merely leave other specs inconclusive.
package capability

import (
	"context"
	"errors"
	"strings"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/probe"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// declared lists the capabilities with the clauses that cannot be kept without
// them.
var declared = []struct {
	capability target.Capability
	slug       string
	clauses    []string
}{
	{target.TrustedCertificates, "trusted-certificates", []string{"DC-REST-01", "DC-REST-06"}},
	{target.AnchorChanges, "anchor-changes", []string{"DC-TRUST-07"}},
	{target.MQTTTokens, "mqtt-tokens", []string{"DC-TOK-01"}},
	{target.DeviceUsers, "device-users", []string{"DC-REG-01"}},
	{target.TenantOptions, "tenant-options", []string{"DC-TOK-06"}},
	{target.BulkRegistration, "bulk-registration", []string{"DC-REG-04"}},
	{target.SingleRegistration, "single-registration", []string{"DC-REG-07"}},
	{target.MaxChainLengthSetting, "max-chain-length-setting", []string{"DC-CHAIN-11"}},
	{target.Clock, "clock", []string{"DC-CHAIN-12"}},
	{target.WebPage, "web-page", []string{"DC-UI-01"}},
	{target.SecondTenant, "second-tenant", []string{"DC-TRUST-01"}},
	{target.UserWithoutRole, "user-without-role", []string{"DC-REST-03"}},
}

// Specs returns the specs of the family: one for each capability.
func Specs() []suites.Spec {
	how := probe.Checked()
	var specs []suites.Spec
	for _, d := range declared {
		specs = append(specs, suites.Spec{
			ID: "capability/" + d.slug, Title: how[d.capability], Expected: "it works, since the target file declares " + string(d.capability),
			Clauses: d.clauses, Level: clause.Must, Needs: []target.Capability{d.capability},
			Run: func(ctx context.Context, e *suites.Env) { check(ctx, e, d.capability) },
		})
	}
	return specs
}

// check judges one capability. That it could not be found out leaves the spec
// inconclusive.
func check(ctx context.Context, e *suites.Env, c target.Capability) {
	there, detail, notes, err := probe.Check(ctx, e.Target, e.Factory, c)
	for _, n := range notes {
		e.Remark("%s", n)
	}
	if errors.Is(err, target.ErrNoAnswer) {
		e.Silent("%v", err)
	}
	if err != nil {
		e.Inconclusive("%v", err)
	}
	problem := ""
	if !there {
		problem = strings.TrimSpace(string(c) + " is declared and missing: " + detail)
	}
	e.Observe("%s", detail)
	Expect(problem).To(expect.Bring("what the target file declares"))
}
