package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// explained is the bench on which a case is built to be drawn: always the same, so
// that the same is shown.
func explained() *cases.Bench {
	moment := time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)
	return cases.NewBench(certfactory.New(certfactory.Seed{}, moment), "explain")
}

func explainCase(w io.Writer, c cases.Case, costly bool) error {
	p := page{w: w}
	p.title("case " + c.ID + " (" + c.Group + ")")
	p.text(c.How)
	if err := p.draw(c, costly); err != nil {
		return err
	}
	p.field("expected", expected(c.Expectation))
	p.field("because", c.Basis)
	p.field("clauses", clauseLines(c.Clauses)...)
	if control, ok := cases.ByID(c.Control); ok {
		p.field("control", c.Control+": "+control.How)
	}
	p.field("specs", specsOf(c.ID)...)
	p.field("reference", referenceSays(c))
	if len(c.RFCAlert) > 0 {
		p.field("RFC alert", strings.Join(c.RFCAlert, " or ")+" (RFC 8446 §6.2; a hint, no demand)")
	}
	var others []string
	for _, o := range c.Opinions() {
		others = append(others, o.Oracle.Program+" "+o.Oracle.Version+": "+o.Verdict+differs(c, o))
	}
	p.field("others", others...)
	p.field("tags", strings.Join(c.Tags, ", "))
	try := []string{"chainmail certs forge " + c.ID}
	for _, id := range specsOf(c.ID) {
		try = append(try, "chainmail conform --only "+id)
	}
	p.field("try it", try...)
	return p.err
}

// differs remarks where an oracle is not of the opinion of the catalogue.
func differs(c cases.Case, o cases.Opinion) string {
	switch {
	case c.Expectation.Refuse() && o.Accepted():
		return "; a platform built on it has to refuse by itself"
	case c.Expectation.Accept() && !o.Accepted():
		return "; a platform built on it has to be told to accept"
	}
	return ""
}

// referenceSays is what the reference platform makes of a case.
func referenceSays(c cases.Case) string {
	switch c.Reason {
	case "":
		return "admits the device"
	case "tls":
		return "refuses: its TLS library does so by itself"
	}
	return "refuses: " + c.Reason
}

func explainUpload(w io.Writer, c cases.UploadCase) error {
	built, err := c.Build(explained())
	if err != nil {
		return fmt.Errorf("build %s: %w", c.ID, err)
	}
	p := page{w: w}
	p.title("case " + c.ID + " (" + c.Group + ")")
	p.text(c.How)
	var before []string
	for _, r := range built.Before {
		before = append(before, requestLine(r))
	}
	p.field("before", before...)
	p.field("request", requestLine(built.Request))
	p.field("expected", expected(c.Expectation))
	p.field("status", strings.Trim(strings.ReplaceAll(fmt.Sprint(c.Statuses), " ", " or "), "[]"))
	if built.Certificate != nil {
		p.field("afterwards", fmt.Sprintf("anchors of the certificate in the first tenant: %d", built.Remaining))
	}
	p.field("because", c.Basis)
	p.field("clauses", clauseLines(c.Clauses)...)
	if control, ok := cases.UploadByID(c.Control); ok {
		p.field("control", c.Control+": "+control.How)
	}
	p.field("specs", specsOf(c.ID)...)
	p.field("tags", strings.Join(c.Tags, ", "))
	try := []string{"chainmail certs forge " + c.ID}
	for _, id := range specsOf(c.ID) {
		try = append(try, "chainmail conform --only "+id)
	}
	p.field("try it", try...)
	return p.err
}

// requestLine is a request in one line, its body only by size.
func requestLine(r cases.Request) string {
	line := fmt.Sprintf("%s /tenant/tenants/<tenant %d>/trusted-certificates", r.Method, r.Tenant+1)
	if r.Fingerprint != "" {
		line += "/" + r.Fingerprint
	}
	if r.Query != "" {
		line += "?" + r.Query
	}
	if len(r.Body) > 0 {
		line += fmt.Sprintf(", %s of %d bytes", r.ContentType, len(r.Body))
	}
	who := fmt.Sprintf(", as an administrator of tenant %d", r.As+1)
	if r.Unprivileged {
		who = fmt.Sprintf(", as a user of tenant %d without the roles", r.As+1)
	}
	return line + who
}
