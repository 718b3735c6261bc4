package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"time"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// certificateRequested is the spec that TLS is mutual: the platform asks for the
// certificate by which it knows the device.
func certificateRequested() suites.Spec {
	return suites.Spec{
		ID: family + "/certificate-requested", Title: "a good device waits to be asked for its certificate", Expected: "a CertificateRequest comes and the device is admitted",
		Clauses: []string{"DC-TLS-01"}, Level: clause.Must, OverTLS: true, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			e.Trust(ctx, p.Anchors...)
			outcome := e.Try(ctx, reports.RoleCase, p)
			Expect(outcome).To(expect.BeAdmitted())
			Expect(outcome.CertificateRequested).To(expect.Find(true, "a CertificateRequest"))
		},
	}
}

// expiredResumption is the spec that a TLS session is no way around the end of a
// certificate. A platform that resumes none complies.
func expiredResumption() suites.Spec {
	return suites.Spec{
		ID: family + "/expired-resumption", Title: "a device whose certificate has ended since resumes its TLS session", Expected: "the device is refused",
		Clauses: []string{"DC-CHAIN-12", "DC-TLS-01"}, Level: clause.Must, OverTLS: true, Needs: []target.Capability{target.Clock}, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			e.Trust(ctx, e.GoodDevice("case").Anchors...)
			ends := certfactory.With(func(t *x509.Certificate) { t.NotAfter = t.NotBefore.Add(2 * time.Hour) }) // an hour from now
			config := e.Device(e.DeviceOf(e.Bench("case").Root(), "case", ends))
			config.TLS.Sessions = tls.NewLRUClientSessionCache(1)
			if outcome := e.Attempt(ctx, reports.RoleControlBefore, config); !outcome.Admitted() {
				e.Inconclusive("the good twin was not admitted (%s): %s", reports.RoleControlBefore, outcome.Detail)
			}
			e.Forward(ctx, 2*time.Hour)
			outcome := e.Attempt(ctx, reports.RoleCase, config)
			if !outcome.Resumed {
				e.Remark("the platform resumed no session")
			}
			if outcome.Refused() {
				e.Control(ctx, reports.RoleControlAfter, e.GoodDevice("after"))
			}
			Expect(outcome).To(expect.BeRefused())
		},
	}
}
