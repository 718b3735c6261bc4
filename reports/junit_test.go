package reports_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

// node is any XML element, as found.
type node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []node     `xml:",any"`
	Text     string     `xml:",chardata"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (n node) all(name string) []node {
	var list []node
	for _, c := range n.Children {
		if c.XMLName.Local == name {
			list = append(list, c)
		}
	}
	return list
}

func junit(t *testing.T, r reports.Report) (string, node) {
	t.Helper()
	var b bytes.Buffer
	if err := reports.JUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	var doc node
	if err := xml.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatalf("not well-formed: %v\n%s", err, b.Bytes())
	}
	return b.String(), doc
}

// grammar is what Jenkins' schema for JUnit allows, and what the older one that
// other readers follow asks of the order: attributes (those that must be there
// with a "!") and children in their order.
var grammar = map[string]struct{ attrs, children []string }{
	"testsuites": {[]string{"name!", "tests!", "failures!", "errors!", "time!"}, []string{"testsuite"}},
	"testsuite":  {[]string{"name!", "tests!", "failures!", "errors!", "skipped!", "time!", "timestamp!"}, []string{"properties", "testcase"}},
	"properties": {nil, []string{"property"}},
	"property":   {[]string{"name!", "value!"}, nil},
	"testcase":   {[]string{"classname!", "name!", "time!"}, []string{"skipped", "error", "failure", "system-out"}},
	"skipped":    {[]string{"message"}, nil},
	"error":      {[]string{"type!", "message"}, nil},
	"failure":    {[]string{"type!", "message"}, nil},
	"system-out": {nil, nil},
}

var (
	decimal   = regexp.MustCompile(`^[0-9]+\.[0-9]{3}$`)
	timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`)
)

// checkStructure returns every way in which n breaks the grammar.
func checkStructure(n node) error {
	var errs []error
	name := n.XMLName.Local
	rule, ok := grammar[name]
	if !ok {
		return fmt.Errorf("element %s is not JUnit", name)
	}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(name+": "+format, args...)) }
	for _, a := range n.Attrs {
		if !slices.Contains(rule.attrs, a.Name.Local) && !slices.Contains(rule.attrs, a.Name.Local+"!") {
			bad("attribute %s is not JUnit", a.Name.Local)
		}
		switch a.Name.Local {
		case "time":
			if !decimal.MatchString(a.Value) {
				bad("time is %q", a.Value)
			}
		case "timestamp":
			if !timestamp.MatchString(a.Value) {
				bad("timestamp is %q", a.Value)
			}
		}
	}
	for _, want := range rule.attrs {
		if required, ok := strings.CutSuffix(want, "!"); ok && n.attr(required) == "" {
			bad("attribute %s is missing or empty", required)
		}
	}
	place := 0
	for _, c := range n.Children {
		at := slices.Index(rule.children, c.XMLName.Local)
		if at < place {
			bad("%s has no place here", c.XMLName.Local)
			continue
		}
		place = at
		errs = append(errs, checkStructure(c))
	}
	if name == "testcase" && len(n.all("skipped"))+len(n.all("error"))+len(n.all("failure")) > 1 {
		bad("more than one result")
	}
	return errors.Join(errs...)
}

// checkCounts returns where the numbers of n differ from what it holds.
func checkCounts(n node) error {
	var errs []error
	sum := map[string]int{}
	for _, s := range n.all("testsuite") {
		got := map[string]int{"tests": len(s.all("testcase"))}
		for _, c := range s.all("testcase") {
			got["failures"] += len(c.all("failure"))
			got["errors"] += len(c.all("error"))
			got["skipped"] += len(c.all("skipped"))
		}
		for what, n := range got {
			sum[what] += n
			if s.attr(what) != strconv.Itoa(n) {
				errs = append(errs, fmt.Errorf("testsuite %s says %s=%s and has %d", s.attr("name"), what, s.attr(what), n))
			}
		}
	}
	for _, what := range []string{"tests", "failures", "errors"} {
		if n.attr(what) != strconv.Itoa(sum[what]) {
			errs = append(errs, fmt.Errorf("testsuites says %s=%s and has %d", what, n.attr(what), sum[what]))
		}
	}
	return errors.Join(errs...)
}

func TestJUnitStructureCountsAndColour(t *testing.T) {
	strict := everyVerdict()
	strict.Strict = true
	warned := header()
	warned.Strict = true
	warned.Selected = []string{warning().ID}
	tests := map[string]reports.Report{
		"every verdict":          everyVerdict(),
		"every verdict, strict":  strict,
		"conformant":             run(passes(), reports.End{}),
		"warned":                 run([]reports.Result{warning()}, reports.End{}),
		"warned, strict":         reports.Assemble(warned, []reports.Result{warning()}, reports.End{}),
		"interrupted":            run(passes(), reports.End{Interrupted: true}),
		"interrupted, missing":   run(passes(), reports.End{Interrupted: true}, "chain/a"),
		"unreachable":            run(nil, reports.End{Unreachable: "connection refused"}, "chain/a"),
		"fault outside a spec":   run(passes(), reports.End{Fault: "the disk is full"}),
		"nothing selected":       run(nil, reports.End{}),
		"nothing applicable":     run([]reports.Result{notApplicable("three")}, reports.End{}),
		"one result twice":       reports.Assemble(reports.Header{Tool: header().Tool, Started: noon(), Profile: "p", Seed: "s", Target: header().Target, Selected: []string{warning().ID}}, []reports.Result{warning(), warning()}, reports.End{}),
		"a result not selected":  reports.Assemble(reports.Header{Tool: header().Tool, Started: noon(), Profile: "p", Seed: "s", Target: header().Target, Selected: []string{warning().ID}}, append(passes(), warning()), reports.End{}),
		"only fail":              run([]reports.Result{failure()}, reports.End{}),
		"only error":             run([]reports.Result{fault()}, reports.End{}),
		"only inconclusive":      run([]reports.Result{inconclusive("tls1.2")}, reports.End{}),
		"pass and not selected ": run(passes(), reports.End{}, "chain/a"),
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			_, doc := junit(t, r)
			if err := checkStructure(doc); err != nil {
				t.Error(err)
			}
			if err := checkCounts(doc); err != nil {
				t.Error(err)
			}
			green := doc.attr("failures") == "0" && doc.attr("errors") == "0"
			if green != (r.ExitCode == 0) {
				t.Errorf("green is %t, exit code is %d", green, r.ExitCode)
			}
		})
	}
}

func TestJUnitCases(t *testing.T) {
	_, doc := junit(t, everyVerdict())
	got := map[string]string{}
	for _, s := range doc.all("testsuite") {
		for _, c := range s.all("testcase") {
			if want := "chainmail." + s.attr("name"); c.attr("classname") != want {
				t.Errorf("%s has classname %q, want %q", c.attr("name"), c.attr("classname"), want)
			}
			got[c.attr("name")] = "passed"
			for _, child := range c.Children {
				got[c.attr("name")] = strings.TrimSpace(child.XMLName.Local + " " + child.attr("type"))
			}
		}
	}
	want := map[string]string{
		"transport/no-certificate":                   "passed",
		"chain/valid-direct":                         "passed",
		"chain/expired-leaf@tls1.3":                  "passed",
		"token/on-request":                           "passed",
		"chain/expired-leaf@tls1.2":                  "failure DC-CHAIN-12",
		"registration/auto-off-refuses-unregistered": "failure DC-REG-02",
		"chain/order-anchor-first":                   "system-out",
		"token/default-lifetime@tls1.2":              "error inconclusive",
		"token/default-lifetime@tls1.3":              "error inconclusive",
		"chain/length-three":                         "skipped",
		"chain/length-ten":                           "skipped",
		"transport/websocket":                        "error error",
		"token/renewal":                              "error missing",
		"chain/order-swapped":                        "skipped",
		"chain/valid-two":                            "failure unexpected-pass",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("testcases (-want +got):\n%s", diff)
	}
}

func TestJUnitReplacesWhatXMLCannotHold(t *testing.T) {
	r := failure()
	r.Reason = "a bell \x07, an escape \x1b[2J, not UTF-8 \xff, a noncharacter \uFFFE, ]]> & <b>"
	r.Observed = r.Reason
	text, doc := junit(t, run([]reports.Result{r}, reports.End{}))
	for _, c := range text {
		if c < 0x20 && c != '\n' && c != '\t' && c != '\r' || c == 0xFFFE || c == 0xFFFF {
			t.Errorf("character %#x is not of XML 1.0", c)
		}
	}
	message := doc.all("testsuite")[0].all("testcase")[0].all("failure")[0].attr("message")
	if want := "a bell \uFFFD, an escape \uFFFD[2J, not UTF-8 \uFFFD, a noncharacter \uFFFD, ]]> & <b>"; message != want {
		t.Errorf("message %q, want %q", message, want)
	}
}

func TestJUnitGolden(t *testing.T) {
	text, _ := junit(t, everyVerdict())
	golden(t, "junit.golden.xml", []byte(text))
}

// full is a writer on a device that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWritersReportErrors(t *testing.T) {
	r := everyVerdict()
	if err := reports.JUnit(full{}, r); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("JUnit: %v", err)
	}
	if err := r.WriteJSON(full{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("WriteJSON: %v", err)
	}
	if err := reports.Terminal(full{}, r, reports.TerminalOptions{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("Terminal: %v", err)
	}
}

// TestJUnitTextIsReadAsWritten: the story of a failure keeps its lines, and the
// end of a CDATA section in it does not end the element.
func TestJUnitTextIsReadAsWritten(t *testing.T) {
	r := failure()
	r.Observed = "]]></failure><failure>"
	_, doc := junit(t, run([]reports.Result{r}, reports.End{}))
	failures := doc.all("testsuite")[0].all("testcase")[0].all("failure")
	if len(failures) != 1 {
		t.Fatalf("%d failures, want 1", len(failures))
	}
	if want := "\nobserved: " + r.Observed + "\n"; !strings.Contains(failures[0].Text, want) {
		t.Errorf("text %q lacks %q", failures[0].Text, want)
	}
}
