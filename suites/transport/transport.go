// Package transport holds the specs of the family transport: TLS versions, the
// server's certificate, possession of the key, and what is not TLS at all.
package transport

import (
	"context"
	"crypto/tls"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
)

// family is the first part of every id here.
const family = "transport"

// Specs returns the specs of the family.
func Specs() []suites.Spec {
	return append([]suites.Spec{
		version("tls-1.2", tls.VersionTLS12),
		version("tls-1.3", tls.VersionTLS13),
		serverCertificate(),
		noCertificate(),
		plaintext(),
		oldVersion("tls-1.1", tls.VersionTLS11),
		oldVersion("tls-1.0", tls.VersionTLS10),
		webSocket(),
		certificateRequested(),
		expiredResumption(),
	}, suites.FromCases(family, "possession")...)
}

// version is the spec that a good device is admitted over one TLS version,
// whatever the target file says it offers.
func version(slug string, v uint16) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: "a good device connects with this TLS version only", Expected: "the device is admitted",
		Clauses: []string{"DC-TLS-04", "DC-TLS-01"}, Level: clause.Must, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			e.Trust(ctx, p.Anchors...)
			config := e.Device(p)
			config.MinVersion, config.MaxVersion = v, v
			Expect(e.Attempt(ctx, reports.RoleCase, config)).To(expect.BeAdmitted())
		},
	}
}

// oldVersion is the spec that a TLS version which RFC 8996 has done away with is
// refused.
func oldVersion(slug string, v uint16) suites.Spec {
	return suites.Spec{
		ID: family + "/" + slug, Title: "a good device connects with this TLS version only, which RFC 8996 forbids", Expected: "the handshake is refused",
		Clauses: []string{"DC-TLS-04"}, Level: clause.Should, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			config := e.Device(e.GoodDevice("case"))
			config.MinVersion, config.MaxVersion = v, v
			e.RefuseAs(ctx, config, e.GoodDevice("after"))
		},
	}
}

func serverCertificate() suites.Spec {
	return suites.Spec{
		ID: family + "/server-certificate-verifies", Title: "a device verifies the server certificate against its trust store, for the name it dialled",
		Expected: "the server certificate verifies",
		Clauses:  []string{"DC-TLS-05"}, Level: clause.Must, OverTLS: true, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			p := e.GoodDevice("case")
			e.Trust(ctx, p.Anchors...)
			outcome := e.Watch(ctx, reports.RoleCase, e.Device(p))
			Expect(outcome).To(expect.TrustTheServer())
		},
	}
}

func noCertificate() suites.Spec {
	return suites.Spec{
		ID: family + "/no-certificate-no-password", Title: "a client presents neither a certificate nor a password", Expected: "the client is refused",
		Clauses: []string{"DC-TLS-09", "DC-ID-02"}, Level: clause.Must, OverTLS: true, Beside: suites.Connecting, Anchors: goodAnchors,
		Run: func(ctx context.Context, e *suites.Env) {
			e.Control(ctx, reports.RoleControlBefore, e.GoodDevice("before"))
			p := e.GoodDevice("case")
			config := e.Device(p)
			config.Identity = nil
			e.RefuseAs(ctx, config, e.GoodDevice("after"))
		},
	}
}

// goodAnchors is what a good device needs.
func goodAnchors(e *suites.Env) ([]certfactory.Anchor, error) {
	return e.GoodDevice("case").Anchors, nil
}
