package cases

import (
	"bytes"
	"crypto/x509"
	"math/big"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// uploadCertificates has the rows about the certificate that is uploaded.
func uploadCertificates() []UploadCase {
	return append(goodAnchors(), append(notAnchors(), oddAnchors()...)...)
}

// anchorRow uploads a root of the bench that has those options.
func anchorRow(id string, e Expectation, clauses []string, basis, how string, opts ...option) UploadCase {
	return certificateRow(id, e, clauses, basis, how, func(b *Bench) *certificate { return b.uploadRoot(opts...) })
}

func certificateRow(id string, e Expectation, clauses []string, basis, how string, describe func(*Bench) *certificate) UploadCase {
	c := UploadCase{ID: id, Expectation: e, Clauses: clauses, Basis: basis, How: how, Statuses: created, Build: uploadOf(describe)}
	switch {
	case e.Refuse():
		c.Statuses, c.Build = invalid, refused(c.Build)
	case e == Either:
		c.Statuses = undecided
	}
	return c
}

func goodAnchors() []UploadCase {
	trusted := []string{"DC-TRUST-03", "DC-REST-01"}
	return []UploadCase{
		anchorRow("upload-root", Accept, trusted, mayBeSelfSigned, "a good root"),
		certificateRow("upload-intermediate", Accept, []string{"DC-TRUST-06", "DC-REST-01"}, uploadCA, "a good intermediate without its root",
			func(b *Bench) *certificate {
				return b.factory.Intermediate(b.uploadRoot(), b.CommonName("chainmail upload ca"))
			}),
		certificateRow("upload-key-rollover", Accept, []string{"DC-TRUST-06", "DC-REST-01"}, uploadCA+"; RFC 5280 §6.1: self-issued is not self-signed",
			"the certificate of a root for a new key of its own, signed with the old one",
			func(b *Bench) *certificate {
				root := b.uploadRoot()
				return b.factory.Intermediate(root, root.Name())
			}),
		certificateRow("upload-self-signed-device", AcceptShould, trusted, selfSigned, "a self-signed CA certificate that names a device",
			func(b *Bench) *certificate { return b.factory.Root(b.CommonName("device")) }),
		anchorRow("upload-bc-noncritical", Accept, []string{"DC-TRUST-05"}, uploadCATrue, "basicConstraints is CA:TRUE and not critical",
			certfactory.Mutate(certfactory.SetCritical(certfactory.BasicConstraints, false))),
		anchorRow("upload-pathlen-0", Accept, []string{"DC-TRUST-03", "DC-CHAIN-05"}, pathLen, "a root with pathlen 0", certfactory.PathLen(0)),
		anchorRow("upload-cn-colon", AcceptShould, trusted, cnNoColon+": of a device, whose client id it is", "the common name of the CA has a colon",
			certfactory.With(func(t *x509.Certificate) { t.Subject.CommonName = "chainmail: " + t.Subject.CommonName })),
		reissued("upload-same-key-other-certificate", "a root and then another certificate for its name and key",
			func(b *Bench) *certificate {
				return b.uploadRoot(certfactory.Label("reissued "+b.tag), certfactory.WithSigner(b.uploadRoot().Signer()))
			}),
		reissued("upload-same-subject-other-key", "a root and then another CA of the same name",
			func(b *Bench) *certificate { return b.uploadRoot(certfactory.Label("namesake " + b.tag)) }),
	}
}

// reissued uploads a root first, and then what is judged under another name.
func reissued(id, how string, describe func(*Bench) *certificate) UploadCase {
	c := certificateRow(id, Accept, []string{"DC-TRUST-03", "DC-TRUST-01"}, tenantTrusts, how, describe)
	c.Build = edited(c.Build, func(b *Bench, u *Upload) error {
		first, err := uploadOf(goodRoot, with("name", b.CommonName("first")))(b)
		u.Before = []Request{first.Request}
		return err
	})
	return c
}

func notAnchors() []UploadCase {
	v1 := certfactory.Mutate(certfactory.Version(0, false), certfactory.DropExtensions())
	v2 := certfactory.Mutate(certfactory.Version(1, false), certfactory.DropExtensions())
	ca, version := []string{"DC-TRUST-05"}, []string{"DC-TRUST-04"}
	return []UploadCase{
		certificateRow("upload-leaf-ca-false", Refuse, ca, uploadCATrue, "a device certificate, CA:FALSE",
			func(b *Bench) *certificate { return b.factory.Device(b.uploadRoot(), b.CommonName("device")) }),
		anchorRow("upload-no-basic-constraints", Refuse, ca, uploadCATrue, "a root of version 3 without basicConstraints", without(certfactory.BasicConstraints)),
		anchorRow("upload-bc-empty", Refuse, ca, uploadCATrue, "basicConstraints is an empty SEQUENCE: cA is FALSE by default", mutateBasic(critical, sequence())),
		anchorRow("upload-v1", Refuse, version, uploadVersion3, "a root of version 1", v1),
		anchorRow("upload-v2", Refuse, version, uploadVersion3, "a root of version 2", v2),
		anchorRow("upload-expired", RefuseShould, []string{"DC-CHAIN-12"}, notAfter, "a root that ended yesterday", valid(-400*day, -day)),
		anchorRow("upload-not-yet-valid", Either, []string{"DC-CHAIN-12"}, notBefore+"; a CA may be uploaded ahead of time", "a root that begins tomorrow", valid(day, 400*day)),
		anchorRow("upload-pathlen-negative", RefuseShould, []string{"DC-CHAIN-20"}, "RFC 5280 §4.2.1.9: INTEGER (0..MAX)", "a root with pathlen -1",
			mutateBasic(critical, sequence(derTrue, integer(-1)))),
		anchorRow("upload-bad-self-signature", RefuseShould, []string{"DC-CHAIN-07"}, signatureMatch, "issuer and subject are the same, and the last bit of the signature is flipped",
			certfactory.Mutate(certfactory.FlipSignatureBit())),
		anchorRow("upload-bad-self-signature-no-aki", RefuseShould, []string{"DC-CHAIN-07"}, signatureMatch, "the same without authorityKeyIdentifier, which RFC 5280 §4.2.1.1 lets a self-signed certificate leave out",
			without(certfactory.AuthorityKeyID), certfactory.Mutate(certfactory.FlipSignatureBit())),
		anchorRow("upload-bad-self-signature-no-ski", RefuseShould, []string{"DC-CHAIN-07"}, signatureMatch, "the same without subjectKeyIdentifier",
			without(certfactory.SubjectKeyID), certfactory.Mutate(certfactory.FlipSignatureBit())),
		anchorRow("upload-empty-subject", RefuseShould, []string{"DC-CHAIN-20"}, "RFC 5280 §4.1.2.6: a CA MUST have a subject", "a CA without a name", subject(sequence())),
		weakDigest("upload-sha1", Either, x509.SHA1WithRSA),
		weakDigest("upload-md5", RefuseShould, x509.MD5WithRSA),
		anchorRow("upload-rsa1024", RefuseShould, []string{"DC-CHAIN-13"}, rsa2048, "a root with an RSA key of 1024 bits", certfactory.WithKey(certfactory.RSA1024)),
	}
}

// weakDigest signs a root with an old digest.
func weakDigest(id string, e Expectation, alg x509.SignatureAlgorithm) UploadCase {
	return certificateRow(id, e, []string{"DC-CHAIN-13"}, secureAlgorithm+" RFC 8446 §4.4.2.4 lets an anchor be signed by anything", "the root signs itself with "+alg.String(),
		func(b *Bench) *certificate {
			key := b.factory.Key(certfactory.RSA2048, "upload of the run")
			return b.uploadRoot(certfactory.WithSigner(key), certfactory.Mutate(certfactory.SignWith(key, alg)))
		})
}

func oddAnchors() []UploadCase {
	open := []string{"DC-TRUST-03"}
	large := anchorRow("upload-huge-1mb", RefuseShould, []string{"DC-REST-07"}, "no bound is given; an anchor of this size is no use, and the platform stays up",
		"a root with an extension of 1 MiB", extension(privateExtension, !critical, bytes.Repeat([]byte{0x5a}, 1<<20)))
	large.Statuses, large.Tags = []int{413, 422}, []string{TagRobustness}
	const algorithms = secureAlgorithm + " It names none but RSA."
	return []UploadCase{
		anchorRow("upload-unknown-critical", Either, []string{"DC-CHAIN-16"}, "RFC 5280 §6.1.1(d) leaves it open for a trust anchor", "a root with a critical extension that nobody knows",
			extension(privateExtension, critical, []byte("x"))),
		anchorRow("upload-negative-serial", Either, open, "RFC 5280 §4.1.2.2: readers SHOULD bear it", "a root with the serial number -5",
			mutate("serial number", func(p *certfactory.Parts) { p.Serial = integer(-5) })),
		anchorRow("upload-serial-zero", Either, open, "RFC 5280 §4.1.2.2: readers SHOULD bear it", "a root with the serial number 0", serial(new(big.Int))),
		anchorRow("upload-ed25519", Either, open, algorithms, "a root with an Ed25519 key", certfactory.WithKey(certfactory.Ed25519)),
		anchorRow("upload-p384", Either, open, algorithms, "a root with a P-384 key", certfactory.WithKey(certfactory.P384)),
		anchorRow("upload-p521", Either, open, algorithms, "a root with a P-521 key", certfactory.WithKey(certfactory.P521)),
		large,
	}
}
