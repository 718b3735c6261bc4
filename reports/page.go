package reports

import (
	"strings"
	"unicode/utf8"
)

// Terminal colours, as parameters of SGR (ECMA-48). Only the eight that every
// palette maps to something readable.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	bold   = "1"
	faint  = "2"
)

// paintOf is the colour of a verdict.
func paintOf(v Verdict) string {
	switch v {
	case Pass:
		return green
	case Fail, UnexpectedPass, Error:
		return red
	case Warn, Inconclusive:
		return yellow
	default:
		return faint
	}
}

// headingPaint is the colour of the heading of a verdict's section.
func headingPaint(v Verdict) string {
	if sgr := paintOf(v); sgr != faint {
		return bold + ";" + sgr
	}
	return bold
}

// page is text under construction, so many columns wide.
type page struct {
	strings.Builder
	width int
	color bool
}

// paint colours s, if colours are wanted. Measure s before, never after.
func (p *page) paint(sgr, s string) string {
	if !p.color || s == "" || sgr == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

// line ends a line, without blanks at its end.
func (p *page) line(s string) {
	p.WriteString(strings.TrimRight(s, " "))
	p.WriteByte('\n')
}

// heading begins a section. The rest stands beside the title, wrapped under
// itself.
func (p *page) heading(sgr, title, rest string) {
	p.line("")
	indent := columns(title) + 2
	lines := wrap(rest, p.width-indent)
	if len(lines) == 0 {
		lines = []string{""}
	}
	p.line(p.paint(sgr, title) + "  " + lines[0])
	for _, l := range lines[1:] {
		p.line(strings.Repeat(" ", indent) + l)
	}
}

// text writes s, wrapped and indented.
func (p *page) text(indent int, s string) {
	for _, l := range wrap(oneLine(s), p.width-indent) {
		p.line(strings.Repeat(" ", indent) + l)
	}
}

// fieldIndent and labelWidth place the two columns of a field.
const (
	fieldIndent = 4
	labelWidth  = len(RoleControlBefore)
)

// field writes a label and its text beside it, wrapped under itself. Nothing
// is written for an empty text.
func (p *page) field(label, s string) {
	margin := fieldIndent + labelWidth + 2
	p.fieldLines(label, wrap(oneLine(s), p.width-margin))
}

// command writes a label and a command line, which is not wrapped, so that it
// can be copied.
func (p *page) command(label, s string) {
	if s != "" {
		p.fieldLines(label, []string{oneLine(s)})
	}
}

func (p *page) fieldLines(label string, lines []string) {
	label = oneLine(label)
	for i, l := range lines {
		if i > 0 {
			label = ""
		}
		p.line(strings.Repeat(" ", fieldIndent) + p.paint(faint, label) + strings.Repeat(" ", max(0, labelWidth-columns(label))+2) + l)
	}
}

// listed is how many ids a list shows; results.json has them all.
const listed = 12

// list writes ids behind one another.
func (p *page) list(indent int, ids []string) {
	shown := ids
	if len(ids) > listed {
		shown = ids[:listed-1]
	}
	s := strings.Join(shown, ", ")
	if more := len(ids) - len(shown); more > 0 {
		s += " and " + count(more, "more", "more")
	}
	p.text(indent, s)
}

// wrap breaks s at blanks into lines of at most width columns. A word that is
// longer than that stays whole.
func wrap(s string, width int) []string {
	var lines []string
	var l string
	for word := range strings.FieldsSeq(s) {
		switch {
		case l == "":
			l = word
		case columns(l)+1+columns(word) <= width:
			l += " " + word
		default:
			lines = append(lines, l)
			l = word
		}
	}
	if l != "" {
		lines = append(lines, l)
	}
	return lines
}

// columns is the width of s on a terminal, as long as no character is wide.
func columns(s string) int { return utf8.RuneCountInString(s) }
