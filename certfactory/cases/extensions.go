package cases

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/chainmail-iot/chainmail/certfactory"
)

var (
	// privateExtension is an extension that nobody knows.
	privateExtension = certfactory.OID(1, 3, 6, 1, 4, 1, 99999, 2)
	subjectAltName   = certfactory.OID(2, 5, 29, 17)
)

// extensions has the rows about extensions that are not treated elsewhere.
func extensions() []Case {
	return append(append(unknownCritical(), duplicates()...), append(constraints(), append(harmless(), large()...)...)...)
}

func unknownCritical() []Case {
	unhandled := []string{"unsupported_certificate", "bad_certificate"}
	secret := func(critical bool) option { return extension(privateExtension, critical, []byte("x")) }
	const field = "1.3.6.1.4.1.99999.2: critical and unknown"
	return []Case{
		{
			ID: "ext-unknown-critical-leaf", Expectation: Refuse, Clauses: []string{"DC-CHAIN-16"}, Basis: "RFC 5280 §6.1.5(f): every critical extension is recognized",
			How: "the device certificate has a critical extension that nobody knows", Fault: "leaf." + field,
			Control: "ext-unknown-noncritical", Reason: "unknown-critical", RFCAlert: unhandled,
			Build: direct(leaf(secret(critical))),
		},
		{
			ID: "ext-unknown-critical-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-16"}, Basis: "RFC 5280 §6.1.4(o): every critical extension is recognized",
			How: "the intermediate has a critical extension that nobody knows", Fault: "ca0." + field,
			Control: "ext-unknown-noncritical-intermediate", Reason: "unknown-critical", RFCAlert: unhandled,
			Build: below(1, ca(0, secret(critical))),
		},
		{
			ID: "ext-unknown-critical-root", Expectation: Either, Clauses: []string{"DC-CHAIN-16"}, Basis: "RFC 5280 §6.1.1(d) leaves it open for a trust anchor", Reason: "unknown-critical",
			How: "the uploaded root has a critical extension that nobody knows", Tags: []string{TagAnchorFault},
			Build: direct(root("root unknown critical", secret(critical))),
		},
		{
			ID: "ext-unknown-noncritical", Expectation: Accept, Clauses: []string{"DC-CHAIN-16", "DC-CHAIN-02"}, Basis: "RFC 5280 §4.2: what is not critical MAY be ignored",
			How:   "the device certificate has an extension that nobody knows and that is not critical",
			Build: direct(leaf(secret(!critical))),
		},
		{
			ID: "ext-unknown-noncritical-intermediate", Expectation: Accept, Clauses: []string{"DC-CHAIN-16", "DC-CHAIN-03"}, Basis: "RFC 5280 §4.2: what is not critical MAY be ignored",
			How:   "the intermediate has an extension that nobody knows and that is not critical",
			Build: below(1, ca(0, secret(!critical))),
		},
		{
			ID: "ext-ct-poison", Expectation: Refuse, Clauses: []string{"DC-CHAIN-16"}, Basis: "RFC 5280 §6.1.5(f); RFC 6962 §3.1: no client accepts a precertificate",
			How: "the device certificate is a precertificate with the critical poison of Certificate Transparency", Fault: "leaf.1.3.6.1.4.1.11129.2.4.3: critical",
			Control: "valid-direct", Reason: "unknown-critical", RFCAlert: []string{"bad_certificate"},
			Build: direct(leaf(extension(certfactory.OID(1, 3, 6, 1, 4, 1, 11129, 2, 4, 3), critical, certfactory.Element(certfactory.TagNull)))),
		},
	}
}

func duplicates() []Case {
	const once = "RFC 5280 §4.2: MUST NOT include more than one instance of an extension"
	alerts := []string{"decode_error", "bad_certificate"}
	add := func(id []byte, critical bool, value []byte) option {
		return certfactory.Mutate(certfactory.AddExtension(id, critical, value))
	}
	again := mutate("keyUsage twice", func(p *certfactory.Parts) {
		i := slices.IndexFunc(p.Extensions, func(e certfactory.Extension) bool { return bytes.Equal(e.ID, certfactory.KeyUsage) })
		p.Extensions = append(p.Extensions, p.Extensions[i])
	})
	return []Case{
		{
			ID: "ext-duplicate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-20"}, Basis: once,
			How: "the device certificate has keyUsage twice", Fault: "leaf.keyUsage: twice",
			Control: "valid-direct", Reason: "tls", RFCAlert: alerts, Build: direct(leaf(again)),
		},
		{
			ID: "ext-duplicate-bc-conflict", Expectation: Refuse, Clauses: []string{"DC-CHAIN-20", "DC-CHAIN-04"}, Basis: once,
			How: "the intermediate has basicConstraints twice, CA:FALSE and CA:TRUE", Fault: "ca0.basicConstraints: twice, and contrary",
			Control: "valid-one-intermediate", Reason: "tls", RFCAlert: alerts,
			Build: below(1, ca(0, mutateBasic(critical, sequence()), add(certfactory.BasicConstraints, critical, sequence(derTrue)))),
		},
		{
			ID: "ext-duplicate-unknown", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20"}, Basis: once,
			How: "the device certificate has one unknown extension twice", Fault: "leaf.1.3.6.1.4.1.99999.2: twice",
			Control: "ext-unknown-noncritical", Reason: "tls", RFCAlert: alerts,
			Build: direct(leaf(add(privateExtension, !critical, []byte("x")), add(privateExtension, !critical, []byte("x")))),
		},
		{
			ID: "ext-critical-false-written", Expectation: Either, Clauses: []string{"DC-CHAIN-20"}, Basis: "X.690 §11.5: a default is left out",
			How: "the device certificate has an unknown extension whose critical is written out as FALSE",
			Build: direct(leaf(certfactory.Mutate(certfactory.SetExtension(certfactory.Extension{
				ID: privateExtension, DER: sequence(privateExtension, derFalse, octetString([]byte("x"))),
			})))),
		},
	}
}

func harmless() []Case {
	return []Case{
		{
			ID: "ext-aia-crldp-canary", Expectation: Accept, Clauses: []string{"DC-CHAIN-02"}, Basis: "RFC 5280 §4.2: what is not critical MAY be ignored", Tags: []string{TagCanary},
			How:   "authorityInfoAccess and cRLDistributionPoints of the device certificate name an address of the harness",
			Build: direct(func(p *plan) { leaf(fetching(p.canary))(p) }),
		},
		{
			ID: "ext-must-staple", Expectation: Either, Clauses: []string{"DC-CHAIN-02"}, Basis: "RFC 7633 §4 speaks of servers",
			How:   "the device certificate has the TLS feature status_request",
			Build: direct(leaf(extension(certfactory.OID(1, 3, 6, 1, 5, 5, 7, 1, 24), !critical, sequence(integer(5))))),
		},
		{
			ID: "ext-san-plain", Expectation: Accept, Clauses: []string{"DC-CHAIN-02"}, Basis: signedByAnchor,
			How:   "the device certificate has a DNS name in subjectAltName",
			Build: direct(leaf(extension(subjectAltName, !critical, sequence(certfactory.Element(0x82, []byte("dev1.example.com")))))),
		},
		{
			ID: "ext-san-malformed", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §4.2.1.6: GeneralNames",
			How: "subjectAltName of the device certificate is an INTEGER", Fault: "leaf.subjectAltName: an INTEGER",
			Control: "valid-direct", Reason: "tls", RFCAlert: []string{"decode_error"},
			Build: direct(leaf(extension(subjectAltName, !critical, integer(5)))),
		},
	}
}

// fetching names an address where a reader may fetch the issuer, an OCSP answer or
// a revocation list.
func fetching(url string) option {
	return certfactory.With(func(t *x509.Certificate) {
		t.IssuingCertificateURL = []string{url + "/issuer"}
		t.OCSPServer = []string{url + "/ocsp"}
		t.CRLDistributionPoints = []string{url + "/crl"}
	})
}

// large has the rows about extensions that cost memory or time.
func large() []Case {
	row := func(id, how, reason string, opts ...option) Case {
		return Case{
			ID: id, Expectation: Either, Clauses: []string{"DC-CHAIN-20"}, Basis: "the specification sets no bound; the platform answers and stays up",
			How: how, Reason: reason, Tags: []string{TagRobustness}, Build: direct(leaf(opts...)),
		}
	}
	many := mutate("many extensions", func(p *certfactory.Parts) {
		for i := range 1000 {
			id := certfactory.OID(1, 3, 6, 1, 4, 1, 99999, 4, i)
			p.Extensions = append(p.Extensions, certfactory.NewExtension(id, false, []byte("x")))
		}
	})
	hosts := certfactory.With(func(t *x509.Certificate) {
		for i := range 5000 {
			t.DNSNames = append(t.DNSNames, fmt.Sprintf("dev%d.example.com", i))
		}
	})
	return []Case{
		row("ext-huge-64k", "the device certificate has an unknown extension of 64 KiB", "", extension(privateExtension, !critical, bytes.Repeat([]byte{0x5a}, 64<<10))),
		row("ext-huge-300k", "the device certificate has an unknown extension of 300 KiB", "tls", extension(privateExtension, !critical, bytes.Repeat([]byte{0x5a}, 300<<10))),
		row("ext-many-1000", "the device certificate has 1000 unknown extensions", "", many),
		row("ext-san-5000-names", "subjectAltName of the device certificate has 5000 names", "", hosts),
	}
}
