package reports

import "strings"

// failures shows in full what contradicted a clause, and what was our fault.
func (p *page) failures(r Report) {
	text := make(map[string]string, len(r.Clauses))
	for _, c := range r.Clauses {
		text[c.ID] = c.Text
	}
	verdicts := []Verdict{Fail, UnexpectedPass, Error}
	if r.Strict {
		verdicts = []Verdict{Fail, UnexpectedPass, Warn, Error}
	}
	for _, v := range verdicts {
		results := r.with(v)
		if len(results) == 0 {
			continue
		}
		rest := specs(len(results))
		switch v {
		case Warn:
			rest += ", counted as fail"
		case UnexpectedPass:
			rest += ", that a waiver says does not pass"
		case Error:
			rest += ", the tester's own fault"
		}
		p.heading(headingPaint(v), strings.ToUpper(string(v)), rest)
		for _, s := range results {
			p.result(s, text)
		}
	}
}

// result shows one result with all its attempts.
func (p *page) result(s Result, text map[string]string) {
	p.title(s)
	for _, id := range s.Clauses {
		p.field(id, either(text[id], "not in the catalogue"))
	}
	p.field("expected", s.Expected)
	p.field("observed", s.Observed)
	for _, e := range s.Evidence {
		p.field(e.Role, e.Line())
	}
	for _, remark := range s.Remarks {
		p.field("remark", remark)
	}
	p.field("reason", s.Reason)
	p.command("evidence", strings.Join(s.Artifacts, " "))
	p.command("again", s.Again)
}

// title writes the id with the level at the right margin, and what the spec is
// about.
func (p *page) title(s Result) {
	id := oneLine(s.ID)
	gap := max(2, p.width-2-columns(id)-columns(s.Level))
	p.line("")
	p.line("  " + p.paint(bold, id) + strings.Repeat(" ", gap) + s.Level)
	p.text(2, s.Title)
}

// warnings shows the SHOULDs that were broken, without their attempts.
func (p *page) warnings(r Report) {
	results := r.with(Warn)
	if len(results) == 0 {
		return
	}
	p.heading(headingPaint(Warn), "WARN", specs(len(results))+", each of a SHOULD")
	for _, s := range results {
		p.title(s)
		p.field("clause", strings.Join(s.Clauses, ", "))
		p.field("expected", s.Expected)
		p.field("observed", s.Observed)
		p.field("reason", s.Reason)
		p.command("evidence", strings.Join(s.Artifacts, " "))
		p.command("again", s.Again)
	}
}

// with returns the results with verdict v.
func (r Report) with(v Verdict) []Result {
	var list []Result
	for _, s := range r.Specs {
		if s.Verdict == v {
			list = append(list, s)
		}
	}
	return list
}

func either(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
