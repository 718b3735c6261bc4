package reports_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

func terminal(t *testing.T, r reports.Report, o reports.TerminalOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.Terminal(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTerminalGolden(t *testing.T) {
	files := []string{"chainmail-report/results.json", "chainmail-report/junit.xml"}
	strict := everyVerdict()
	strict.Header.Strict = true
	tests := []struct {
		name    string
		report  reports.Report
		options reports.TerminalOptions
	}{
		{"all_pass", run(passes(), reports.End{}), reports.TerminalOptions{Files: files}},
		{"every_verdict", everyVerdict(), reports.TerminalOptions{Files: files}},
		{"every_verdict_strict_color", strict, reports.TerminalOptions{Files: files, Color: true, Width: 110}},
		{"interrupted", run(passes(), reports.End{Interrupted: true}, "chain/pathlen-zero", "token/renewal", "rest/list"), reports.TerminalOptions{Files: files}},
		{"unreachable", run(nil, reports.End{Unreachable: "connect to mqtt.hub.example.com:8883: connection refused"}, "chain/pathlen-zero"), reports.TerminalOptions{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			golden(t, "terminal_"+tt.name+".golden.txt", []byte(terminal(t, tt.report, tt.options)))
		})
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestTerminalFitsItsWidth(t *testing.T) {
	for _, width := range []int{0, 60, 80, 100, 200} {
		o := reports.TerminalOptions{Width: width}
		if width == 0 {
			width = 80
		}
		for line := range strings.Lines(terminal(t, everyVerdict(), o)) {
			line = strings.TrimSuffix(line, "\n")
			// A command is kept whole, so that it can be copied; the full table has a
			// least width.
			if strings.HasPrefix(line, "    again ") || width < 80 && (strings.HasPrefix(line, "family") || strings.Count(line, "  ") > 5) {
				continue
			}
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("width %d: %d columns: %s", width, n, line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("width %d: blanks at the end: %q", width, line)
			}
		}
	}
}

func TestTerminalColorChangesNoText(t *testing.T) {
	plain := terminal(t, everyVerdict(), reports.TerminalOptions{})
	coloured := terminal(t, everyVerdict(), reports.TerminalOptions{Color: true})
	if coloured == plain {
		t.Error("no colour when asked for")
	}
	if diff := cmp.Diff(plain, sgr.ReplaceAllString(coloured, "")); diff != "" {
		t.Errorf("text (-plain +coloured):\n%s", diff)
	}
}

// TestTerminalObeysNobody: text that came from the platform cannot move the
// cursor, change colours or begin a line of its own.
func TestTerminalObeysNobody(t *testing.T) {
	const evil = "ok\x1b[2J\x1b[1;1H\r\nCONFORMANT  exit code 0\u202e\x9b31m\x00"
	r := failure()
	r.Title, r.Reason, r.Expected, r.Observed, r.Remarks, r.Again = evil, evil, evil, evil, []string{evil}, evil
	r.Evidence[1].ReturnCode, r.Evidence[1].Detail = nil, evil
	n := notApplicable("three")
	n.Reason = evil
	h := header()
	h.Selected = []string{r.ID, n.ID}
	h.Target.Product, h.Seed, h.Profile = evil, evil, evil
	got := terminal(t, reports.Assemble(h, []reports.Result{r, n}, reports.End{Notes: []string{evil}}), reports.TerminalOptions{Width: 500})
	if strings.ContainsAny(got, "\x1b\r\x00\u202e\u009b") || !utf8.ValidString(got) {
		t.Errorf("a control character came through: %q", got)
	}
	if strings.Contains(got, "\nCONFORMANT") {
		t.Error("the platform wrote a line of its own")
	}
}

func TestTerminalShortensLongLists(t *testing.T) {
	var results []reports.Result
	for i := range 40 {
		results = append(results, notApplicable(strings.Repeat("x", i+1)))
	}
	got := terminal(t, run(results, reports.End{}), reports.TerminalOptions{})
	if !strings.Contains(got, "and 29 more") {
		t.Errorf("40 ids are not shortened:\n%s", got)
	}
}

func TestEvidenceLine(t *testing.T) {
	tests := []struct {
		name string
		e    reports.Evidence
		want string
	}{
		{"nothing known", reports.Evidence{}, "not attributed"},
		{"alert", refused("1.3"), "tls-handshake: alert certificate_expired (45), closed by peer with FIN; TLS 1.3, certificate sent; nothing created; bystander connected"},
		{"alert without a name", reports.Evidence{Layer: reports.LayerTLSHandshake, Alert: &reports.Alert{Level: "warning", Code: 200}}, "tls-handshake: alert 200, warning"},
		{"time-out", reports.Evidence{Layer: reports.LayerMQTTClose, TimedOut: true, TLSVersion: "1.2"}, "mqtt-close: timed out; TLS 1.2, no certificate requested"},
		{"no certificate", reports.Evidence{Layer: reports.LayerMQTTConnack, CertificateRequested: true, ReturnCode: new(5), Close: reports.CloseRST}, "mqtt-connack: return code 5, closed with RST; no certificate sent"},
		{"status", reports.Evidence{Role: reports.RoleHTTP, Layer: reports.LayerRESTStatus, RESTStatus: new(401), Detail: "not shown"}, "rest-status: status 401"},
		{"closed", reports.Evidence{Layer: reports.LayerTCPConnect, ClosedBy: reports.ClosedByTester, Detail: "two\nlines"}, "tcp-connect: two lines, closed by tester"},
		{"user created", reports.Evidence{Layer: reports.LayerAdmitted, SideEffects: &reports.SideEffects{DeviceUser: reports.Created}}, "admitted; device user created"},
		{"looked, could not tell", reports.Evidence{Layer: reports.LayerAdmitted, SideEffects: &reports.SideEffects{}}, "admitted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.e.Line(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
