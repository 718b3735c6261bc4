package reports

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// LoadTerminal writes r for the person who waits for it. What makes the figures
// worth less stands on top; in the last line is what the run comes to.
func LoadTerminal(w io.Writer, r LoadReport, o TerminalOptions) error {
	p := &page{width: 80, color: o.Color}
	if o.Width > 0 {
		p.width = max(o.Width, 60)
	}
	p.loadMarks(r)
	p.loadOpening(r)
	p.loadArrivals(r)
	p.loadConnections(r)
	p.loadStages(r)
	p.loadHistogram(r)
	p.loadTimes(r)
	p.loadCauses(r)
	p.loadThresholds(r)
	p.loadGenerator(r)
	p.notes(Report{Notes: r.Notes})
	p.loadOutcome(r, o.Files)
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// loadMarks writes what must be read before any figure.
func (p *page) loadMarks(r LoadReport) {
	mark := func(title string, reasons []string) {
		for _, reason := range reasons {
			for i, l := range wrap(oneLine(reason), p.width-len("INCOMPLETE  ")) {
				if i > 0 {
					title = ""
				}
				p.line(p.paint(bold+";"+yellow, fmt.Sprintf("%-10s", title)) + "  " + l)
			}
			title = ""
		}
	}
	mark("DISTURBED", r.Disturbed)
	if r.Early != "" {
		mark("CUT SHORT", []string{r.Early})
	}
	mark("INCOMPLETE", r.lacks())
	if p.Len() > 0 {
		p.line("")
	}
}

func (p *page) loadOpening(r LoadReport) {
	devices := count(r.Plan.Devices, "device", "devices")
	if r.Plan.Bad > 0 {
		devices += fmt.Sprintf(" (%d bad)", r.Plan.Bad)
	}
	p.about("tool", r.Tool.String())
	p.about("target", r.Target.String())
	p.about("plan", fmt.Sprintf("%s: %s, %s, %s", r.Plan.Name, devices, r.Plan.Arrival, count(r.Shards, "shard", "shards")))
	p.about("seed", r.Seed)
	if took := r.Finished.Sub(r.Started); !r.Started.IsZero() && took >= 0 {
		p.about("time", took.Round(100*time.Millisecond).String())
	}
}

// loadArrivals writes what became of the arrivals, with those columns in which
// there is anything.
func (p *page) loadArrivals(r LoadReport) {
	if len(r.Arrivals) == 0 {
		return
	}
	var shown []arrivalColumn
	var widths []int
	heads := "arrivals"
	for i, c := range arrivalColumns() {
		var sum int64
		width := len(c.head)
		for _, a := range r.Arrivals {
			sum += c.of(a)
			width = max(width, len(strconv.FormatInt(c.of(a), 10)))
		}
		if i < always || sum != 0 {
			shown, widths = append(shown, c), append(widths, width+2)
			heads += padLeft(c.head, width+2)
		}
	}
	p.line("")
	p.line(p.paint(faint, heads))
	for _, a := range r.Arrivals {
		row := pad(oneLine(a.Role), len("arrivals"))
		for i, c := range shown {
			cell, sgr := strconv.FormatInt(c.of(a), 10), c.paint
			if c.of(a) == 0 {
				cell, sgr = "-", faint
			}
			row += p.paint(sgr, padLeft(cell, widths[i]))
		}
		p.line(row)
	}
}

// arrivalColumn is one column of the table of arrivals.
type arrivalColumn struct {
	head  string
	paint string
	of    func(LoadArrivals) int64
}

// always is how many of the columns are shown even if there is nothing in them.
const always = 4

func arrivalColumns() []arrivalColumn {
	return []arrivalColumn{
		{"due", "", func(a LoadArrivals) int64 { return int64(a.Due) }},
		{"ready", green, func(a LoadArrivals) int64 { return int64(a.Ready) }},
		{"failed", red, func(a LoadArrivals) int64 { return int64(a.Failed) }},
		{"dropped", yellow, func(a LoadArrivals) int64 { return int64(a.Dropped) }},
		{"denied", green, func(a LoadArrivals) int64 { return int64(a.Denied) }},
		{"admitted", red, func(a LoadArrivals) int64 { return int64(a.Admitted) }},
		{"unclear", yellow, func(a LoadArrivals) int64 { return int64(a.Unclear) }},
		{"aborted", yellow, func(a LoadArrivals) int64 { return int64(a.Aborted) }},
		{"owed", yellow, func(a LoadArrivals) int64 { return a.Unaccounted }},
	}
}

// held reports whether the stage is the life of a connection, which is no latency.
func (s LoadStage) held() bool { return s.Stage == "hold" }

// loadConnections tells of the connections in a sentence.
func (p *page) loadConnections(r LoadReport) {
	c := r.Connections
	if c.Opened == 0 {
		return
	}
	text := fmt.Sprintf("%s opened, %d lost", tallied(c.Opened, "connection", "connections"), c.Lost)
	if s, ok := r.stage("reconnect"); ok {
		text += fmt.Sprintf(" (%d came back)", s.Count)
	}
	if c.Resumed > 0 || slices.Contains(r.Plan.Settings, LoadSetting{"tls.resumption", "true"}) {
		text += fmt.Sprintf(", %d resumed", c.Resumed)
	}
	if c.MostOpen > 0 {
		text += fmt.Sprintf(", at most %d seen at once", c.MostOpen)
	}
	if s, ok := r.stage("hold"); ok {
		text += fmt.Sprintf(", held for %s (p50) to %s", shortSpan(s.Latency.P50), shortSpan(s.Latency.Max))
	}
	if c.Sent+c.Received > 0 {
		text += fmt.Sprintf("; payload: %s sent, %s received", size(c.Sent), size(c.Received))
	}
	p.line("")
	p.text(0, text)
}

// size writes bytes with their unit.
func size(n uint64) string {
	switch {
	case n >= 1<<30:
		return trimmed(float64(n)/(1<<30)) + " GiB"
	case n >= 1<<20:
		return trimmed(float64(n)/(1<<20)) + " MiB"
	case n >= 1<<10:
		return trimmed(float64(n)/(1<<10)) + " KiB"
	default:
		return strconv.FormatUint(n, 10) + " B"
	}
}

// loadStages writes the latencies of a stage a line, in milliseconds.
func (p *page) loadStages(r LoadReport) {
	if len(r.Stages) == 0 {
		return
	}
	name := len("stage")
	for _, s := range r.Stages {
		if !s.held() {
			name = max(name, len(s.name()))
		}
	}
	heads := pad("stage", name) + padLeft("count", 9) + padLeft("per s", 8)
	for _, h := range []string{"p50", "p90", "p99", "p99.9", "max"} {
		heads += padLeft(h, 8)
	}
	p.line("")
	p.line(p.paint(faint, heads+"  ms"))
	sums := false
	for _, s := range r.Stages {
		if s.held() {
			continue
		}
		if s.Sum && !sums {
			p.line(p.paint(faint, "from the moment at which the device was to come:"))
			sums = true
		}
		l := s.Latency
		row := pad(s.name(), name) + padLeft(strconv.FormatUint(s.Count, 10), 9) + padLeft(digits(s.Rate), 8)
		for _, v := range []Milliseconds{l.P50, l.P90, l.P99, l.P999, l.Max} {
			row += padLeft(digits(float64(v)), 8)
		}
		p.line(row)
	}
}

// name is the stage, and the role and the outcome where they are not the usual.
func (s LoadStage) name() string {
	name := s.Stage
	if s.Role != RoleGood {
		name = s.Role + " " + name
	}
	if s.Outcome != "ok" {
		name += " " + s.Outcome
	}
	return oneLine(name)
}

// digits writes v with three digits, or as many as it has before the point.
func digits(v float64) string {
	switch {
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

// shortSpan writes a span with its unit.
func shortSpan(m Milliseconds) string {
	switch {
	case m >= 60_000:
		return m.Duration().Round(time.Second).String()
	case m >= 1000:
		return trimmed(float64(m)/1000) + " s"
	case m >= 1 || m == 0:
		return trimmed(float64(m)) + " ms"
	default:
		return trimmed(float64(m)*1000) + " µs"
	}
}

// trimmed writes three digits, without zeros at the end of a fraction.
func trimmed(v float64) string {
	s := digits(v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// loadOutcome ends the page of a load run.
func (p *page) loadOutcome(r LoadReport, files []string) {
	sgr := yellow
	switch r.Outcome {
	case LoadMet:
		sgr = green
	case LoadNotConformant, LoadFaulty, LoadUnreachable, LoadMissed:
		sgr = red
	}
	p.verdict(r.Reasons, p.paint(bold+";"+sgr, strings.ToUpper(string(r.Outcome))), r.ExitCode, files)
}
