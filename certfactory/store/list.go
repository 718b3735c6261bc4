package store

import (
	"bufio"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// List writes what the store holds, for people to read (DC-CERT-16): every entry by
// alias and kind, every certificate by subject, issuer, serial number, validity and
// fingerprint, and what [Entry.Check] finds wrong. No private key is shown.
func (s *Store) List(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "format: %s\nentries: %d\n", s.Format, len(s.Entries))
	if s.Ignored > 0 {
		fmt.Fprintf(b, "neither certificate nor private key: %d\n", s.Ignored)
	}
	for _, e := range s.Entries {
		listEntry(b, e)
	}
	return b.Flush()
}

func listEntry(w io.Writer, e Entry) {
	fmt.Fprintf(w, "\nalias: %s\nkind: %s\n", printable(e.Alias), e.Kind())
	if e.Created.UnixMilli() > 0 {
		fmt.Fprintf(w, "created: %s\n", e.Created.UTC().Format(time.RFC3339))
	}
	if e.Kind() == PrivateKey {
		fmt.Fprintf(w, "chain length: %d\n", len(e.Chain))
	}
	if err := e.Check(); err != nil {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintf(w, "fault: %s\n", printable(strings.TrimSpace(line)))
		}
	}
	for i, der := range e.Chain {
		fmt.Fprintf(w, "certificate %d:\n", i+1)
		listCertificate(w, der)
	}
}

func listCertificate(w io.Writer, der []byte) {
	fmt.Fprintf(w, "  SHA-256: %s\n", strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(der)), " ", ":"))
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		fmt.Fprintf(w, "  unreadable: %s\n", printable(err.Error()))
		return
	}
	fmt.Fprintf(w, "  subject: %s\n  issuer: %s\n", printable(cert.Subject.String()), printable(cert.Issuer.String()))
	fmt.Fprintf(w, "  serial number: %x\n", cert.SerialNumber)
	fmt.Fprintf(w, "  valid: %s to %s\n", cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339))
	fmt.Fprintf(w, "  key: %s\n", cert.PublicKeyAlgorithm)
}

// printable quotes a text that would do more to a terminal than show itself.
func printable(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) || r == '\ufffd' {
			return strconv.Quote(s)
		}
	}
	return s
}
