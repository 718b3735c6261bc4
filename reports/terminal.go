package reports

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// TerminalOptions says how Terminal writes. The zero value is right for a log.
type TerminalOptions struct {
	// Color: use colours. The caller knows whether a terminal is there and
	// whether NO_COLOR is set.
	Color bool
	// Width is the number of columns. Default 80, least 60.
	Width int
	// Files is where the reports of this run are. Optional.
	Files []string
}

// Terminal writes r for the person who waits for it: what was tried, what went
// wrong and how to see it again, and in the last line what it comes to. What
// the platform said is shown without the control characters in it.
func Terminal(w io.Writer, r Report, o TerminalOptions) error {
	p := &page{width: 80, color: o.Color}
	if o.Width > 0 {
		p.width = max(o.Width, 60)
	}
	p.opening(r)
	p.table(r)
	p.failures(r)
	p.grouped(r, Inconclusive)
	if !r.Strict {
		p.warnings(r)
	}
	p.waived(r)
	p.grouped(r, NotApplicable)
	p.missing(r)
	p.clauses(r)
	p.notes(r)
	p.outcome(r, o.Files)
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// opening says what was tried against what.
func (p *page) opening(r Report) {
	profile := r.Profile
	if r.Strict {
		profile += ", strict"
	}
	p.about("tool", r.Tool.String())
	p.about("tester", r.calibrated())
	p.about("target", r.Target.String())
	p.about("profile", profile)
	p.about("seed", r.Seed)
	p.about("time", took(r))
}

// about writes a line of what a run is about, wrapped under itself.
func (p *page) about(label, s string) {
	for i, l := range wrap(oneLine(s), p.width-len("profile  ")) {
		if i > 0 {
			label = ""
		}
		p.line(p.paint(faint, fmt.Sprintf("%-7s", label)) + "  " + l)
	}
}

// took tells how long the run lasted and how much of that it waited on purpose.
func took(r Report) string {
	if r.Started.IsZero() || r.Finished.Before(r.Started) {
		return ""
	}
	s := r.Finished.Sub(r.Started).Round(time.Second).String()
	var waited Milliseconds
	for _, spec := range r.Specs {
		waited += spec.Waited
	}
	if waited >= 1000 {
		s += ", of which the specs waited " + waited.Duration().Round(time.Second).String() + " on purpose"
	}
	return s
}

// outcome ends the page of a conformance run.
func (p *page) outcome(r Report, files []string) {
	sgr := yellow
	switch r.Outcome {
	case Conformant:
		sgr = green
	case NotConformant, Faulty, Unreachable:
		sgr = red
	}
	p.verdict(r.Reasons, p.paint(bold+";"+sgr, strings.ToUpper(string(r.Outcome))), r.ExitCode, files)
}

// verdict writes the reasons and then, as the last line, the outcome.
func (p *page) verdict(reasons []string, outcome string, exitCode int, files []string) {
	p.line("")
	for _, reason := range reasons {
		p.text(2, reason)
	}
	last := outcome + fmt.Sprintf("  exit code %d", exitCode)
	if len(files) > 0 {
		last += "  " + strings.Join(files, ", ")
	}
	p.line(last)
}
