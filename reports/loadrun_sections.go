package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// barChars are the eighths of a column.
func barChars() []string { return []string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"} }

// meter draws share of the columns, to an eighth of one. What is not nothing
// shows.
func meter(share float64, columns int) string {
	eighths := int(share*float64(columns)*8 + 0.5)
	if share > 0 {
		eighths = max(eighths, 1)
	}
	return strings.Repeat("█", eighths/8) + barChars()[eighths%8]
}

// stage returns the figures of good devices that succeeded in it.
func (r LoadReport) stage(name string) (LoadStage, bool) {
	i := slices.IndexFunc(r.Stages, func(s LoadStage) bool { return s.Stage == name && s.Role == RoleGood && s.Outcome == "ok" })
	if i < 0 {
		return LoadStage{}, false
	}
	return r.Stages[i], true
}

// mostRows bounds the height of the histogram.
const mostRows = 14

// loadHistogram draws the latencies of the longest sum there is.
func (p *page) loadHistogram(r LoadReport) {
	s, ok := r.stage("ready")
	if !ok {
		if s, ok = r.stage("connect"); !ok {
			return
		}
	}
	bars := s.Latency.Histogram
	for len(bars) > mostRows {
		bars = halved(bars)
	}
	var most uint64
	for _, b := range bars {
		most = max(most, b.Count)
	}
	p.heading(bold, strings.ToUpper(s.Stage), "latency from the intended moment, good devices")
	p.line("")
	room := p.width - 36
	var sum uint64
	for _, b := range bars {
		sum += b.Count
		p.line(fmt.Sprintf("  %s %s %s  %s",
			padLeft("≤ "+shortSpan(b.To), 10), padLeft(strconv.FormatUint(b.Count, 10), 8),
			p.paint(faint, padLeft(percent(sum, s.Count), 7)), meter(float64(b.Count)/float64(most), room)))
	}
}

// halved joins the bars in pairs, from the last on.
func halved(bars []LoadBar) []LoadBar {
	var joined []LoadBar
	for i := len(bars) - 1; i >= 0; i -= 2 {
		b := bars[i]
		if i > 0 {
			b.Count += bars[i-1].Count
		}
		joined = append(joined, b)
	}
	slices.Reverse(joined)
	return joined
}

// percent rounds down where it would be 100 and is not.
func percent(n, of uint64) string {
	if of == 0 {
		return "-"
	}
	share := float64(n) / float64(of) * 100
	if n < of {
		share = min(share, 99.99)
	}
	return strconv.FormatFloat(share, 'f', 2, 64) + "%"
}

// loadTimes shows of what the time of a good device was made, on average.
func (p *page) loadTimes(r LoadReport) {
	type part struct {
		name string
		mean float64
	}
	parts := []part{{"lag", float64(r.Generator.Lag.Mean)}}
	total := parts[0].mean
	for _, name := range []string{"tcp", "tls", "connack", "suback", "token", "http"} {
		if s, ok := r.stage(name); ok {
			mean := float64(s.Latency.Mean) * r.perConnection(s)
			parts = append(parts, part{name, mean})
			total += mean
		}
	}
	if len(parts) == 1 || total == 0 {
		return
	}
	if thinking := float64(r.Plan.Thinking); thinking > 0 {
		parts = append(parts, part{"thinking", thinking})
		total += thinking
	}
	p.heading(bold, "WHERE THE TIME WENT", "mean of the good devices that succeeded; lag is the generator's own")
	p.line("")
	for _, part := range parts {
		p.line(fmt.Sprintf("  %s %s  %s  %s", pad(part.name, 8), padLeft(shortSpan(Milliseconds(part.mean)), 9),
			padLeft(strconv.FormatFloat(100*part.mean/total, 'f', 1, 64)+"%", 6), meter(part.mean/total, p.width-34)))
	}
}

// perConnection is how many times a device goes through a stage on one connection:
// plans may have it subscribe twice, or make some HTTP requests.
func (r LoadReport) perConnection(s LoadStage) float64 {
	connack, ok := r.stage("connack")
	if !ok {
		return 1
	}
	return max(math.Round(float64(s.Count)/float64(connack.Count)), 1)
}

// loadCauses lists what went wrong, the most frequent first; that bad devices
// were refused did not.
func (p *page) loadCauses(r LoadReport) {
	list := func(title string, sgr string, causes []LoadCause) {
		if len(causes) == 0 {
			return
		}
		slices.SortStableFunc(causes, func(a, b LoadCause) int { return cmp.Compare(b.Count, a.Count) })
		p.heading(sgr, title, "")
		p.line("")
		name := 0
		for _, c := range causes {
			name = max(name, columns(c.words()))
		}
		for _, c := range causes {
			p.line("  " + pad(c.words(), name) + padLeft(strconv.FormatUint(c.Count, 10), 9) + "  " + p.paint(faint, oneLine("cause."+c.Cause)))
		}
	}
	var failures, refusals []LoadCause
	for _, c := range r.Causes {
		if c.Role == RoleBad && c.Outcome == "refused" {
			refusals = append(refusals, c)
		} else {
			failures = append(failures, c)
		}
	}
	list("FAILURES BY CAUSE", bold+";"+red, failures)
	list("HOW BAD DEVICES WERE REFUSED", bold, refusals)
}

func (c LoadCause) words() string {
	words := c.Stage + ": " + c.Text
	if c.Role != RoleGood {
		words = c.Role + " " + words
	}
	return oneLine(words)
}

// loadThresholds ticks and crosses.
func (p *page) loadThresholds(r LoadReport) {
	if len(r.Thresholds) == 0 {
		return
	}
	p.heading(bold, "THRESHOLDS", "")
	p.line("")
	width := 0
	for _, t := range r.Thresholds {
		width = max(width, columns(t.Text))
	}
	for _, t := range r.Thresholds {
		sign := p.paint(green, "✓")
		if !t.Met {
			sign = p.paint(red, "✗")
		}
		p.line("  " + sign + " " + pad(oneLine(t.Text), width) + "  " + oneLine(t.Observed))
	}
}

// manyOpen is from how many connections on it makes sense to share out among them
// what the process needs.
const manyOpen = 1000

// loadGenerator says what the run cost here, so that it can be told whether the
// generator was at its limit.
func (p *page) loadGenerator(r LoadReport) {
	g := r.Generator
	if r.due() == 0 && g.User+g.System == 0 { // the run ended before it began
		return
	}
	p.heading(bold, "GENERATOR", "")
	p.line("")
	row := func(label, format string, args ...any) {
		const margin = len("  machine ")
		for _, l := range wrap(fmt.Sprintf(format, args...), p.width-margin) {
			p.line("  " + p.paint(faint, pad(label, margin-2)) + l)
			label = ""
		}
	}
	cpu := shortSpan(g.User+g.System) + " in all"
	if took := InMilliseconds(r.Finished.Sub(r.Started)); took > 0 {
		cpu += fmt.Sprintf(" (%s of %s busy)", digits(float64((g.User+g.System)/took)), count(r.Environment.CPUs, "core", "cores"))
	}
	if g.PerDevice > 0 {
		cpu += ", " + shortSpan(g.PerDevice) + " a device"
	}
	if g.Multiple > 0 {
		cpu += fmt.Sprintf(", %.1f × the floor of %s", g.Multiple, shortSpan(r.Floor))
	}
	row("cpu", "%s", cpu)
	row("lag", "p50 %s, p99 %s, max %s", shortSpan(g.Lag.P50), shortSpan(g.Lag.P99), shortSpan(g.Lag.Max))
	row("gc", "%d collections, %s stopped, at most %s at once", g.Pauses, shortSpan(g.Paused), shortSpan(g.LongestGC))
	memory := fmt.Sprintf("%.1f MiB at most", float64(g.Memory)/(1<<20))
	if r.Connections.MostOpen >= manyOpen && g.Memory > 0 {
		memory += fmt.Sprintf(" (all in %.1f KiB for each of %d open connections)", float64(g.Memory)/1024/float64(r.Connections.MostOpen), r.Connections.MostOpen)
	}
	row("memory", "%s", memory)
	if g.Stolen > 0 || g.Throttled > 0 {
		row("kernel", "%s stolen by the hypervisor, %s throttled", shortSpan(g.Stolen), shortSpan(g.Throttled))
	}
	row("machine", "%s", r.Environment.describe())
}

func (e LoadEnvironment) describe() string {
	text := fmt.Sprintf("%s/%s, %s, %s", e.OS, e.Arch, e.Go, count(e.CPUs, "core", "cores"))
	if e.Processors > 0 && e.Processors != e.CPUs {
		text += fmt.Sprintf(" (%d used)", e.Processors)
	}
	if e.Kernel != "" {
		text += ", kernel " + oneLine(e.Kernel)
	}
	return text
}
