package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The JUnit elements that GitLab, Jenkins and the common GitHub actions agree
// on, in the order in which the stricter schemas want them.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		time       Milliseconds
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class     string        `xml:"classname,attr"`
		Name      string        `xml:"name,attr"`
		Time      string        `xml:"time,attr"`
		Skipped   *junitSkipped `xml:"skipped"`
		Error     *junitProblem `xml:"error"`
		Failure   *junitProblem `xml:"failure"`
		SystemOut *junitText    `xml:"system-out"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitProblem struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}
	junitText struct {
		Text string `xml:",cdata"`
	}
)

// JUnit writes r as JUnit XML: a testsuite a family, a testcase a result. Fail
// is a failure whose type is the clause, an unexpected pass one of its own type; error, inconclusive and a selected
// spec without a result are errors; not-applicable and waived are skipped; warn passes
// with its story in system-out, or is a failure in a strict run.
//
// A gate that looks at nothing but this file must not be green when the exit
// code is not 0. Where no testcase tells it, the testcase "outcome" of the
// testsuite "run" does.
func JUnit(w io.Writer, r Report) error {
	doc := junitSuites{Name: oneLine(r.Tool.Name)}
	var total Milliseconds
	for _, f := range r.families() {
		s := r.junitSuite(f.name)
		for _, result := range f.results {
			s.add(junitCaseOf(result, r.Strict), result.Duration)
		}
		for _, id := range f.missing {
			s.add(r.junitMissing(f.name, id), 0)
		}
		total += s.time
		doc.add(s)
	}
	if r.Outcome != Conformant && doc.Failures+doc.Errors == 0 {
		s := r.junitSuite("run")
		s.add(r.junitOutcome(), 0)
		doc.add(s)
	}
	doc.Time = seconds(total)
	return doc.write(w)
}

func (d *junitSuites) add(s junitSuite) {
	s.Time = seconds(s.time)
	d.Suites = append(d.Suites, s)
	d.Tests += s.Tests
	d.Failures += s.Failures
	d.Errors += s.Errors
}

func (d junitSuites) write(w io.Writer) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(d); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	return nil
}

// junitSuite is a testsuite without cases. Its timestamp is UTC without a zone,
// as the schemas want it.
func (r Report) junitSuite(name string) junitSuite {
	return junitSuite{
		Name:      name,
		Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"tool", strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version)},
			{"calibration", r.calibrated()},
			{"profile", r.Profile},
			{"seed", r.Seed},
			{"strict", strconv.FormatBool(r.Strict)},
			{"target", r.Target.String()},
			{"outcome", string(r.Outcome)},
		},
	}
}

// add appends c and keeps the counts right.
func (s *junitSuite) add(c junitCase, d Milliseconds) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	s.time += d
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

func junitCaseOf(r Result, strict bool) junitCase {
	c := junitCase{Class: "chainmail." + r.Family, Name: r.ID, Time: seconds(r.Duration)}
	problem := func(kind string) *junitProblem {
		return &junitProblem{Type: kind, Message: oneLine(r.Reason), Text: r.story()}
	}
	switch r.Verdict {
	case Pass:
	case NotApplicable:
		c.Skipped = &junitSkipped{Message: oneLine(r.Reason)}
	case Waived:
		c.Skipped = &junitSkipped{Message: oneLine(r.Waiver.String())}
	case UnexpectedPass:
		c.Failure = problem(string(UnexpectedPass))
	case Fail:
		c.Failure = problem(r.clause())
	case Warn:
		if strict {
			c.Failure = problem(r.clause())
		} else {
			c.SystemOut = &junitText{Text: "warn: " + r.story()}
		}
	default:
		c.Error = problem(string(r.Verdict))
	}
	return c
}

func (r Report) junitMissing(family, id string) junitCase {
	return junitCase{
		Class: "chainmail." + family, Name: id, Time: seconds(0),
		Error: &junitProblem{Type: "missing", Message: "selected, without a result", Text: xmlText(strings.Join(r.Reasons, "\n"))},
	}
}

func (r Report) junitOutcome() junitCase {
	return junitCase{
		Class: "chainmail.run", Name: "outcome", Time: seconds(0),
		Error: &junitProblem{Type: string(r.Outcome), Message: oneLine(strings.Join(r.Reasons, "; ")), Text: xmlText(strings.Join(r.Reasons, "\n"))},
	}
}

// clause is the id of what the result is about.
func (r Result) clause() string {
	if len(r.Clauses) == 0 {
		return ""
	}
	return r.Clauses[0]
}

// story tells the result for somebody who sees nothing else of it.
func (r Result) story() string {
	var b strings.Builder
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s: %s\n", label, oneLine(text))
		}
	}
	fmt.Fprintf(&b, "%s\n", oneLine(r.Title))
	line("reason", r.Reason)
	line("clauses", strings.Join(r.Clauses, ", "))
	line("level", r.Level)
	line("expected", r.Expected)
	line("observed", r.Observed)
	for _, e := range r.Evidence {
		line(e.Role, e.Line())
	}
	for _, remark := range r.Remarks {
		line("remark", remark)
	}
	line("evidence", strings.Join(r.Artifacts, " "))
	line("again", r.Again)
	return xmlText(b.String())
}

// xmlText replaces what XML 1.0 cannot hold. In attributes encoding/xml does
// so itself; in CDATA, which keeps the lines of a text readable, it does not.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		legal := r == '\t' || r == '\n' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
		if !legal {
			return '\uFFFD'
		}
		return r
	}, s)
}

// String names the target as a person would: product and version, or the name
// in the target file, with the address.
func (t Target) String() string {
	t = t.redacted()
	name := strings.Join(strings.Fields(strings.Join([]string{t.Organization, t.Product, t.Version}, " ")), " ")
	switch {
	case name == "":
		name = t.Name
	case t.Name != "":
		name = t.Name + " (" + name + ")"
	}
	if t.MQTTAddress != "" {
		name = strings.TrimSpace(name + " at " + t.MQTTAddress)
	}
	return oneLine(name)
}

// seconds writes m as a decimal number of seconds, with a point whatever the
// locale.
func seconds(m Milliseconds) string {
	return strconv.FormatFloat(float64(m)/1000, 'f', 3, 64)
}
