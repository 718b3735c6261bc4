package cases

import (
	"github.com/chainmail-iot/chainmail/certfactory"
)

// composition has the rows about which certificates are sent, in which order, and
// which of them was uploaded.
func composition() []Case {
	return append(append(completeChains(), anchorsOfAnotherKind()...), append(orders(), selfSignedDevices()...)...)
}

func completeChains() []Case {
	return []Case{
		{
			ID: "valid-direct", Expectation: Accept,
			Clauses: []string{"DC-CHAIN-02", "DC-CHAIN-01", "DC-TRUST-03", "DC-ID-01", "DC-ID-02"}, Basis: signedByAnchor,
			How:   "device certificate and the uploaded root that signed it",
			Build: direct(),
		},
		{
			ID: "valid-spec-profile", Expectation: Accept, Clauses: []string{"DC-CHAIN-02", "DC-CHAIN-13"}, Basis: profile,
			How:   "RSA of 4096 bits and SHA-256 throughout, pathlen 10 in the root, extensions of v3_ca and v3_signed",
			Build: direct(rsaRoot("profile", certfactory.RSA4096, certfactory.PathLen(10)), leafKey(certfactory.RSA4096)),
		},
		{
			ID: "valid-one-intermediate", Expectation: Accept,
			Clauses: []string{"DC-CHAIN-03", "DC-CHAIN-11", "DC-TRUST-09"}, Basis: signedByAnchor + "; " + onlyOneTrusted,
			How:   "device certificate, one intermediate, uploaded root",
			Build: below(1),
		},
		{
			ID: "valid-anchor-is-intermediate", Expectation: Accept, Clauses: []string{"DC-TRUST-06", "DC-CHAIN-02"}, Basis: uploadCA,
			How:   "device certificate and the uploaded intermediate that signed it; the root above is neither sent nor uploaded",
			Build: below(1, neverUploaded, sharedCAs("intermediate"), uploading(1), sending(0, 1)),
		},
		{
			ID: "anchor-intermediate-root-appended", Expectation: Either, MaxLength: 2, Reason: "chain-too-long",
			Clauses: []string{"DC-CHAIN-10", "DC-TRUST-09"}, Basis: "the specification does not say whether what follows the anchor counts towards the length",
			How:   "device certificate, uploaded intermediate, root that was not uploaded: three certificates where two are allowed",
			Build: below(1, neverUploaded, sharedCAs("intermediate"), uploading(1)),
		},
		{
			ID: "anchor-intermediate-root-appended-max3", Expectation: AcceptShould, Clauses: []string{"DC-TRUST-09"}, Basis: onlyOneTrusted,
			How:   "device certificate, uploaded intermediate, root that was not uploaded, and room for three",
			Build: below(1, neverUploaded, sharedCAs("intermediate"), uploading(1)),
		},
		{
			ID: "two-anchors-in-chain", Expectation: AcceptShould, Clauses: []string{"DC-TRUST-09"}, Basis: onlyOneTrusted,
			How:   "device certificate, intermediate, root; both CAs were uploaded by one tenant",
			Build: below(1, sharedCAs("intermediate beside its root"), uploading(1, 2)),
		},
		{
			ID: "valid-cross-signed-uploaded-path", Expectation: Accept, Clauses: []string{"DC-CHAIN-03"}, Basis: signedByAnchor,
			How:   "an intermediate that two roots certified is sent with the certificate and the root that was uploaded",
			Build: crossSigned("root"),
		},
	}
}

func anchorsOfAnotherKind() []Case {
	return []Case{
		{
			ID: "anchor-not-in-chain", Expectation: Refuse, Clauses: []string{"DC-CHAIN-01"}, Basis: anchorProvided,
			How: "only the device certificate is sent; its issuer was uploaded", Fault: "chain: the anchor is not sent",
			Control: "valid-direct", Reason: "anchor-not-presented", RFCAlert: []string{"unknown_ca"},
			Build: direct(sending(0)),
		},
		{
			ID: "anchor-not-in-chain-intermediate", Expectation: Refuse, MaxLength: 3, Clauses: []string{"DC-CHAIN-01"}, Basis: anchorProvided,
			How: "device certificate and intermediate are sent; the root was uploaded", Fault: "chain: the anchor is not sent",
			Control: "valid-one-intermediate", Reason: "anchor-not-presented", RFCAlert: []string{"unknown_ca"},
			Build: below(1, sending(0, 1)),
		},
		{
			ID: "anchor-unknown", Expectation: Refuse, Clauses: []string{"DC-CHAIN-14", "DC-TRUST-01"}, Basis: tenantTrusts,
			How: "a good chain under a root that no tenant uploaded", Fault: "root.trust: another root than the uploaded one",
			Control: "valid-direct", Reason: "anchor-not-presented", RFCAlert: []string{"unknown_ca"},
			Build: direct(root("unknown root"), uploadingRoot),
		},
		{
			ID: "anchor-store-empty", Expectation: Refuse, Clauses: []string{"DC-CHAIN-14", "DC-TRUST-01"}, Basis: tenantTrusts,
			How:   "a good chain presented to a tenant that trusts nothing; the control follows an upload",
			Fault: "anchors, root.trust: nothing was uploaded", Tags: []string{TagOwnAnchor},
			Control: "valid-direct", Reason: "anchor-not-presented", RFCAlert: []string{"unknown_ca"},
			Build: direct(root("root never uploaded"), uploading()),
		},
		{
			ID: "anchor-lookalike-name", Expectation: Refuse, Clauses: []string{"DC-CHAIN-14", "DC-CHAIN-07"}, Basis: signedByAnchor,
			How:   "the root has the subject of the uploaded one and another key, and signed the device certificate",
			Fault: "root.trust: another key under the uploaded name", Control: "valid-direct", Reason: "anchor-not-presented", RFCAlert: []string{"unknown_ca"},
			Build: direct(underLookalike, uploadingRoot),
		},
		{
			ID: "anchor-lookalike-real-root-sent", Expectation: Refuse, Clauses: []string{"DC-CHAIN-07"}, Basis: everySignature,
			How:   "a key that calls itself the uploaded root signed the device certificate; the genuine root is sent behind it",
			Fault: "leaf.signature: made by the look-alike", Control: "valid-direct", Reason: "bad-signature", RFCAlert: []string{"decrypt_error", "bad_certificate"},
			Build: direct(func(p *plan) { leaf(certfactory.SignedBy(p.lookalike().Signer()))(p) }),
		},
		{
			ID: "anchor-reissued-same-key-same-name", Expectation: Either, Clauses: []string{"DC-CHAIN-01"}, Reason: "anchor-not-presented",
			Basis: "the specification does not say whether the uploaded CA certificate is known by its bytes or by name and key",
			How:   "the root was renewed with key and name kept; the renewed one is sent, the old one was uploaded",
			Build: direct(underRenewedRoot, uploadingRoot),
		},
		{
			ID: "anchor-same-key-other-subject", Expectation: Refuse, Clauses: []string{"DC-CHAIN-14", "DC-CHAIN-08"}, Basis: signedByAnchor,
			How:   "the root has the key of the uploaded one under another subject",
			Fault: "root.trust: another name over the uploaded key", Control: "valid-direct", Reason: "anchor-not-presented", RFCAlert: []string{"unknown_ca"},
			Build: direct(func(p *plan) { root("renamed root", certfactory.WithSigner(p.Root().Signer()))(p) }, uploadingRoot),
		},
		{
			ID: "anchor-cross-signed-other-path", Expectation: Refuse, Clauses: []string{"DC-CHAIN-01", "DC-CHAIN-14"}, Basis: anchorProvided,
			How:   "an intermediate that two roots certified is sent with the certificate and the root that was not uploaded",
			Fault: "root.trust: the other root of the cross-signed intermediate", Control: "valid-cross-signed-uploaded-path",
			Reason: "anchor-not-presented", RFCAlert: []string{"unknown_ca"},
			Build: crossSigned("other root"),
		},
		{
			ID: "chain-cycle", Expectation: Refuse, MaxLength: 4, Clauses: []string{"DC-CHAIN-14"}, Basis: signedByAnchor,
			How:   "two CAs certify each other, and neither was uploaded: device certificate, A by B, B by A, A by B",
			Fault: "chain: a cycle that reaches no anchor", Control: "chain-at-max-4",
			Reason: "anchor-not-presented", RFCAlert: []string{"unknown_ca", "bad_certificate"},
			Build: cycle,
		},
	}
}

func selfSignedDevices() []Case {
	return []Case{
		{
			ID: "self-signed-device", Expectation: Refuse, Clauses: []string{"DC-CHAIN-14"}, Basis: signedByAnchor,
			How:   "the device certificate signs itself and was not uploaded",
			Fault: "chain: one certificate that signs itself", Control: "valid-direct",
			Reason: "anchor-not-presented", RFCAlert: []string{"unknown_ca"},
			Build: direct(selfSignedDevice),
		},
		{
			ID: "self-signed-device-with-foreign-root", Expectation: Refuse, Clauses: []string{"DC-CHAIN-07", "DC-CHAIN-08"}, Basis: signedByAnchor,
			How:   "a self-signed device certificate is followed by the uploaded root, which never signed it",
			Fault: "leaf.issuer, leaf.signature, leaf.authorityKeyIdentifier: self-signed", Control: "valid-direct",
			Reason: "issuer-mismatch", RFCAlert: []string{"bad_certificate"},
			Build: direct(selfSignedDevice, sendingAfter(1, func(p *plan) *certificate { return p.Root() })),
		},
		{
			ID: "self-signed-device-uploaded", Expectation: Either, Clauses: []string{"DC-TRUST-03"}, Basis: selfSigned,
			How:   "a self-signed CA certificate of the device was uploaded and is presented alone, as thin-edge does",
			Build: direct(deviceIs(authorityOfItself), uploading(0)),
		},
		{
			ID: "self-signed-device-sent-twice", Expectation: Either, Clauses: []string{"DC-TRUST-03", "DC-CHAIN-01"}, Reason: "leaf-is-anchor", Basis: selfSigned,
			How:   "a self-signed CA certificate of the device was uploaded and is sent twice, as device and as anchor",
			Build: direct(deviceIs(authorityOfItself), uploading(0), sending(0, 0)),
		},
		{
			ID: "chain-root-only-with-root-key", Expectation: Either, Clauses: []string{"DC-CHAIN-15"},
			Basis: "the specification does not say that a device may not use the uploaded certificate itself",
			How:   "the uploaded root is presented as device certificate, with its key and its common name",
			Build: direct(rootAsDevice),
		},
		{
			ID: "leaf-is-ca", Expectation: Either, Clauses: []string{"DC-CHAIN-15"}, Basis: deviceNotCA,
			How:   "the device certificate is CA:TRUE and signed by the root",
			Build: direct(leaf(isCA)),
		},
		{
			ID: "anchor-is-its-own-issuer-name-only", Expectation: Either, Clauses: []string{"DC-TRUST-03", "DC-CHAIN-07"},
			Basis: "RFC 5280 §6.1.1(d): a trust anchor is taken as it is",
			How:   "issuer and subject of the uploaded root are the same, but another key signed it",
			Build: direct(func(p *plan) {
				stranger := p.factory.Key(certfactory.P256, "stranger of the run")
				root("root signed by another", certfactory.SignedBy(stranger))(p)
			}),
		},
	}
}

// crossSigned sends the path of a cross-signed intermediate that ends in one of
// its roots; the other path ends in the root of the run, which is the anchor.
func crossSigned(stem string) builder {
	return below(1, func(p *plan) {
		if stem != "root" {
			root(stem)(p)
		}
		p.caStem = "cross-signed"
		ca(0, certfactory.WithSigner(p.factory.Key(certfactory.P256, "cross-signed of the run")))(p)
	}, uploadingRoot)
}

// lookalike is a root with the subject of the root of the run and another key.
func (p *plan) lookalike() *certificate {
	return p.sharedRoot("root", certfactory.Label("look-alike"))
}

func underLookalike(p *plan) { p.root = p.lookalike() }

// underRenewedRoot puts the path under a newer certificate for name and key of
// the root of the run.
func underRenewedRoot(p *plan) {
	p.root = p.sharedRoot("root", certfactory.Label("renewed"), certfactory.WithSigner(p.Root().Signer()), valid(-day/2, 3650*day))
}

// isCA makes a CA certificate of a device certificate, and nothing else.
func isCA(c *certificate) { certfactory.With(setCA)(c) }

// selfSignedDevice has the device certificate sign itself. The root of the run
// stays the anchor.
func selfSignedDevice(p *plan) { p.device = p.factory.Device(nil, p.commonName) }

// authorityOfItself is a self-signed CA certificate that names the device.
func authorityOfItself(p *plan) *certificate { return p.factory.Root(p.commonName) }

func rootAsDevice(p *plan) { p.device, p.commonName = p.Root(), p.Root().Name() }

// cycle sends a path of two CAs that certify each other.
func cycle(b *Bench) (presentation, error) {
	nameA, nameB := b.CommonName("chainmail cycle a"), b.CommonName("chainmail cycle b")
	keyA, keyB := certfactory.WithSigner(b.key("cycle a")), certfactory.WithSigner(b.key("cycle b"))
	aByB := b.factory.Intermediate(b.factory.Root(nameB, keyB), nameA, keyA)
	bByA := b.factory.Intermediate(b.factory.Root(nameA, keyA), nameB, keyB)
	itself := func(c *certificate) func(*plan) *certificate { return func(*plan) *certificate { return c } }
	return direct(
		deviceIs(func(p *plan) *certificate { return p.factory.Device(aByB, p.commonName) }), uploadingRoot,
		sending(0, 1), sendingAfter(2, itself(bByA)), sendingAfter(3, itself(aByB)),
	)(b)
}
