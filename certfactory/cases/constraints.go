package cases

import (
	"crypto/x509"
	"net"

	"github.com/chainmail-iot/chainmail/certfactory"
)

var (
	nameConstraints   = certfactory.OID(2, 5, 29, 30)
	policies          = certfactory.OID(2, 5, 29, 32)
	policyConstraints = certfactory.OID(2, 5, 29, 36)
	aPolicy           = certfactory.OID(1, 3, 6, 1, 4, 1, 99999, 3)
)

// constraints has the rows about name and policy constraints of CAs.
func constraints() []Case {
	return append(dnsConstraints(), append(directoryConstraints(), policyRows()...)...)
}

const mustHold = "RFC 5280 §6.1.3(b): the names lie within the permitted subtrees"

func dnsConstraints() []Case {
	permitDNS := certfactory.With(func(t *x509.Certificate) {
		t.PermittedDNSDomainsCritical, t.PermittedDNSDomains = true, []string{"example.com"}
	})
	excludeIP := certfactory.With(func(t *x509.Certificate) {
		t.PermittedDNSDomainsCritical = true
		t.ExcludedIPRanges = []*net.IPNet{{IP: net.IPv4(10, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}}
	})
	hostname := func(name string) step {
		return leaf(certfactory.With(func(t *x509.Certificate) { t.DNSNames = []string{name} }))
	}
	address := func(ip ...byte) step {
		return leaf(certfactory.With(func(t *x509.Certificate) { t.IPAddresses = []net.IP{ip} }))
	}
	refused := Case{
		Expectation: Refuse, Clauses: []string{"DC-CHAIN-19"}, Reason: "constraints", RFCAlert: []string{"bad_certificate"}, Basis: mustHold,
	}
	dns, ip := refused, refused
	dns.ID, dns.Control, dns.Fault = "ext-nc-dns-violated", "ext-nc-dns-ok", "leaf.subjectAltName: outside example.com"
	dns.How = "the intermediate permits names under example.com, the device's dNSName is dev1.evil.test"
	dns.Build = below(1, ca(0, permitDNS), hostname("dev1.evil.test"))
	ip.ID, ip.Control, ip.Fault = "ext-nc-ip-excluded", "ext-nc-ip-ok", "leaf.subjectAltName: an excluded address"
	ip.How = "the intermediate excludes 10.0.0.0/8, the device's iPAddress is 10.1.2.3"
	ip.Build = below(1, ca(0, excludeIP), address(10, 1, 2, 3))
	ip.Basis = "RFC 5280 §6.1.3(c): the names lie outside the excluded subtrees"
	return []Case{
		dns,
		{
			ID: "ext-nc-dns-ok", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-19", "DC-CHAIN-03"}, Basis: mustHold,
			How:   "the intermediate permits names under example.com, the device's dNSName is dev1.example.com",
			Build: below(1, ca(0, permitDNS), hostname("dev1.example.com")),
		},
		{
			ID: "ext-nc-dns-violated-on-root", Expectation: Either, Clauses: []string{"DC-CHAIN-19"}, Reason: "constraints", Tags: []string{TagOwnAnchor},
			Basis: "RFC 5280 §6.1.1(d), RFC 5937: constraints of a trust anchor may be processed",
			How:   "the uploaded root permits names under example.com, the device's dNSName is dev1.evil.test",
			Build: direct(root("root name constraints", permitDNS), hostname("dev1.evil.test")),
		},
		ip,
		{
			ID: "ext-nc-ip-ok", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-19", "DC-CHAIN-03"}, Basis: "RFC 5280 §6.1.3(c): the names lie outside the excluded subtrees",
			How:   "the intermediate excludes 10.0.0.0/8, the device's iPAddress is 192.0.2.3",
			Build: below(1, ca(0, excludeIP), address(192, 0, 2, 3)),
		},
		{
			ID: "ext-nc-on-leaf", Expectation: Either, Clauses: []string{"DC-CHAIN-19"}, Basis: "RFC 5280 §4.2.1.10: MUST be used only in a CA certificate",
			How:   "the device certificate has nameConstraints",
			Build: direct(leaf(permitDNS)),
		},
	}
}

func directoryConstraints() []Case {
	permit := func(name []byte) step {
		base := certfactory.Element(0xa4, name)
		return ca(0, extension(nameConstraints, critical, sequence(certfactory.Element(0xa0, sequence(base)))))
	}
	elsewhere := sequence(rdn(atv(oidO, certfactory.TagPrintableString, []byte("Else"))))
	return []Case{
		{
			ID: "ext-nc-dirname-violated", Expectation: Refuse, Clauses: []string{"DC-CHAIN-19"}, Basis: mustHold,
			How:   "the intermediate permits subjects under another organization than the device's",
			Fault: "ca0.nameConstraints: another organization", Control: "valid-one-intermediate",
			Reason: "unknown-critical", RFCAlert: []string{"bad_certificate"},
			Build: below(1, permit(elsewhere)),
		},
		{
			ID: "ext-nc-dirname-ok", Expectation: Either, Clauses: []string{"DC-CHAIN-19"}, Reason: "unknown-critical",
			Basis: "RFC 5280 §4.2.1.10 wants directoryName known; where it is not, a critical constraint MUST be refused",
			How:   "the intermediate permits subjects under the device's organization",
			Build: below(1, permit(sequence(organization()))),
		},
	}
}

func policyRows() []Case {
	// requireExplicitPolicy, to be met at once.
	required := ca(0, extension(policyConstraints, critical, sequence([]byte{0x80, 1, 0})))
	policy := extension(policies, !critical, sequence(sequence(aPolicy)))
	return []Case{
		{
			ID: "ext-policy-required", Expectation: Refuse, Clauses: []string{"DC-CHAIN-19"}, Basis: "RFC 5280 §6.1.5(g): an explicit policy is required and there is none",
			How: "the intermediate requires an explicit policy, the device certificate has none", Fault: "ca0.policyConstraints: requireExplicitPolicy 0",
			Control: "ext-policy-ca-only", Reason: "constraints", RFCAlert: []string{"bad_certificate"},
			Build: below(1, required, ca(0, policy)),
		},
		{
			ID: "ext-policy-ca-only", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-19", "DC-CHAIN-03"}, Basis: "RFC 5280 §4.2.1.4: none is required",
			How:   "the intermediate has a certificate policy and requires none, the device certificate has none",
			Build: below(1, ca(0, policy)),
		},
		{
			ID: "ext-policy-required-met", Expectation: Either, Clauses: []string{"DC-CHAIN-19"}, Basis: "RFC 5280 §6.1.5(g): the required policy is there; not every reader processes policies",
			How:   "the intermediate requires an explicit policy, and both certificates have the same one",
			Build: below(1, required, ca(0, policy), leaf(policy)),
		},
		{
			ID: "ext-policies-plain", Expectation: Accept, Clauses: []string{"DC-CHAIN-19", "DC-CHAIN-02"}, Basis: "RFC 5280 §4.2.1.4: none is required, and the extension is not critical",
			How:   "the device certificate has a certificate policy that nobody requires",
			Build: direct(leaf(policy)),
		},
	}
}
