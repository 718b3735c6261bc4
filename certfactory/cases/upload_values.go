package cases

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// uploadValues has the rows about the value of certInPemFormat: a good root each
// time, written in another way.
func uploadValues() []UploadCase {
	return append(lineEnds(), append(surroundings(), append(labels(), bodies()...)...)...)
}

// A spelling turns a certificate into the value of certInPemFormat.
type spelling func(b *Bench, der []byte) (string, error)

// of is a spelling that needs the certificate alone.
func of(text func(der []byte) string) spelling {
	return func(_ *Bench, der []byte) (string, error) { return text(der), nil }
}

// valueRow uploads a good root as that value.
func valueRow(id string, e Expectation, clause, basis, how string, spell spelling) UploadCase {
	build := func(b *Bench) (Upload, error) {
		der, err := b.uploadRoot().DER()
		if err != nil {
			return Upload{}, err
		}
		value, err := spell(b, der)
		if err != nil {
			return Upload{}, err
		}
		request, err := b.post(value)
		return Upload{Request: request, Certificate: der, Remaining: 1}, err
	}
	c := UploadCase{ID: id, Expectation: e, Clauses: []string{clause, "DC-REST-01"}, Basis: basis, How: how, Statuses: created, Build: build}
	switch {
	case e.Refuse():
		c.Clauses, c.Statuses, c.Build = []string{clause, "DC-REST-07"}, invalid, refused(build)
	case e == Either:
		c.Statuses = undecided
	}
	return c
}

// lines returns the PEM text line by line.
func lines(der []byte) []string { return strings.Split(textOf(der), "\n") }

func joined(separator string) spelling {
	return of(func(der []byte) string { return strings.Join(lines(der), separator) + separator })
}

// body is the base64 of a certificate on one line.
func body(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

const (
	header = "-----BEGIN CERTIFICATE-----"
	footer = "-----END CERTIFICATE-----"
)

func lineEnds() []UploadCase {
	wrapped := func(der []byte, columns int) string {
		text, rest := header+"\n", body(der)
		for len(rest) > columns {
			text, rest = text+rest[:columns]+"\n", rest[columns:]
		}
		return text + rest + "\n" + footer + "\n"
	}
	return []UploadCase{
		valueRow("pem-lf", Accept, "DC-REST-01", pemWhole, "PEM as openssl writes it", joined("\n")),
		valueRow("pem-no-newlines", Accept, "DC-REST-04", pemNoNewlines, "all line ends are taken out, so that header, body and footer stand on one line", joined("")),
		valueRow("pem-crlf", AcceptShould, "DC-REST-01", "RFC 7468 §2: parsers MUST handle different line ends", "lines end with CR LF", joined("\r\n")),
		valueRow("pem-cr-only", Either, "DC-REST-01", "RFC 7468 §2: parsers MUST handle different line ends; many do not know this one", "lines end with CR", joined("\r")),
		valueRow("pem-newlines-to-spaces", Either, "DC-REST-04", pemNoNewlines, "line ends have become spaces, as a shell makes them", joined(" ")),
		valueRow("pem-body-one-line", AcceptShould, "DC-REST-01", "RFC 7468 §2: parsers MAY bear other line lengths; "+pemNoNewlines, "the base64 stands on one line between header and footer",
			of(func(der []byte) string { return header + "\n" + body(der) + "\n" + footer + "\n" })),
		valueRow("pem-76-columns", AcceptShould, "DC-REST-01", "RFC 7468 §2: 64 characters bind the writer", "lines of 76 characters",
			of(func(der []byte) string { return wrapped(der, 76) })),
		valueRow("pem-no-final-newline", AcceptShould, "DC-REST-01", "RFC 7468 §3: the last eol is optional", "no line end follows the footer", of(textOf)),
		valueRow("pem-literal-backslash-n", Either, "DC-REST-04", pemNoNewlines, `a backslash and an n stand for each line end`, joined(`\n`)),
	}
}

func surroundings() []UploadCase {
	const explanatory = "RFC 7468 §2: text before the header is permitted; openssl x509 -text prints it"
	described := func(der []byte) string {
		return "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Signature Algorithm: ecdsa-with-SHA256\n" + textOf(der) + "\n"
	}
	large := valueRow("pem-1mb", Either, "DC-REST-07", "no bound is given; the platform answers and stays up", "1 MiB of text stands before the certificate",
		of(func(der []byte) string { return strings.Repeat("explanatory text\n", 1<<16) + textOf(der) + "\n" }))
	large.Statuses, large.Tags = []int{201, 413, 422}, []string{TagRobustness}
	return []UploadCase{
		valueRow("pem-surrounding-space", Either, "DC-REST-01", "RFC 7468 §2: parsers SHOULD ignore white space", "blank lines and spaces stand before and after",
			of(func(der []byte) string { return "\n\n  " + textOf(der) + "\n  \n\n" })),
		valueRow("pem-indented", Either, "DC-REST-01", "the example of the API description has its lines indented", "each line begins with two spaces",
			of(func(der []byte) string { return "  " + strings.Join(lines(der), "\n  ") + "\n" })),
		valueRow("pem-text-before", AcceptShould, "DC-REST-01", explanatory, "the output of openssl x509 -text: a description, then PEM", of(described)),
		valueRow("pem-text-before-no-newlines", Either, "DC-REST-04", pemNoNewlines, "the output of openssl x509 -text with all line ends taken out",
			of(func(der []byte) string { return strings.ReplaceAll(described(der), "\n", "") })),
		valueRow("pem-text-after", Either, "DC-REST-01", "RFC 7468 §2 speaks of text before the header only", "text follows the footer", of(func(der []byte) string { return textOf(der) + "\nthat was it\n" })),
		valueRow("pem-bom", Either, "DC-REST-01", "RFC 7468 knows no byte order mark", "U+FEFF stands before the header",
			of(func(der []byte) string { return "\ufeff" + textOf(der) + "\n" })),
		large,
	}
}

func labels() []UploadCase {
	labelled := func(begin, end string) spelling {
		return of(func(der []byte) string {
			text := strings.Replace(textOf(der), header, begin, 1)
			return strings.Replace(text, footer, end, 1) + "\n"
		})
	}
	return []UploadCase{
		valueRow("pem-base64-only", Either, "DC-REST-07", pemWhole, "the base64 of the DER without header and footer, as some clients send it", of(body)),
		valueRow("pem-label-x509", Either, "DC-REST-01", "RFC 7468 §5.1: for the sake of old writers only", "the label is X509 CERTIFICATE",
			labelled("-----BEGIN X509 CERTIFICATE-----", "-----END X509 CERTIFICATE-----")),
		valueRow("pem-label-lower-case", RefuseShould, "DC-REST-07", "RFC 7468 §2: labels are in upper case", "the label is in lower case",
			labelled("-----begin certificate-----", "-----end certificate-----")),
		valueRow("pem-labels-differ", Either, "DC-REST-07", "RFC 7468 §2: both labels are the same, and parsers MAY disregard the second", "the footer is that of a CRL",
			labelled(header, "-----END X509 CRL-----")),
		valueRow("pem-no-footer", Refuse, "DC-REST-07", pemWhole, "the footer is missing", labelled(header, "")),
		valueRow("pem-four-dashes", RefuseShould, "DC-REST-07", pemWhole, "header and footer have four hyphens on each side",
			labelled("----BEGIN CERTIFICATE----", "----END CERTIFICATE----")),
		valueRow("pem-headers", Either, "DC-REST-01", "RFC 7468 §2: no RFC 1421 headers", "lines with RFC 1421 headers stand before the body",
			labelled(header+"\nProc-Type: 4,CLEAR\nComment: none\n", footer)),
		valueRow("pem-pkcs7", Either, "DC-REST-07", uploadVersion3, "the label is PKCS7, the content a certificate",
			labelled("-----BEGIN PKCS7-----", "-----END PKCS7-----")),
	}
}

func bodies() []UploadCase {
	withBody := func(edit func(base64 string) string) spelling {
		return of(func(der []byte) string { return header + "\n" + edit(body(der)) + "\n" + footer + "\n" })
	}
	return []UploadCase{
		valueRow("pem-two-certificates", RefuseShould, "DC-REST-07", `"certInPemFormat" is one certificate in the example`, "a root and an intermediate in one value",
			func(b *Bench, der []byte) (string, error) {
				other, err := b.factory.Intermediate(b.uploadRoot(), b.CommonName("chainmail second")).DER()
				return string(certfactory.PEM(der, other)), err
			}),
		valueRow("pem-key-after-certificate", Refuse, "DC-REST-07", keyOnlyOwner, "the certificate's private key follows it: nothing is stored, and nothing is given back",
			func(b *Bench, der []byte) (string, error) {
				key, err := b.keyPEM()
				return string(certfactory.PEM(der)) + key, err
			}),
		valueRow("pem-csr", Refuse, "DC-REST-07", uploadVersion3, "a certificate request",
			func(b *Bench, _ []byte) (string, error) {
				der, err := request(b, b.CommonName("request"))
				return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
			}),
		valueRow("pem-bad-base64", Refuse, "DC-REST-07", pemWhole, "an asterisk stands in the base64",
			withBody(func(s string) string { return s[:40] + "*" + s[41:] })),
		valueRow("pem-base64url", Either, "DC-REST-07", "RFC 4648 §5 is another alphabet than that of PEM", "the base64 is in the URL-safe alphabet",
			withBody(func(s string) string { return strings.NewReplacer("+", "-", "/", "_").Replace(s) })),
		valueRow("pem-truncated", Refuse, "DC-REST-07", pemWhole, "the second half of the base64 is missing",
			withBody(func(s string) string { return s[:len(s)/8*4] })),
		valueRow("pem-empty-body", Refuse, "DC-REST-07", pemWhole, "nothing stands between header and footer",
			withBody(func(string) string { return "" })),
	}
}

// keyPEM is the private key of uploadRoot, as openssl writes it.
func (b *Bench) keyPEM() (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(b.uploadRoot().Signer())
	if err != nil {
		return "", fmt.Errorf("encode private key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
