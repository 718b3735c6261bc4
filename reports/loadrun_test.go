package reports_test

import (
	"bytes"
	"encoding/xml"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

func loadTerminal(t *testing.T, r reports.LoadReport, o reports.TerminalOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.LoadTerminal(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// nothing is a run that ended before it began.
func nothing() reports.LoadReport {
	return judged(reports.LoadReport{Schema: reports.LoadSchema, LoadHeader: loadHeader(), Finished: noon()},
		reports.LoadEnd{Unreachable: "connect to 127.0.0.1:8883: connection refused"})
}

func TestLoadTerminalGolden(t *testing.T) {
	files := []string{"chainmail-load/load.json"}
	early := badLoadRun()
	early.Holes, early.Early = nil, "ended after 4 s, because failed < 0.1% was broken: observed 4.4%"
	early.Arrivals = []reports.LoadArrivals{{Role: "good", Due: 400, Ready: 380, Failed: 20}}
	early.Disturbed, early.Notes = nil, nil
	tests := []struct {
		name    string
		report  reports.LoadReport
		options reports.TerminalOptions
	}{
		{"met", loadRun(), reports.TerminalOptions{Files: files}},
		{"bad", badLoadRun(), reports.TerminalOptions{Files: files}},
		{"bad_color", badLoadRun(), reports.TerminalOptions{Files: files, Color: true, Width: 120}},
		{"early", judged(early, reports.LoadEnd{}), reports.TerminalOptions{}},
		{"unreachable", nothing(), reports.TerminalOptions{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			golden(t, "loadrun_"+tt.name+".golden.txt", []byte(loadTerminal(t, tt.report, tt.options)))
		})
	}
}

// The time of a device is made of what it does on a connection, as often as it does it.
func TestLoadTerminalShowsWhereTheTimeWent(t *testing.T) {
	r := loadRun()
	r.Generator.Lag.Mean, r.Plan.Thinking = 0, 55
	r.Stages = []reports.LoadStage{
		loadStage("connack", "good", "ok", 900, 10), loadStage("token", "good", "ok", 899, 10),
		loadStage("http", "good", "ok", 2690, 10), loadStage("http", "good", "failed", 10, 1000),
	}
	out := loadTerminal(t, r, reports.TerminalOptions{})
	for _, want := range []string{"  connack      11 ms   10.0%", "  token        11 ms   10.0%", "  http         33 ms   30.0%", "  thinking     55 ms   50.0%"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// How long connections lived is no latency, whatever ended them; who came back counts
// from when that was due.
func TestLoadTerminalTellsOfReconnects(t *testing.T) {
	r := loadRun()
	r.Connections.Lost = 30
	reconnect := loadStage("reconnect", "good", "ok", 28, 100)
	reconnect.Sum = true
	r.Stages = append(r.Stages, loadStage("hold", "good", "failed", 30, 8000), reconnect)
	out := loadTerminal(t, r, reports.TerminalOptions{Width: 120})
	if !strings.Contains(out, "900 connections opened, 30 lost (28 came back), at most 900 seen at once, held for") {
		t.Errorf("no word of who came back:\n%s", out)
	}
	if strings.Contains(out, "hold failed") {
		t.Errorf("the life of a connection among the latencies:\n%s", out)
	}
	if strings.Index(out, "\nreconnect ") < strings.Index(out, "the device was to come:") {
		t.Errorf("a reconnect is not told of as a sum:\n%s", out)
	}
}

func TestLoadTerminalFitsItsWidth(t *testing.T) {
	long := badLoadRun()
	long.Target.Name = strings.Repeat("a platform with a name ", 9)
	long.Plan.Devices = 10_000_000
	for _, width := range []int{0, 80, 100, 120} {
		for _, r := range []reports.LoadReport{loadRun(), long} {
			limit := max(width, 80)
			for line := range strings.Lines(loadTerminal(t, r, reports.TerminalOptions{Width: width})) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > limit {
					t.Errorf("width %d: %d columns: %s", width, n, line)
				}
			}
		}
	}
}

func TestLoadTerminalShowsNoControlCharacters(t *testing.T) {
	r := loadRun()
	evil := "\x1b[31m\x07evil\n"
	r.Target.Name, r.Plan.Name, r.Plan.Arrival, r.Seed, r.Environment.Kernel = evil, evil, evil, evil, evil
	r.Thresholds[0].Text, r.Thresholds[0].Observed, r.Causes[0].Text, r.Causes[0].Cause = evil, evil, evil, evil
	r.Stages[0].Stage, r.Arrivals[0].Role, r.Notes, r.Reasons, r.Disturbed, r.Early = evil, evil, []string{evil}, []string{evil}, []string{evil}, evil
	if out := loadTerminal(t, r, reports.TerminalOptions{}); strings.ContainsAny(out, "\x1b\x07") {
		t.Errorf("%q", out)
	}
}

func TestJudgeLoad(t *testing.T) {
	all := badLoadRun()
	strip := func(f func(*reports.LoadReport)) reports.LoadReport {
		r := badLoadRun()
		f(&r)
		return r
	}
	whole := func(r *reports.LoadReport) {
		r.Holes = nil
		r.Arrivals = []reports.LoadArrivals{{Role: "good", Due: 1000, Ready: 1000}}
	}
	tests := []struct {
		name string
		r    reports.LoadReport
		end  reports.LoadEnd
		want reports.LoadOutcome
		code int
	}{
		{"unreachable first", all, reports.LoadEnd{Unreachable: "refused", Fault: "disk", Interrupted: true}, reports.LoadUnreachable, 4},
		{"then a fault", all, reports.LoadEnd{Fault: "disk", Interrupted: true}, reports.LoadFaulty, 5},
		{"then the interrupt", all, reports.LoadEnd{Interrupted: true}, reports.LoadInterrupted, 130},
		{"then the admitted", all, reports.LoadEnd{}, reports.LoadNotConformant, 1},
		{"then disturbed", strip(func(r *reports.LoadReport) { r.Arrivals[1].Admitted = 0 }), reports.LoadEnd{}, reports.LoadDisturbed, 7},
		{"then incomplete", strip(func(r *reports.LoadReport) { r.Arrivals[1].Admitted, r.Disturbed = 0, nil }), reports.LoadEnd{}, reports.LoadIncomplete, 3},
		{"then missed", strip(func(r *reports.LoadReport) { whole(r); r.Disturbed = nil }), reports.LoadEnd{}, reports.LoadMissed, 6},
		{"overlaps disturb", strip(func(r *reports.LoadReport) {
			whole(r)
			r.Disturbed, r.Overlaps = nil, []reports.LoadSpan{{Shard: 1, From: 1, To: 2}}
		}), reports.LoadEnd{}, reports.LoadDisturbed, 7},
		{"met", loadRun(), reports.LoadEnd{}, reports.LoadMet, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, reasons := reports.JudgeLoad(tt.r, tt.end)
			if got != tt.want || got.ExitCode() != tt.code {
				t.Errorf("%s (%d), want %s (%d): %q", got, got.ExitCode(), tt.want, tt.code, reasons)
			}
		})
	}
}

func encodeLoad(tb testing.TB, r reports.LoadReport) string {
	tb.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func TestLoadSchema(t *testing.T) {
	s := compile(t, "urn:chainmail:load:v1")
	for name, r := range map[string]reports.LoadReport{"met": loadRun(), "bad": badLoadRun(), "nothing": nothing()} {
		if err := validate(t, s, encodeLoad(t, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	defs := compareSchema(t, reports.LoadJSONSchema(), reflect.TypeFor[reports.LoadReport]())
	if diff := cmp.Diff(words(reports.LoadOutcomes()), words(defs["outcome"].Enum)); diff != "" {
		t.Errorf("outcome (-go +schema):\n%s", diff)
	}
}

// TestLoadRefuses has the schema and the reader refuse the same files.
func TestLoadRefuses(t *testing.T) {
	s := compile(t, "urn:chainmail:load:v1")
	good := encodeLoad(t, loadRun())
	tests := []struct {
		name, old, replacement, want string
		onlyGo                       bool // no schema can see it
	}{
		{"unknown key", `"outcome": "met"`, `"color": "green", "outcome": "met"`, "color", false},
		{"unknown key of a stage", `"sum": false`, `"color": "green", "sum": false`, "color", false},
		{"key twice", `"seed":`, `"seed": "a", "seed":`, "twice", true},
		{"schema", `load/v1`, `load/v9`, "this version reads", false},
		{"outcome", `"outcome": "met"`, `"outcome": "fine"`, "unknown outcome", false},
		{"exit code", `"exitCode": 0`, `"exitCode": 1`, "exit code is 1", false},
		{"role", `"role": "good"`, `"role": "ugly"`, "unknown role", false},
		{"outcome of a stage", `"outcome": "ok"`, `"outcome": "fine"`, "unknown outcome", false},
		{"digest", `"digest": "c4`, `"digest": "`, "digest of the plan", false},
		{"threshold missed", `"met": true`, `"met": false`, "what was measured gives", true},
		{"arrivals do not add up", `"ready": 900`, `"ready": 899`, "unaccounted", true},
		{"histogram does not add up", `"count": 900`, `"count": 901`, "in the histogram", true},
		{"quantiles do not rise", `"p99Ms": 12.4`, `"p99Ms": 1.4`, "do not rise", true},
		{"incomplete", `"complete": true`, `"complete": false`, "complete is false", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(good, tt.old, tt.replacement, 1)
			if bad == good {
				t.Fatalf("nothing to replace: %s", tt.old)
			}
			if _, err := reports.ParseLoad([]byte(bad)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseLoad: %v, want %q", err, tt.want)
			}
			if err := validate(t, s, bad); err == nil && !tt.onlyGo {
				t.Error("the schema accepts it")
			}
		})
	}
}

func TestLoadRoundTrip(t *testing.T) {
	for _, r := range []reports.LoadReport{loadRun(), badLoadRun(), nothing()} {
		first := encodeLoad(t, r)
		read, err := reports.ParseLoad([]byte(first))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, encodeLoad(t, read)); diff != "" {
			t.Errorf("written again it differs:\n%s", diff)
		}
		var b bytes.Buffer
		if err := r.LoadHeader.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := reports.ParseLoadHeader(b.Bytes()); err != nil {
			t.Error(err)
		}
	}
}

func TestLoadReportHidesCredentials(t *testing.T) {
	r := loadRun()
	r.Target.MQTTAddress, r.Target.RESTBaseURL = "admin:secret@hub:8883", "https://admin:secret@hub/?token=secret"
	if out := encodeLoad(t, r) + loadTerminal(t, r, reports.TerminalOptions{}); strings.Contains(out, "secret") {
		t.Error("a password is in the report")
	}
}

func TestLoadJUnit(t *testing.T) {
	count := func(r reports.LoadReport) (tests, failures, errors int) {
		var b bytes.Buffer
		if err := reports.LoadJUnit(&b, r); err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
		}
		if err := xml.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		return doc.Tests, doc.Failures, doc.Errors
	}
	if n, f, e := count(loadRun()); n != 4 || f != 0 || e != 0 {
		t.Errorf("met: %d tests, %d failures, %d errors, want 4, 0, 0", n, f, e)
	}
	if n, f, e := count(badLoadRun()); n != 6 || f != 4 || e != 1 {
		t.Errorf("bad: %d tests, %d failures, %d errors, want 6, 4, 1", n, f, e)
	}
	if n, f, e := count(nothing()); n != 2 || f != 0 || e != 1 {
		t.Errorf("unreachable: %d tests, %d failures, %d errors, want 2, 0, 1", n, f, e)
	}
	interrupted := judged(loadRun(), reports.LoadEnd{Interrupted: true})
	if _, f, e := count(interrupted); f+e == 0 {
		t.Error("a gate would be green for a run that was interrupted")
	}
}

func TestCompareLoadGolden(t *testing.T) {
	before, after := loadRun(), badLoadRun()
	after.Thresholds[0].Text = before.Thresholds[0].Text
	after.Plan.Settings = []reports.LoadSetting{{Name: "key", Value: "rsa2048"}, {Name: "tls.version", Value: "1.2"}}
	after.Stages[1] = loadStage("tls", "good", "ok", 640, 9)
	var b bytes.Buffer
	if err := reports.CompareLoad(before, after).Terminal(&b, reports.TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "loadrun_compare.golden.txt", b.Bytes())
	back := reports.CompareLoad(after, before)
	if len(back.Broken) != 0 || len(back.Mended) != 2 {
		t.Errorf("the other way round: broken %q, mended %q", back.Broken, back.Mended)
	}
}

// Another port of the same loopback platform is no other target; another platform is.
func TestCompareLoadTargets(t *testing.T) {
	for _, tt := range []struct {
		name, address string
		want          int // differences
	}{
		{"embedded reference platform", "127.0.0.1:40001", 0},
		{"embedded reference platform", "192.0.2.1:8883", 1},
		{"platform.yaml", "127.0.0.1:8883", 1},
	} {
		after := loadRun()
		after.Target.Name, after.Target.MQTTAddress = tt.name, tt.address
		if got := reports.CompareLoad(loadRun(), after).Settings; len(got) != tt.want {
			t.Errorf("%s at %s: %q, want %d", tt.name, tt.address, got, tt.want)
		}
	}
}

// FuzzParseLoad: no input makes ParseLoad panic, and what it accepts it accepts
// again after it was written, with the same bytes.
func FuzzParseLoad(f *testing.F) {
	small := nothing()
	small.Plan.Settings, small.Plan.Thresholds = nil, nil
	f.Add([]byte(encodeLoad(f, small)))
	f.Add([]byte(`{"schema":"chainmail/load/v1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := reports.ParseLoad(data)
		if err != nil {
			return
		}
		first := encodeLoad(t, r)
		again, err := reports.ParseLoad([]byte(first))
		if err != nil {
			t.Fatalf("written, it is refused: %v", err)
		}
		if second := encodeLoad(t, again); first != second {
			t.Errorf("written, it means something else:\n%s\n%s", first, second)
		}
		var b bytes.Buffer
		if err := reports.LoadTerminal(&b, r, reports.TerminalOptions{}); err != nil {
			t.Error(err)
		}
	})
}
