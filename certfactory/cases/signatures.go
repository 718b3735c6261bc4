package cases

import (
	"bytes"
	"crypto/x509"
	"slices"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// signatures has the rows about the signatures of certificates and the algorithms
// that they name.
func signatures() []Case {
	return append(badSignatures(), append(wrongAlgorithms(), oddAlgorithms()...)...)
}

// forged are the alerts for a signature that does not fit.
func forged() []string { return []string{"decrypt_error", "bad_certificate"} }

func badSignatures() []Case {
	row := func(id, control, how, fault string, build builder) Case {
		return Case{
			ID: id, Expectation: Refuse, Clauses: []string{"DC-CHAIN-07"}, Basis: signatureMatch, How: how, Fault: fault,
			Control: control, Reason: "bad-signature", RFCAlert: forged(), Build: build,
		}
	}
	edited := func(name string, edit func([]byte) []byte) step {
		return leaf(certfactory.Mutate(certfactory.EditSignature(name, edit)))
	}
	flipped := certfactory.Mutate(certfactory.FlipSignatureBit())
	return []Case{
		row("sig-bitflip-leaf", "valid-direct", "the last bit of the device certificate's signature is flipped",
			"leaf.signature: one bit", direct(leaf(flipped))),
		row("sig-bitflip-intermediate", "valid-one-intermediate", "the last bit of the intermediate's signature is flipped",
			"ca0.signature: one bit", below(1, ca(0, flipped))),
		row("sig-bitflip-ica0-of-2", "chain-at-max-4", "of two intermediates that nearest the device has the last bit of its signature flipped",
			"ca0.signature: one bit", below(2, ca(0, flipped))),
		row("sig-bitflip-ica1-of-2", "chain-at-max-4", "of two intermediates that below the root has the last bit of its signature flipped",
			"ca1.signature: one bit", below(2, ca(1, flipped))),
		row("sig-tbs-bitflip", "valid-direct", "one character of the common name was changed after signing; the client id follows it",
			"leaf.signature, leaf.subject, clientID: one byte of what is signed", direct(renamedAfterSigning)),
		row("sig-wrong-key", "valid-direct", "a key that has nothing to do with the root signed the device certificate",
			"leaf.signature: another key's", direct(func(p *plan) { leaf(certfactory.SignedBy(p.key("stranger")))(p) })),
		row("sig-wrong-key-intermediate", "valid-one-intermediate", "a key that has nothing to do with the root signed the intermediate",
			"ca0.signature: another key's", below(1, func(p *plan) { ca(0, certfactory.SignedBy(p.key("stranger")))(p) })),
		row("sig-by-leaf-itself", "valid-direct", "the device certificate names the root as its issuer and is signed by its own key",
			"leaf.signature: its own key's", direct(func(p *plan) {
				own := p.key("own")
				leaf(certfactory.WithSigner(own), certfactory.SignedBy(own))(p)
			})),
		row("sig-empty", "valid-direct", "the signature of the device certificate is a BIT STRING of no octets",
			"leaf.signature: empty", direct(edited("empty", func([]byte) []byte { return nil }))),
		row("sig-truncated", "valid-direct", "the last 8 octets of the device certificate's signature are missing",
			"leaf.signature: 8 octets short", direct(edited("truncated", func(s []byte) []byte { return s[:len(s)-8] }))),
		row("sig-ecdsa-zero", "valid-direct", "the signature of the device certificate is ECDSA with r and s of 0, which broken verifiers take for anything (CVE-2022-21449)",
			"leaf.signature: r = s = 0", direct(edited("zero", func([]byte) []byte { return zeroSignature() }))),
		row("sig-ecdsa-trailing", "valid-direct", "a NULL follows the ECDSA-Sig-Value of the device certificate",
			"leaf.signature: two octets more", direct(edited("trailing", func(s []byte) []byte { return append(slices.Clone(s), certfactory.TagNull, 0) }))),
	}
}

// renamedAfterSigning turns the first letter of the common name into the next one.
// The client id follows, so that a platform which does not look at the signature
// finds nothing wrong.
func renamedAfterSigning(p *plan) {
	old := p.commonName
	renamed := string(old[0]+1) + old[1:]
	leaf(certfactory.Mutate(certfactory.EditBytes("renamed", func(der []byte) []byte {
		return bytes.Replace(der, []byte(old), []byte(renamed), 1)
	})))(p)
	asking(func(string) string { return renamed })(p)
}

// ecdsaID is the AlgorithmIdentifier of ECDSA with SHA-256 (2) or SHA-384 (3).
func ecdsaID(hash int, parameters ...[]byte) []byte {
	return sequence(slices.Concat([][]byte{certfactory.OID(1, 2, 840, 10045, 4, 3, hash)}, parameters)...)
}

// rsaID is the AlgorithmIdentifier of SHA-256 with RSA.
func rsaID(parameters ...[]byte) []byte {
	return sequence(slices.Concat([][]byte{certfactory.OID(1, 2, 840, 113549, 1, 1, 11)}, parameters)...)
}

// naming writes another algorithm into a certificate, inside, outside or both; it
// is signed as it would have been.
func naming(inner, outer []byte) option {
	return mutate("algorithm named", func(p *certfactory.Parts) {
		if inner != nil {
			p.Algorithm = inner
		}
		p.OuterAlgorithm = outer
	})
}

func wrongAlgorithms() []Case {
	null := certfactory.Element(certfactory.TagNull)
	unknown := sequence(certfactory.OID(1, 3, 6, 1, 4, 1, 99999, 7))
	both := "leaf.algorithm, leaf.outerAlgorithm, leaf.signature: "
	return []Case{
		{
			ID: "sigalg-mismatch", Expectation: Refuse, Clauses: []string{"DC-CHAIN-07", "DC-CHAIN-20"}, Basis: "RFC 5280 §4.1.1.2: MUST contain the same algorithm identifier",
			How: "outside, the device certificate says ECDSA with SHA-384, inside with SHA-256", Fault: "leaf.outerAlgorithm: not the inner one",
			Control: "valid-direct", Reason: "tls", RFCAlert: []string{"bad_certificate", "decode_error"},
			Build: direct(leaf(naming(nil, ecdsaID(3)))),
		},
		{
			ID: "sigalg-wrong-oid", Expectation: Refuse, Clauses: []string{"DC-CHAIN-07"}, Basis: signatureMatch,
			How: "the device certificate says ECDSA with SHA-384 and is signed over SHA-256", Fault: both + "SHA-384",
			Control: "valid-direct", Reason: "bad-signature", RFCAlert: forged(),
			Build: direct(leaf(naming(ecdsaID(3), ecdsaID(3)))),
		},
		{
			ID: "sigalg-other-family", Expectation: Refuse, Clauses: []string{"DC-CHAIN-07"}, Basis: signatureMatch,
			How: "the device certificate says SHA-256 with RSA and is signed by ECDSA", Fault: both + "RSA",
			Control: "valid-direct", Reason: "bad-signature", RFCAlert: forged(),
			Build: direct(leaf(naming(rsaID(null), rsaID(null)))),
		},
		{
			ID: "sigalg-unknown-oid", Expectation: Refuse, Clauses: []string{"DC-CHAIN-07"}, Basis: everySignature,
			How: "the device certificate names a signature algorithm that nobody knows", Fault: both + "unknown",
			Control: "valid-direct", Reason: "weak-signature", RFCAlert: []string{"bad_certificate"},
			Build: direct(leaf(naming(unknown, unknown))),
		},
		{
			ID: "sigalg-ecdsa-null-params", Expectation: Either, Clauses: []string{"DC-CHAIN-07", "DC-CHAIN-20"}, Basis: "RFC 5758 §3.2: parameters MUST be omitted",
			How:   "the algorithm of the device certificate is ECDSA with SHA-256 and a NULL behind it",
			Build: direct(leaf(naming(ecdsaID(2, null), ecdsaID(2, null)))),
		},
		{
			ID: "sigalg-rsa-params-missing", Expectation: Either, Clauses: []string{"DC-CHAIN-07", "DC-CHAIN-20"}, Basis: "RFC 4055 §5: NULL MUST be written, its absence be accepted",
			How:   "the algorithm of the device certificate is SHA-256 with RSA without the NULL",
			Build: direct(rsaRoot("rsa2048", certfactory.RSA2048), leaf(naming(rsaID(), rsaID()))),
		},
	}
}

func oddAlgorithms() []Case {
	const sha1Should = `"created with an asymmetric-key algorithm, which is considered secure nowadays"; RFC 8446 §4.4.2.4: SHOULD NOT accept SHA-1`
	return []Case{
		{
			ID: "sig-sha1-rsa", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-13", "DC-CHAIN-07"}, Basis: sha1Should,
			How: "SHA-1 with RSA signs the device certificate", Fault: "leaf.algorithm, leaf.outerAlgorithm, leaf.signature: SHA-1",
			Control: "root-rsa2048", Reason: "weak-signature", RFCAlert: []string{"bad_certificate"},
			Build: direct(rsaRoot("rsa2048", certfactory.RSA2048), signedWith(x509.SHA1WithRSA)),
		},
		{
			ID: "sig-sha1-ecdsa", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-13", "DC-CHAIN-07"}, Basis: sha1Should,
			How: "ECDSA with SHA-1 signs the device certificate", Fault: "leaf.algorithm, leaf.outerAlgorithm, leaf.signature: SHA-1",
			Control: "valid-direct", Reason: "weak-signature", RFCAlert: []string{"bad_certificate"},
			Build: direct(signedWith(x509.ECDSAWithSHA1)),
		},
		{
			ID: "sig-sha1-intermediate", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-13", "DC-CHAIN-07"}, Basis: sha1Should,
			How: "ECDSA with SHA-1 signs the intermediate", Fault: "ca0.algorithm, ca0.outerAlgorithm, ca0.signature: SHA-1",
			Control: "valid-one-intermediate", Reason: "weak-signature", RFCAlert: []string{"bad_certificate"},
			Build: below(1, func(p *plan) {
				ca(0, certfactory.Mutate(certfactory.SignWith(p.root.Signer(), x509.ECDSAWithSHA1)))(p)
			}),
		},
		{
			ID: "sig-md5-rsa", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-13", "DC-CHAIN-07"},
			Basis: `"created with an asymmetric-key algorithm, which is considered secure nowadays"; RFC 8446 §4.4.2.4: MUST abort on MD5`,
			How:   "MD5 with RSA signs the device certificate", Fault: "leaf.algorithm, leaf.outerAlgorithm, leaf.signature: MD5",
			Control: "root-rsa2048", Reason: "weak-signature", RFCAlert: []string{"bad_certificate"},
			Build: direct(rsaRoot("rsa2048", certfactory.RSA2048), signedWith(x509.MD5WithRSA)),
		},
		{
			ID: "sig-sha1-root-self", Expectation: Either, Clauses: []string{"DC-CHAIN-13"}, Reason: "weak-signature",
			Basis: "RFC 8446 §4.4.2.4: the signature of a trust anchor is not checked",
			How:   "SHA-1 with RSA signs the uploaded root, SHA-256 the device certificate",
			Build: direct(rsaRoot("sha1", certfactory.RSA2048, certfactory.With(func(t *x509.Certificate) { t.SignatureAlgorithm = x509.SHA1WithRSA }))),
		},
		{
			ID: "sig-bitflip-root-sent", Expectation: Either, Clauses: []string{"DC-CHAIN-01", "DC-CHAIN-07"}, Reason: "anchor-not-presented",
			Basis: "RFC 5280 §6.1.1(d): the signature of a trust anchor is not checked; whether this still is the uploaded certificate is open",
			How:   "in the root that is sent, the last bit of the signature differs from the uploaded one",
			Build: direct(sendingInstead(1, func(der []byte) []byte {
				der = slices.Clone(der)
				der[len(der)-1] ^= 1
				return der
			})),
		},
		{
			ID: "sig-rsa-pss", Expectation: AcceptShould, Clauses: []string{"DC-CHAIN-07", "DC-CHAIN-02"}, Basis: "RFC 4055 §3; " + signedByAnchor,
			How: "RSASSA-PSS with SHA-256 signs the device certificate",
			Build: direct(rsaRoot("rsa2048", certfactory.RSA2048), leaf(certfactory.With(func(t *x509.Certificate) {
				t.SignatureAlgorithm = x509.SHA256WithRSAPSS
			}))),
		},
	}
}

// signedWith signs the device certificate by the root's key and another algorithm.
func signedWith(alg x509.SignatureAlgorithm) step {
	return func(p *plan) { leaf(certfactory.Mutate(certfactory.SignWith(p.root.Signer(), alg)))(p) }
}
