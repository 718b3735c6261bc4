package reports

import (
	"strconv"
	"strings"
)

// column is one column of the table of families.
type column struct {
	head  string
	paint string
	of    func(Counts) int
}

// shownVerdicts returns the verdicts in the order in which a reader wants them.
func shownVerdicts() []Verdict {
	return []Verdict{Pass, Fail, UnexpectedPass, Warn, Waived, Inconclusive, NotApplicable, Error}
}

// tableColumns are the columns after the family's name. Those of troubles are
// shown only if there is any.
func tableColumns(total Counts) []column {
	columns := []column{{"specs", "", func(c Counts) int { return c.Total() + c.Missing }}}
	for _, v := range shownVerdicts() {
		if v == Pass || v == Fail || total.Of(v) > 0 {
			columns = append(columns, column{string(v), paintOf(v), func(c Counts) int { return c.Of(v) }})
		}
	}
	if total.Missing > 0 {
		columns = append(columns, column{"missing", yellow, func(c Counts) int { return c.Missing }})
	}
	return columns
}

// table writes for each family how many specs have which verdict.
func (p *page) table(r Report) {
	families := r.families()
	if len(families) == 0 {
		return
	}
	total := Count(r.Selected, r.Specs)
	cols := tableColumns(total)
	name := len("family")
	for _, f := range families {
		name = max(name, columns(oneLine(f.name)))
	}
	gap := "  "
	width := name
	for _, c := range cols {
		width += len(gap) + c.width()
	}
	if width > p.width {
		gap = " "
	}
	p.line("")
	p.heads(name, cols, gap)
	for _, f := range families {
		p.row(name, cols, gap, oneLine(f.name), Count(f.missing, f.results))
	}
	if len(families) > 1 {
		p.row(name, cols, gap, "all", total)
	}
}

// heads writes the heads of the columns, those with a hyphen on two lines: with
// every column the table would be too wide otherwise.
func (p *page) heads(name int, cols []column, gap string) {
	var upper, lower strings.Builder
	upper.WriteString(strings.Repeat(" ", name))
	lower.WriteString(pad("family", name))
	for _, c := range cols {
		above, below := c.lines()
		upper.WriteString(gap + padLeft(above, c.width()))
		lower.WriteString(gap + padLeft(below, c.width()))
	}
	if strings.TrimSpace(upper.String()) != "" {
		p.line(p.paint(faint, strings.TrimRight(upper.String(), " ")))
	}
	p.line(p.paint(faint, lower.String()))
}

func (p *page) row(name int, cols []column, gap, family string, c Counts) {
	var b strings.Builder
	b.WriteString(pad(family, name))
	for _, col := range cols {
		n := col.of(c)
		cell, sgr := strconv.Itoa(n), col.paint
		if n == 0 {
			cell, sgr = "-", faint
		}
		cell = padLeft(cell, col.width())
		if sgr != "" {
			cell = p.paint(sgr, cell)
		}
		b.WriteString(gap + cell)
	}
	p.line(b.String())
}

// lines splits the head behind its hyphen, or where a long word may be split.
func (c column) lines() (above, below string) {
	switch c.head {
	case string(Inconclusive):
		return "incon-", "clusive"
	case string(UnexpectedPass):
		return "unex-", "pected"
	}
	if before, after, ok := strings.Cut(c.head, "-"); ok {
		return before + "-", after
	}
	return "", c.head
}

func (c column) width() int {
	above, below := c.lines()
	return max(len(above), len(below))
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-columns(s)))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-columns(s))) + s
}
