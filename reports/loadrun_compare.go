package reports

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
)

// LoadComparison sets a load run beside an earlier one.
type LoadComparison struct {
	Before, After LoadReport
	// Settings are those that differ, as "name: before, now after". Runs of different
	// plans, machines or targets cannot be compared without looking at these.
	Settings []string
	// Doubts say why the figures may not be comparable at all.
	Doubts []string
	// Broken are the thresholds of both that were met before and are not now, Mended
	// those the other way round.
	Broken, Mended []string
}

// CompareLoad compares two load runs.
func CompareLoad(before, after LoadReport) LoadComparison {
	c := LoadComparison{Before: before, After: after, Settings: settings(before, after)}
	for _, r := range []struct {
		name string
		LoadReport
	}{{"before", before}, {"after", after}} {
		for _, doubt := range append(r.lacks(), r.Disturbed...) {
			c.Doubts = append(c.Doubts, r.name+": "+doubt)
		}
	}
	met := func(r LoadReport, text string) (met, there bool) {
		i := slices.IndexFunc(r.Thresholds, func(t LoadThreshold) bool { return t.Text == text })
		return i >= 0 && r.Thresholds[i].Met, i >= 0
	}
	for _, t := range before.Thresholds {
		switch now, there := met(after, t.Text); {
		case there && t.Met && !now:
			c.Broken = append(c.Broken, t.Text)
		case there && !t.Met && now:
			c.Mended = append(c.Mended, t.Text)
		}
	}
	return c
}

// settings lists what differs between two runs beside their figures.
func settings(before, after LoadReport) []string {
	var lines []string
	if before.Target.Name == after.Target.Name && onLoopback(before.Target) && onLoopback(after.Target) {
		// The reference platform of a run takes whatever port is free.
		before.Target.MQTTAddress, after.Target.MQTTAddress = "", ""
	}
	differs := func(name, a, b string) {
		if a != b {
			lines = append(lines, fmt.Sprintf("%s: %s, now %s", name, orNone(a), orNone(b)))
		}
	}
	differs("target", before.Target.String(), after.Target.String())
	differs("plan", before.Plan.Name, after.Plan.Name)
	differs("arrival", before.Plan.Arrival, after.Plan.Arrival)
	differs("devices", strconv.Itoa(before.Plan.Devices), strconv.Itoa(after.Plan.Devices))
	differs("bad devices", strconv.Itoa(before.Plan.Bad), strconv.Itoa(after.Plan.Bad))
	differs("shards", strconv.Itoa(before.Shards), strconv.Itoa(after.Shards))
	differs("machine", before.Environment.describe(), after.Environment.describe())
	value := func(r LoadReport, name string) string {
		i := slices.IndexFunc(r.Plan.Settings, func(s LoadSetting) bool { return s.Name == name })
		if i < 0 {
			return ""
		}
		return r.Plan.Settings[i].Value
	}
	var names []string
	for _, s := range slices.Concat(before.Plan.Settings, after.Plan.Settings) {
		if !slices.Contains(names, s.Name) && s.Name != "devices" {
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		differs(name, value(before, name), value(after, name))
	}
	return lines
}

func onLoopback(t Target) bool {
	host, _, _ := net.SplitHostPort(t.MQTTAddress)
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Terminal writes the comparison for a person: each quantile before, after, and
// by what factor it has changed.
func (c LoadComparison) Terminal(w io.Writer, o TerminalOptions) error {
	p := &page{width: 80, color: o.Color}
	if o.Width > 0 {
		p.width = max(o.Width, 60)
	}
	p.line(p.paint(faint, "before") + "  " + c.Before.title())
	p.line(p.paint(faint, "after ") + "  " + c.After.title())
	p.lines("DOUBTFUL", bold+";"+yellow, c.Doubts)
	p.lines("DIFFERENT", bold, c.Settings)
	p.compareStages(c.Before, c.After)
	p.lines("BROKEN", bold+";"+red, c.Broken)
	p.lines("MENDED", bold+";"+green, c.Mended)
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	return nil
}

// title names a run in a line.
func (r LoadReport) title() string {
	return fmt.Sprintf("%s, %s, %s", r.Started.UTC().Format("2006-01-02 15:04:05"), r.Plan.Name, r.Outcome)
}

// lines writes a heading with texts under it, or nothing.
func (p *page) lines(title, sgr string, texts []string) {
	if len(texts) == 0 {
		return
	}
	p.heading(sgr, title, "")
	p.line("")
	for _, t := range texts {
		p.text(2, t)
	}
}

// compareStages writes a line for each quantile of each stage that both runs have,
// and for what the generators were like. How long connections lived is for the plan
// to say.
func (p *page) compareStages(before, after LoadReport) {
	held := func(s LoadStage) bool { return s.held() }
	earlier, later := slices.DeleteFunc(slices.Clone(before.Stages), held), slices.DeleteFunc(slices.Clone(after.Stages), held)
	if len(earlier) == 0 {
		return
	}
	name := len("generator")
	for _, s := range slices.Concat(earlier, later) {
		name = max(name, len(s.name()))
	}
	p.line("")
	p.line(p.paint(faint, pad("stage", name)+padLeft("before", 20)+padLeft("after", 10)+padLeft("ratio", 9)))
	for _, a := range earlier {
		i := slices.IndexFunc(later, func(s LoadStage) bool { return s.name() == a.name() })
		if i < 0 {
			p.line(pad(a.name(), name) + "  only before")
			continue
		}
		p.compareStage(name, a, later[i])
	}
	for _, b := range later {
		if !slices.ContainsFunc(earlier, func(s LoadStage) bool { return s.name() == b.name() }) {
			p.line(pad(b.name(), name) + "  only after")
		}
	}
	p.compareGenerators(name, before.Generator, after.Generator)
}

func (p *page) compareStage(width int, a, b LoadStage) {
	row := p.comparison(a.name(), width)
	row("per s", a.Rate, b.Rate, "") // a rate has no unit beside it
	for _, q := range []struct {
		name          string
		before, after Milliseconds
	}{
		{"p50", a.Latency.P50, b.Latency.P50},
		{"p90", a.Latency.P90, b.Latency.P90},
		{"p99", a.Latency.P99, b.Latency.P99},
		{"p99.9", a.Latency.P999, b.Latency.P999},
		{"max", a.Latency.Max, b.Latency.Max},
	} {
		row(q.name, float64(q.before), float64(q.after), "ms")
	}
}

// compareGenerators tells whether the two generators were alike.
func (p *page) compareGenerators(width int, a, b LoadGenerator) {
	row := p.comparison("generator", width)
	row("cpu", float64(a.PerDevice), float64(b.PerDevice), "ms a device")
	row("lag p99", float64(a.Lag.P99), float64(b.Lag.P99), "ms")
}

// comparison returns what writes a line with two figures and their ratio. The label
// stands in the first line alone.
func (p *page) comparison(label string, width int) func(what string, before, after float64, unit string) {
	return func(what string, before, after float64, unit string) {
		ratio, sgr := "-", ""
		if before > 0 {
			ratio = strconv.FormatFloat(after/before, 'f', 2, 64) + "×"
			sgr = changed(after/before, unit == "")
		}
		ratio = p.paint(sgr, padLeft(ratio, 8))
		p.line(strings.Join([]string{pad(label, width), padLeft(what, 7), padLeft(digits(before), 11), padLeft(digits(after), 9), ratio, unit}, " "))
		label = ""
	}
}

// changed is the colour of a ratio: that of a change for the worse or the better by
// more than a tenth, which is more than two runs of the same plan usually differ.
func changed(ratio float64, moreIsBetter bool) string {
	if moreIsBetter && ratio > 0 {
		ratio = 1 / ratio
	}
	switch {
	case ratio > 1.1:
		return red
	case ratio < 0.9:
		return green
	default:
		return ""
	}
}
