package cases

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// serialNumbers has the rows about the serial number of the device certificate.
func serialNumbers() []Case {
	row := func(id string, e Expectation, basis, how, fault, reason string, serial []byte) Case {
		c := Case{
			ID: id, Expectation: e, Clauses: []string{"DC-CHAIN-20"}, Basis: basis, How: how, Reason: reason,
			Build: direct(leaf(mutate("serial number", func(p *certfactory.Parts) { p.Serial = serial }))),
		}
		if e.Refuse() {
			c.Fault, c.Control, c.RFCAlert = "leaf.serial: "+fault, "valid-direct", []string{"decode_error"}
		}
		return c
	}
	octets := func(n int) []byte {
		return certfactory.Element(certfactory.TagInteger, append([]byte{0x5a}, make([]byte, n-1)...))
	}
	const positive = "RFC 5280 §4.1.2.2: MUST be positive; readers SHOULD bear others"
	const twenty = "RFC 5280 §4.1.2.2: readers MUST handle up to 20 octets"
	longest := row("serial-1000-octets", RefuseShould, twenty, "the serial number has 1000 octets", "1000 octets", "bad-serial", octets(1000))
	longest.RFCAlert = []string{"bad_certificate"}
	return []Case{
		row("serial-zero", Either, positive, "the serial number is 0", "", "bad-serial", integer(0)),
		row("serial-negative", Either, positive, "the serial number is -5", "", "tls", integer(-5)),
		row("serial-20-octets", Accept, twenty, "the serial number has 20 octets", "", "", octets(20)),
		row("serial-21-octets", Either, twenty, "the serial number has 21 octets", "", "bad-serial", octets(21)),
		longest,
		row("serial-non-minimal", RefuseShould, "X.690 §8.3.2: the fewest octets", "the serial number is 5 in two octets", "02 02 00 05", "tls", []byte{2, 2, 0, 5}),
		row("serial-no-octets", RefuseShould, "X.690 §8.3.1: one octet at least", "the serial number has no octets", "02 00", "tls", []byte{2, 0}),
		{
			ID: "serial-duplicate", Expectation: Either, Clauses: []string{"DC-CHAIN-20"}, Basis: serialUnique,
			How: "every device of the run that presents this row has the same serial number",
			Build: direct(func(p *plan) {
				leaf(serial(new(big.Int).SetBytes([]byte("chainmail " + p.factory.Tag("serial")[:6]))))(p)
			}),
		},
	}
}

// encoding has the rows whose entries are not the DER of a certificate.
func encoding() []Case {
	return append(notCertificates(), append(notDER(), hostile()...)...)
}

// entryRow replaces the device's entry in what is sent.
func entryRow(id string, e Expectation, basis, how, reason string, edit func(*plan, []byte) ([]byte, error)) Case {
	return Case{
		ID: id, Expectation: e, Clauses: []string{"DC-CHAIN-20"}, Basis: basis, How: how, Fault: "leaf.bytes: what is sent for the device",
		Control: "valid-direct", Reason: reason, RFCAlert: []string{"decode_error", "bad_certificate"},
		Build: direct(then(func(p *plan, pr *presentation) (err error) {
			pr.Chain[0], err = edit(p, pr.Chain[0])
			return err
		})),
	}
}

const wholeCertificate = "RFC 8446 §4.4.2, RFC 5280 §4.1: an entry is one certificate"

func notCertificates() []Case {
	garbageAfter := Case{
		ID: "der-garbage-root", Expectation: Refuse, MaxLength: 3, Clauses: []string{"DC-CHAIN-20"}, Basis: wholeCertificate,
		How: "device certificate, root, then 200 random bytes", Fault: "chain: an entry that is no certificate", Control: "valid-one-intermediate",
		Reason: "tls", RFCAlert: []string{"bad_certificate", "decode_error"},
		Build: direct(then(func(p *plan, pr *presentation) error {
			pr.Chain = append(pr.Chain, garbage(p.Bench, 200))
			return nil
		})),
	}
	return []Case{
		entryRow("der-garbage", Refuse, wholeCertificate, "200 random bytes stand for the device certificate", "tls",
			func(p *plan, _ []byte) ([]byte, error) { return garbage(p.Bench, 200), nil }),
		garbageAfter,
		entryRow("der-empty-entry", Refuse, "RFC 8446 §4.4.2: cert_data<1..2^24-1>", "the device's entry has no bytes", "tls",
			func(*plan, []byte) ([]byte, error) { return []byte{}, nil }),
		entryRow("der-truncated", Refuse, wholeCertificate, "the device certificate is cut in half", "tls",
			func(_ *plan, der []byte) ([]byte, error) { return der[:len(der)/2], nil }),
		entryRow("der-two-certificates-in-entry", RefuseShould, wholeCertificate, "the device's entry holds its certificate and the root behind it", "tls",
			func(p *plan, der []byte) ([]byte, error) {
				other, err := p.root.DER()
				return slices.Concat(der, other), err
			}),
		entryRow("der-is-pem", RefuseShould, wholeCertificate, "the device's entry holds its certificate as PEM text", "tls",
			func(_ *plan, der []byte) ([]byte, error) { return certfactory.PEM(der), nil }),
		entryRow("der-is-private-key", Refuse, wholeCertificate, "the device's entry holds a private key (PKCS #8) that was made for this", "tls",
			func(p *plan, _ []byte) ([]byte, error) { return x509.MarshalPKCS8PrivateKey(p.key("sent away")) }),
		entryRow("der-is-csr", Refuse, wholeCertificate, "the device's entry holds a certificate request (PKCS #10)", "tls",
			func(p *plan, _ []byte) ([]byte, error) { return request(p.Bench, p.commonName) }),
	}
}

// request is a certificate request for a common name.
func request(b *Bench, commonName string) ([]byte, error) {
	t := &x509.CertificateRequest{RawSubject: sequence(rdn(atv(oidCN, certfactory.TagUTF8String, []byte(commonName))))}
	// A P-256 key without a source of randomness signs deterministically.
	der, err := x509.CreateCertificateRequest(nil, t, b.key("request"))
	if err != nil {
		return nil, fmt.Errorf("make certificate request: %w", err)
	}
	return der, nil
}

func notDER() []Case {
	trailing := Case{
		ID: "der-trailing-in-certificate", Expectation: RefuseShould, Clauses: []string{"DC-CHAIN-20"}, Basis: "RFC 5280 §4.1: a certificate has three fields",
		How: "a NULL follows the signature within the device certificate", Fault: "leaf.outerTail: a NULL", Control: "valid-direct",
		Reason: "not-der", RFCAlert: []string{"decode_error", "bad_certificate"},
		Build: direct(leaf(mutate("trailing field", func(p *certfactory.Parts) { p.OuterTail = certfactory.Element(certfactory.TagNull) }))),
	}
	inside := trailing
	inside.ID, inside.How, inside.Fault = "der-trailing-in-tbs", "a NULL follows the extensions within what is signed of the device certificate", "leaf.tail: a NULL"
	inside.Basis = "RFC 5280 §4.1: the extensions are the last field"
	inside.Build = direct(leaf(mutate("trailing field", func(p *certfactory.Parts) { p.Tail = certfactory.Element(certfactory.TagNull) })))
	return []Case{
		entryRow("der-trailing-bytes", RefuseShould, "X.690: nothing follows the value", "two zero octets follow the device certificate in its entry", "tls",
			func(_ *plan, der []byte) ([]byte, error) { return append(slices.Clone(der), 0, 0), nil }),
		trailing, inside,
		entryRow("ber-indefinite-length", RefuseShould, "X.690 §10.1: DER has definite lengths", "the outer SEQUENCE of the device certificate has an indefinite length", "tls",
			func(_ *plan, der []byte) ([]byte, error) { return indefinite(der) }),
	}
}

// indefinite writes an element with indefinite length and end-of-contents octets.
func indefinite(der []byte) ([]byte, error) {
	var v asn1.RawValue
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return slices.Concat([]byte{der[0], 0x80}, v.Bytes, []byte{0, 0}), nil
}

func hostile() []Case {
	rows := []Case{
		entryRow("der-length-overflow", Refuse, wholeCertificate, "the device's entry is a SEQUENCE whose length says 4 GiB", "tls",
			func(*plan, []byte) ([]byte, error) {
				return []byte{certfactory.TagSequence, 0x84, 0xff, 0xff, 0xff, 0xff}, nil
			}),
		entryRow("der-deep-nesting", Refuse, wholeCertificate, "the device's entry is 20000 SEQUENCEs, one in the other", "tls",
			func(*plan, []byte) ([]byte, error) { return nested(20000), nil }),
		entryRow("der-huge-1mb", Refuse, wholeCertificate, "the device's entry is 1 MiB of zeros", "tls",
			func(*plan, []byte) ([]byte, error) { return make([]byte, 1<<20), nil }),
	}
	for i := range rows {
		rows[i].Tags = []string{TagRobustness}
	}
	return rows
}

// nested puts SEQUENCEs into each other, each with a length of three octets.
func nested(depth int) []byte {
	const header = 5
	b := make([]byte, 0, depth*header)
	for n := (depth - 1) * header; n >= 0; n -= header {
		b = append(b, certfactory.TagSequence, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return b
}
