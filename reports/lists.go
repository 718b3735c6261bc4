package reports

import (
	"fmt"
	"strings"
)

// grouped lists the results with verdict v under their reasons.
func (p *page) grouped(r Report, v Verdict) {
	var g groups
	results := r.with(v)
	for _, s := range results {
		g.add(s.Reason, s.ID)
	}
	if len(results) > 0 {
		p.heading(headingPaint(v), strings.ToUpper(string(v)), specs(len(results)))
		p.groups(g)
	}
}

// waived lists the results that waivers excuse, under what those say.
func (p *page) waived(r Report) {
	var g groups
	results := r.with(Waived)
	for _, s := range results {
		g.add(s.Waiver.String(), s.ID)
	}
	if len(results) > 0 {
		p.heading(bold, "WAIVED", specs(len(results))+" that go wrong as their waivers say")
		p.groups(g)
	}
}

// missing lists what the run owes.
func (p *page) missing(r Report) {
	var ids []string
	for _, f := range r.families() {
		ids = append(ids, f.missing...)
	}
	if len(ids) > 0 {
		p.heading(bold+";"+yellow, "MISSING", specs(len(ids))+" selected, without a result")
		p.line("")
		p.list(2, ids)
	}
}

// clauses sums up the clauses, and says of which nothing is known, and why.
func (p *page) clauses(r Report) {
	if len(r.Clauses) == 0 {
		return
	}
	var parts []string
	for _, v := range shownVerdicts() {
		n := 0
		for _, c := range r.Clauses {
			if c.Verdict == v {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if n := len(r.Untested); n > 0 {
		parts = append(parts, fmt.Sprintf("%d untested", n))
	}
	p.heading(bold, "CLAUSES", strings.Join(parts, ", "))
	var g groups
	for _, u := range r.Untested {
		g.add(u.Reason, u.ID)
	}
	p.groups(g)
}

func (p *page) notes(r Report) {
	if len(r.Notes) == 0 {
		return
	}
	p.heading(bold+";"+yellow, "NOTES", "")
	p.line("")
	for _, n := range r.Notes {
		p.text(2, n)
	}
}

// groups are ids under what they have in common, in the order of appearance.
type groups []struct {
	reason string
	ids    []string
}

func (g *groups) add(reason, id string) {
	for i := range *g {
		if (*g)[i].reason == reason {
			(*g)[i].ids = append((*g)[i].ids, id)
			return
		}
	}
	*g = append(*g, struct {
		reason string
		ids    []string
	}{reason, []string{id}})
}

func (p *page) groups(g groups) {
	for _, group := range g {
		p.line("")
		p.text(2, group.reason)
		p.list(4, group.ids)
	}
}

func specs(n int) string { return count(n, "spec", "specs") }

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
