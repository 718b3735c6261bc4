package cases

import (
	"crypto/x509"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// keyUsage has the rows about keyUsage and extKeyUsage.
func keyUsage() []Case {
	return append(signerUsages(), append(deviceUsages(), extendedUsages()...)...)
}

func signerUsages() []Case {
	noBits := []byte{certfactory.TagBitString, 2, 7, 0}
	return []Case{
		{
			ID: "ku-no-certsign-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-17"}, Basis: "RFC 5280 §6.1.4(n): keyCertSign must be set",
			How: "keyUsage of the intermediate is digitalSignature alone", Fault: "ca0.keyUsage: no keyCertSign", Control: "valid-one-intermediate",
			Reason: "issuer-ku", RFCAlert: []string{"bad_certificate"},
			Build: below(1, ca(0, usage(x509.KeyUsageDigitalSignature))),
		},
		{
			ID: "ku-no-certsign-root", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-17"}, Basis: "RFC 5280 §6.1.4(n), which §6.1.1(d) does not ask of a trust anchor",
			How: "keyUsage of the root is cRLSign alone", Fault: "root.keyUsage: no keyCertSign", Control: "valid-direct", Tags: []string{TagAnchorFault},
			Reason: "issuer-ku", RFCAlert: []string{"bad_certificate"},
			Build: direct(root("root no certsign", usage(x509.KeyUsageCRLSign))),
		},
		{
			ID: "ku-absent-cas", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-17"}, Basis: "RFC 5280 §6.1.4(n): only if the extension is present",
			How:   "root and intermediate have no keyUsage",
			Build: below(1, root("root no usage", usage(0)), ca(0, usage(0))),
		},
		{
			ID: "ku-noncritical-intermediate", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-17"}, Basis: "RFC 5280 §4.2.1.3: SHOULD be critical",
			How:   "keyUsage of the intermediate is not critical",
			Build: below(1, ca(0, certfactory.Mutate(certfactory.SetCritical(certfactory.KeyUsage, false)))),
		},
		{
			ID: "ku-zero-bits-intermediate", Expectation: Refuse, Clauses: []string{"DC-CHAIN-17"}, Basis: "RFC 5280 §6.1.4(n): keyCertSign must be set",
			How: "keyUsage of the intermediate has no bit set", Fault: "ca0.keyUsage: no bit set", Control: "valid-one-intermediate",
			Reason: "issuer-ku", RFCAlert: []string{"bad_certificate"},
			Build: below(1, ca(0, extension(certfactory.KeyUsage, critical, noBits))),
		},
	}
}

func deviceUsages() []Case {
	return []Case{
		{
			ID: "ku-leaf-no-digitalsignature", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20", "DC-TLS-06"}, Basis: "RFC 8446 §4.4.2.2: the key must be allowed to sign",
			How: "keyUsage of the device certificate is keyEncipherment alone", Fault: "leaf.keyUsage: keyEncipherment", Control: "valid-direct",
			Reason: "leaf-ku", RFCAlert: []string{"bad_certificate"},
			Build: direct(leaf(usage(x509.KeyUsageKeyEncipherment))),
		},
		{
			ID: "ku-leaf-certsign", Expectation: Either, Clauses: []string{"DC-CHAIN-15"}, Basis: "RFC 5280 §4.2.1.9: keyCertSign needs cA",
			How:   "device certificate with CA:FALSE and keyCertSign",
			Build: direct(leaf(usage(x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageCertSign))),
		},
		{
			ID: "ku-leaf-zero-bits", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §4.2.1.3: at least one bit MUST be set",
			How: "keyUsage of the device certificate has no bit set", Fault: "leaf.keyUsage: no bit set", Control: "valid-direct",
			Reason: "leaf-ku", RFCAlert: []string{"bad_certificate"},
			Build: direct(leaf(extension(certfactory.KeyUsage, critical, []byte{certfactory.TagBitString, 2, 7, 0}))),
		},
		{
			ID: "ku-malformed", Expectation: Refuse, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §6.1.5(f): critical extensions are processed; §4.2.1.3",
			How: "keyUsage of the device certificate is an INTEGER", Fault: "leaf.keyUsage: an INTEGER", Control: "valid-direct",
			Reason: "tls", RFCAlert: []string{"decode_error"},
			Build: direct(leaf(extension(certfactory.KeyUsage, critical, integer(5)))),
		},
	}
}

func extendedUsages() []Case {
	clientAuth, serverAuth := certfactory.OID(1, 3, 6, 1, 5, 5, 7, 3, 2), certfactory.OID(1, 3, 6, 1, 5, 5, 7, 3, 1)
	const purposes = "RFC 5280 §4.2.1.12: the certificate MUST only be used for one of the purposes indicated"
	return []Case{
		{
			ID: "eku-absent-leaf", Expectation: Accept, Clauses: []string{"DC-CHAIN-18", "DC-CHAIN-02"}, Basis: profileLeaf,
			How:   "device certificate without extKeyUsage",
			Build: direct(),
		},
		{
			ID: "eku-clientauth", Expectation: Accept, Clauses: []string{"DC-CHAIN-18", "DC-CHAIN-02"}, Basis: purposes,
			How:   "extKeyUsage of the device certificate is clientAuth",
			Build: direct(leaf(purpose(!critical, clientAuth))),
		},
		{
			ID: "eku-clientauth-critical", Expectation: Accept, Clauses: []string{"DC-CHAIN-18", "DC-CHAIN-02"}, Basis: purposes,
			How:   "extKeyUsage of the device certificate is clientAuth, and critical",
			Build: direct(leaf(purpose(critical, clientAuth))),
		},
		{
			ID: "eku-any", Expectation: Either, Clauses: []string{"DC-CHAIN-18"}, Basis: "RFC 5280 §4.2.1.12: an application MAY require a particular purpose",
			How:   "extKeyUsage of the device certificate is anyExtendedKeyUsage",
			Build: direct(leaf(purpose(!critical, certfactory.OID(2, 5, 29, 37, 0)))),
		},
		{
			ID: "eku-serverauth-only", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-18"}, Basis: purposes,
			How: "extKeyUsage of the device certificate is serverAuth alone", Fault: "leaf.extKeyUsage: serverAuth", Control: "eku-clientauth",
			Reason: "leaf-eku", RFCAlert: []string{"bad_certificate", "unsupported_certificate"},
			Build: direct(leaf(purpose(!critical, serverAuth))),
		},
		{
			ID: "eku-serverauth-and-unknown", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-18"}, Basis: purposes,
			How: "extKeyUsage of the device certificate is serverAuth and a purpose that nobody knows", Fault: "leaf.extKeyUsage: serverAuth and an unknown one",
			Control: "eku-clientauth", Reason: "leaf-eku", RFCAlert: []string{"bad_certificate", "unsupported_certificate"},
			Build: direct(leaf(purpose(!critical, serverAuth, privateExtension))),
		},
		{
			ID: "eku-serverauth-only-critical", Expectation: Refuse, Clauses: []string{"DC-CHAIN-18", "DC-CHAIN-16"},
			Basis: "RFC 5280 §6.1.5(f): every critical extension is processed; " + purposes,
			How:   "extKeyUsage of the device certificate is serverAuth alone, and critical", Fault: "leaf.extKeyUsage: serverAuth",
			Control: "eku-clientauth-critical", Reason: "leaf-eku", RFCAlert: []string{"bad_certificate", "unsupported_certificate"},
			Build: direct(leaf(purpose(critical, serverAuth))),
		},
		{
			ID: "eku-empty", Expectation: Either, Clauses: []string{"DC-CHAIN-18", "DC-CHAIN-20"}, Basis: "RFC 5280 §4.2.1.12: SIZE (1..MAX)",
			How:   "extKeyUsage of the device certificate is an empty SEQUENCE",
			Build: direct(leaf(purpose(!critical))),
		},
		{
			ID: "eku-intermediate-serverauth-only", Expectation: Either, Clauses: []string{"DC-CHAIN-18"}, Basis: "RFC 5280 does not nest purposes; Go, OpenSSL and NSS do",
			How:   "extKeyUsage of the intermediate is serverAuth alone, that of the device clientAuth",
			Build: below(1, ca(0, purpose(!critical, serverAuth)), leaf(purpose(!critical, clientAuth))),
		},
	}
}

// purpose sets extKeyUsage.
func purpose(critical bool, ids ...[]byte) option {
	return extension(certfactory.OID(2, 5, 29, 37), critical, sequence(ids...))
}
