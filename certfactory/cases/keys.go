package cases

import (
	"github.com/chainmail-iot/chainmail/certfactory"
)

// keys has the rows about the kind and the strength of keys.
func keys() []Case {
	return append(strengths(), append(oddRSA(), append(curves(), otherKeys()...)...)...)
}

// leafKey gives the device a key of that kind. RSA keys that take long to find
// belong to the run: every device of a run that asks for one has the same.
func leafKey(alg certfactory.Alg) step {
	if alg < certfactory.RSA3072 {
		return leaf(certfactory.WithKey(alg))
	}
	return func(p *plan) {
		leaf(certfactory.WithSigner(p.factory.Key(alg, "device of the run")))(p)
	}
}

// rsaRoot puts the path under a root of the run with an RSA key.
func rsaRoot(stem string, alg certfactory.Alg, opts ...option) step {
	return root("root "+stem, append(opts, certfactory.WithKey(alg))...)
}

func strengths() []Case {
	weakLeaf := func(id string, alg certfactory.Alg, tags ...string) Case {
		return Case{
			ID: id, Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-13"}, Basis: rsa2048,
			How: "the device has the key " + alg.String(), Fault: "leaf.publicKey: " + alg.String(), Control: "leaf-rsa2048",
			Reason: "weak-key", RFCAlert: []string{"bad_certificate"}, Tags: tags, Build: direct(leafKey(alg)),
		}
	}
	weakRoot := func(id string, alg certfactory.Alg, more string) Case {
		return Case{
			ID: id, Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-13"}, Basis: rsa2048,
			How: "the root has the key " + alg.String(), Fault: "root.publicKey" + more + ": " + alg.String(), Control: "root-rsa2048",
			Tags: []string{TagAnchorFault}, Reason: "weak-key", RFCAlert: []string{"bad_certificate"}, Build: direct(rsaRoot(alg.String(), alg)),
		}
	}
	good := func(id, who string, e Expectation, basis string, build builder) Case {
		return Case{
			ID: id, Expectation: e, Clauses: []string{"DC-CHAIN-13", "DC-CHAIN-02"}, Basis: basis,
			How: who + " has the key " + id[5:], Build: build,
		}
	}
	goodLeaf := func(id string, alg certfactory.Alg) Case {
		return good(id, "the device", Accept, rsa2048, direct(leafKey(alg)))
	}
	goodRoot := func(id string, alg certfactory.Alg) Case {
		return good(id, "the root", Accept, rsa2048, direct(rsaRoot(alg.String(), alg)))
	}
	weakCA := Case{
		ID: "intermediate-rsa1024", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-13"}, Basis: rsa2048,
		How: "the intermediate has the key " + certfactory.RSA1024.String(), Fault: "ca0.publicKey, leaf.algorithm, leaf.outerAlgorithm: " + certfactory.RSA1024.String(),
		Control: "valid-one-intermediate", Reason: "weak-key", RFCAlert: []string{"bad_certificate"},
		Build: below(1, ca(0, certfactory.WithKey(certfactory.RSA1024))),
	}
	huge := good("leaf-rsa8192", "the device", Either, rsa2048, direct(leafKey(certfactory.RSA8192)))
	huge.Tags = []string{TagRobustness, TagCostly}
	return []Case{
		weakLeaf("leaf-rsa1024", certfactory.RSA1024), weakRoot("root-rsa1024", certfactory.RSA1024, ""), weakCA,
		weakLeaf("leaf-rsa2047", certfactory.RSA2047),
		goodLeaf("leaf-rsa2048", certfactory.RSA2048), goodRoot("root-rsa2048", certfactory.RSA2048),
		goodLeaf("leaf-rsa3072", certfactory.RSA3072), goodRoot("root-rsa3072", certfactory.RSA3072),
		goodLeaf("leaf-rsa4096", certfactory.RSA4096), goodRoot("root-rsa4096", certfactory.RSA4096),
		weakLeaf("leaf-rsa512", certfactory.RSA512, TagTLS12Only),
		// The standard library does not verify with a key of 512 bits.
		weakRoot("root-rsa512", certfactory.RSA512, ", root.signature, leaf.signature"),
		huge,
	}
}

func oddRSA() []Case {
	unproven := func(id, basis, how, fault string, key oddKey) Case {
		return Case{
			ID: id, Expectation: Refuse, Clauses: []string{"DC-TLS-06", "DC-CHAIN-20"}, Basis: basis, How: how, Fault: fault,
			Control: "leaf-rsa2048", Reason: "tls", RFCAlert: []string{"bad_certificate", "decode_error"}, Build: direct(oddLeaf(key)),
		}
	}
	endless := unproven("leaf-rsa-65536-bits", keyProof, "the device certificate has a modulus of 65536 bits whose factors nobody knows; a shorter key signs",
		"leaf.publicKey, key: 65536 bits", modulus65536)
	endless.Tags, endless.RFCAlert = []string{TagRobustness, TagNoProof}, []string{"bad_certificate"}
	anyone := unproven("leaf-rsa-e1", keyOnlyOwner+"; RFC 8017 §3.1: e is at least 3", "the device has an RSA key of exponent 1: everybody can sign for it",
		"leaf.publicKey: exponent 1", exponent1)
	anyone.Reason, anyone.RFCAlert = "weak-key", []string{"bad_certificate"}
	hugeE := unproven("leaf-rsa-e-huge", "RFC 8017 §3.1 sets no bound but n; SP 800-56B has 256 bits", "the device has an RSA key with an exponent of 2000 bits",
		"leaf.publicKey: exponent of 2000 bits", hugeExponent)
	hugeE.Expectation, hugeE.Tags = RefuseShould, []string{TagRobustness}
	return []Case{
		endless,
		{
			ID: "leaf-rsa-e3", Expectation: Either, Clauses: []string{"DC-CHAIN-13"}, Basis: "FIPS 186-5 wants an exponent above 2^16; the specification speaks of the modulus only",
			How:   "the device has an RSA key of 2048 bits and exponent 3",
			Build: direct(oddLeaf(exponent3)),
		},
		anyone, hugeE,
		unproven("leaf-rsa-n-even", keyOnlyOwner+"; RFC 8017 §3.1: n is a product of odd primes", "the device has an even RSA modulus, of which everybody knows a factor",
			"leaf.publicKey: even", evenModulus),
		unproven("leaf-rsa-n-negative", "RFC 8017 §3.1: n is a positive integer", "the RSA modulus of the device certificate is written as a negative number",
			"leaf.publicKey: negative", negativeModulus),
		{
			ID: "root-rsa-e1-forgery", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-13"}, Basis: "RFC 8017 §3.1: e is at least 3; " + secureAlgorithm,
			How: "the uploaded root has exponent 1; the signature of the device certificate is the padded digest, which everybody can write",
			// The standard library does not verify with such a key.
			Fault: "root.publicKey, root.signature, leaf.signature: exponent 1", Control: "root-rsa2048", Tags: []string{TagAnchorFault},
			Reason: "weak-key", RFCAlert: []string{"bad_certificate"},
			Build: direct(func(p *plan) {
				key := p.factory.Key(certfactory.RSA2048, "exponent 1 of the run")
				root("root exponent 1", certfactory.WithSigner(withExponent1(asRSA(key))))(p)
			}),
		},
	}
}

func curves() []Case {
	named := func(id string, e Expectation, basis string, alg certfactory.Alg) Case {
		return Case{
			ID: id, Expectation: e, Clauses: []string{"DC-CHAIN-13", "DC-CHAIN-02"}, Basis: basis,
			How: "the device has the key " + alg.String(), Build: direct(leafKey(alg)),
		}
	}
	open := func(id, basis, how, reason string, key oddKey) Case {
		return Case{
			ID: id, Expectation: Either, Clauses: []string{"DC-CHAIN-13"}, Basis: basis, How: how, Reason: reason, Build: direct(oddLeaf(key)),
		}
	}
	bad := func(id, basis, how, fault string, key oddKey, tags ...string) Case {
		return Case{
			ID: id, Expectation: Refuse, Clauses: []string{"DC-CHAIN-20", "DC-TLS-06"}, Basis: basis, How: how, Fault: fault, Control: "leaf-p256",
			Reason: "tls", RFCAlert: []string{"decode_error", "bad_certificate"}, Tags: tags, Build: direct(oddLeaf(key)),
		}
	}
	const secure = secureAlgorithm + "; RFC 8446 §9.1: mandatory to implement"
	return []Case{
		open("leaf-p224", "RFC 8446 §4.2.3 has no scheme for it, TLS 1.2 has", "the device has a key on P-224", "weak-key", p224),
		named("leaf-p256", Accept, secure, certfactory.P256),
		named("leaf-p384", Accept, secureAlgorithm, certfactory.P384),
		named("leaf-p521", AcceptShould, secureAlgorithm, certfactory.P521),
		named("leaf-ed25519", Either, "RFC 8410 §3, RFC 8446 §4.2.3; the specification names no curve", certfactory.Ed25519),
		open("leaf-secp256k1", "RFC 8446 §4.2.7 has no such group, RFC 4492 had", "the device has a key on secp256k1 and signs with it", "tls", onSecp256k1),
		open("leaf-brainpool-p256", "RFC 8734 §2 has a scheme for it that is optional", "the device has a key on brainpoolP256r1 and signs with it", "tls", onBrainpool),
		bad("leaf-ec-explicit-params", "RFC 5480 §2.1.1: specifiedCurve MUST NOT be used", "the device has a P-256 key with the curve written out (CVE-2020-0601)",
			"leaf.publicKey: the curve written out", p256With(explicitP256, asItIs)),
		bad("leaf-ec-point-off-curve", "RFC 5480 §2.2, SEC 1 §3.2.2: a public key is a point of the curve; "+keyProof,
			"the public key of the device certificate is not a point of P-256", "leaf.publicKey: off the curve", p256With(namedP256, offCurve), TagNoProof),
		bad("leaf-ec-point-infinity", "RFC 5480 §2.2, SEC 1 §3.2.2: a public key is not the point at infinity; "+keyProof,
			"the public key of the device certificate is the point at infinity", "leaf.publicKey: infinity", p256With(namedP256, infinity), TagNoProof),
		open("leaf-ec-point-compressed", "RFC 5480 §2.2: MAY be supported", "the public key of the device certificate is a compressed point", "tls", p256With(namedP256, compressed)),
	}
}

func otherKeys() []Case {
	unusable := func(id, basis, how, fault string, info func(*Bench) []byte) Case {
		return Case{
			ID: id, Expectation: Refuse, Clauses: []string{"DC-TLS-06"}, Basis: basis + "; " + keyProof, How: how, Fault: "leaf.publicKey, key: " + fault,
			Control: "leaf-p256", Reason: "tls", RFCAlert: []string{"unsupported_certificate", "bad_certificate"}, Tags: []string{TagNoProof},
			Build: direct(oddLeaf(withoutProof(info))),
		}
	}
	return []Case{
		unusable("leaf-dsa", "RFC 8446 §4.2.3 has no DSA", "the device certificate has a DSA key; a P-256 key signs", "DSA", dsaInfo),
		unusable("leaf-x25519", "RFC 8410 §3: a key for key agreement cannot sign", "the device certificate has an X25519 key; a P-256 key signs", "X25519", x25519Info),
		{
			ID: "leaf-ed448", Expectation: Either, Clauses: []string{"DC-CHAIN-13"}, Basis: "RFC 8410 §3, RFC 8446 §4.2.3: optional", Reason: "tls", Tags: []string{TagNoProof},
			How:   "the device certificate has an Ed448 key; a P-256 key signs, so that this shows how the certificate is received and no more",
			Build: direct(oddLeaf(withoutProof(ed448Info))),
		},
		{
			ID: "leaf-rsapss-key", Expectation: Either, Clauses: []string{"DC-CHAIN-13"}, Basis: "RFC 8446 §4.2.3: rsa_pss_pss schemes are optional", Reason: "tls",
			How:   "the device certificate says that its RSA key is for RSASSA-PSS alone; the handshake is signed as for any RSA key",
			Build: direct(oddLeaf(pssKey)),
		},
		{
			ID: "leaf-key-equals-ca-key", Expectation: Either, Clauses: []string{"DC-TLS-06"}, Basis: "the specification does not forbid it; " + keyOnlyOwner,
			How:   "the device certificate has the root's own key",
			Build: direct(func(p *plan) { leaf(certfactory.WithSigner(p.root.Signer()))(p) }),
		},
	}
}
