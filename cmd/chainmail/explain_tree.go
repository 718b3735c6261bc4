package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// Of a long chain only so many certificates are drawn from each end.
const drawnEnd = 3

// draw shows what a case sends: the device first, each certificate above hung
// below the one that it should have signed, what is broken and what is trusted
// marked beside it.
func (p *page) draw(c cases.Case, costly bool) error {
	if c.Tagged(cases.TagCostly) && !costly {
		p.field("sent", "takes long to make: --costly draws it")
		return p.err
	}
	built, err := c.Build(explained())
	if err != nil {
		return fmt.Errorf("build %s: %w", c.ID, err)
	}
	fields, fault, _ := strings.Cut(c.Fault, ": ")
	broken := strings.Split(fields, ", ")
	p.section("sent, in this order")
	n := len(built.Chain)
	for i, der := range built.Chain {
		if n > 2*drawnEnd+1 && i >= drawnEnd && i < n-drawnEnd {
			if i == drawnEnd {
				p.line(fmt.Sprintf("%s… %d more", branch(i), n-2*drawnEnd), "")
			}
			continue
		}
		depth := i
		if n > 2*drawnEnd+1 && i >= n-drawnEnd {
			depth = i - (n - 2*drawnEnd) + 1
		}
		marks := anchorMarks(built, der)
		if hit := ofRole(broken, roleAt(i, n)); hit != "" {
			marks = append([]string{"BROKEN " + hit + ": " + fault}, marks...)
		}
		p.line(branch(depth)+describe(der), strings.Join(marks, "; "))
	}
	for _, a := range built.Anchors {
		if !slices.ContainsFunc(built.Chain, func(der []byte) bool { return bytes.Equal(der, a.DER) }) {
			p.line("(not sent) "+describe(a.DER), strings.Join(anchorMarks(built, a.DER), "; "))
		}
	}
	p.drawWhole(broken, fault)
	p.endDrawing()
	p.field("client id", legible(built.ClientID))
	p.field("length", fmt.Sprintf("%d sent; the platform's maximum is set to %d", n, built.MaxLength))
	return p.err
}

// drawWhole marks faults that are in no one certificate.
func (p *page) drawWhole(broken []string, fault string) {
	for _, whole := range []string{"chain", "anchors", "clientID", "key"} {
		if slices.Contains(broken, whole) {
			p.line("("+whole+")", "BROKEN "+fault)
		}
	}
}

// branch is what hangs a certificate below the one before it.
func branch(depth int) string {
	if depth == 0 {
		return ""
	}
	return strings.Repeat("   ", depth-1) + "└─ "
}

// roleAt is how faults name the certificate at a place of the chain.
func roleAt(i, n int) string {
	switch i {
	case 0:
		return "leaf"
	case n - 1:
		return "root"
	}
	return fmt.Sprintf("ca%d", i-1)
}

// ofRole returns the fields of the certificate of that role, without the role.
func ofRole(fields []string, role string) string {
	var names []string
	for _, f := range fields {
		if name, ok := strings.CutPrefix(f, role+"."); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func anchorMarks(p certfactory.Presentation, der []byte) []string {
	var marks []string
	for _, a := range p.Anchors {
		if !bytes.Equal(a.DER, der) {
			continue
		}
		mark := fmt.Sprintf("ANCHOR of tenant %d", a.Tenant+1)
		if a.Disabled {
			mark += ", DISABLED"
		}
		if !a.AutoRegistration {
			mark += ", no auto registration"
		}
		marks = append(marks, mark)
	}
	return marks
}

// describe is a certificate in a few words.
func describe(der []byte) string {
	parts, err := certfactory.TakeApart(der)
	if err != nil {
		return fmt.Sprintf("%d bytes that are no certificate", len(der))
	}
	name := commonName(parts.Subject)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return name + " [" + strings.TrimPrefix(err.Error(), "x509: ") + "]"
	}
	var facts []string
	switch {
	case cert.IsCA && (cert.MaxPathLen > 0 || cert.MaxPathLenZero):
		facts = append(facts, fmt.Sprintf("CA, pathlen %d", cert.MaxPathLen))
	case cert.IsCA:
		facts = append(facts, "CA")
	}
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		facts = append(facts, fmt.Sprintf("RSA %d", key.N.BitLen()))
	case *ecdsa.PublicKey:
		facts = append(facts, key.Params().Name)
	default:
		facts = append(facts, cert.PublicKeyAlgorithm.String())
	}
	return name + " [" + strings.Join(facts, ", ") + "]"
}

// commonName returns the last common name of a subject, or the subject as it can
// be shown.
func commonName(subject []byte) string {
	var rdn pkix.RDNSequence
	if _, err := asn1.Unmarshal(subject, &rdn); err != nil {
		return "a name that cannot be read"
	}
	var name pkix.Name
	name.FillFromRDNSequence(&rdn)
	switch {
	case name.CommonName != "":
		return legible(name.CommonName)
	case len(rdn) == 0:
		return "no name"
	}
	return legible(rdn.String())
}

// legible makes text fit a line: cut short, and quoted where it could be misread.
func legible(s string) string {
	const longest = 48
	rest := ""
	if r := []rune(s); len(r) > longest {
		s, rest = string(r[:longest]), fmt.Sprintf("… (%d characters)", len(r))
	}
	if quoted := fmt.Sprintf("%+q", s); quoted != `"`+s+`"` || strings.TrimSpace(s) != s || s == "" {
		s = quoted
	}
	return s + rest
}
