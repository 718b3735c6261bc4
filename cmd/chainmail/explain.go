package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/claim"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

func newExplain() *cobra.Command {
	var costly bool
	cmd := &cobra.Command{
		Use: "explain ID", Short: "Say what a case, clause, spec, deviation or profile is about",
		Long: `Say what the thing of that id is about. Of a case: what is sent, what is expected
and why, its good twin, who runs it, and what others make of it. Of a clause: what
it asks and who proves it. Of a spec: what it does and how to run it. Of a
deviation: what the reference platform does wrong, and who finds it. Of a profile:
what it expects otherwise than the specification, and why.`,
		Example: `  chainmail explain expired-leaf
  chainmail explain DC-CHAIN-05
  chainmail explain token/token-opens-http
  chainmail explain accepts-expired`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return explain(cmd.OutOrStdout(), args[0], costly) },
	}
	cmd.Flags().BoolVar(&costly, "costly", false, "draw cases too that take seconds to make")
	return cmd
}

// explain finds out what an id is the id of.
func explain(w io.Writer, id string, costly bool) error {
	bare, _, _ := strings.Cut(id, "@") // axes say nothing of what is tried
	if c, ok := cases.ByID(id); ok {
		return explainCase(w, c, costly)
	}
	if c, ok := cases.UploadByID(id); ok {
		return explainUpload(w, c)
	}
	if c, ok := clause.ByID(strings.ToUpper(id)); ok {
		return explainClause(w, c)
	}
	for _, s := range specs() {
		if s.ID == bare {
			return explainSpec(w, s)
		}
	}
	for _, d := range refimpl.Deviations() {
		if d.Name == id {
			return explainDeviation(w, d)
		}
	}
	if i := slices.IndexFunc(suites.Profiles(), func(p suites.Profile) bool { return p.Name == id }); i >= 0 {
		return explainProfile(w, suites.Profiles()[i])
	}
	return usage(nearest(id, knownIDs()), "there is no case, clause, spec, deviation or profile %q", id)
}

func knownIDs() []string {
	ids := caseIDs()
	for _, c := range clause.All() {
		ids = append(ids, c.ID)
	}
	for _, d := range refimpl.Deviations() {
		ids = append(ids, d.Name)
	}
	for _, s := range specs() {
		ids = append(ids, s.ID)
	}
	for _, p := range suites.Profiles() {
		ids = append(ids, p.Name)
	}
	return ids
}

func explainClause(w io.Writer, c clause.Clause) error {
	var proofs, broken []string
	for _, s := range specs() {
		if slices.Contains(s.Clauses, c.ID) {
			proofs = append(proofs, s.ID)
		}
	}
	for _, d := range refimpl.Deviations() {
		if d.Clause == c.ID {
			broken = append(broken, d.Name+": "+d.Summary)
		}
	}
	p := page{w: w}
	p.title("clause " + c.ID)
	p.text(c.Text)
	p.field("level", string(c.Level))
	p.field("binds", bindsWhom(c.Binds))
	p.field("section", c.Section)
	p.field("profiles", amendedClauses(c)...)
	p.field("specs", proofs...)
	if proof := c.Proof(); proof != "" {
		p.field("proof", proof)
	}
	p.field("deviations", broken...)
	if len(proofs) > 0 {
		p.field("try it", "chainmail conform --only "+c.ID)
	}
	return p.err
}

// bindsWhom says whom a clause binds.
func bindsWhom(p clause.Party) string {
	return map[clause.Party]string{
		clause.Platform: "the platform", clause.Device: "the device; our own are tested for it",
		clause.Tool: "the tool that makes certificates; tests of certfactory prove it",
	}[p]
}

func explainSpec(w io.Writer, s suites.Spec) error {
	p := page{w: w}
	p.title("spec " + s.ID)
	p.text(s.Title)
	p.field("expected", s.Expected)
	p.field("level", string(s.Level))
	p.field("clauses", clauseLines(s.Clauses)...)
	if s.OverTLS {
		p.field("axes", "once for each TLS version of the target: "+s.ID+"@tls1.2, "+s.ID+"@tls1.3")
	}
	var needs []string
	for _, n := range s.Needs {
		needs = append(needs, string(n))
	}
	p.field("needs", needs...)
	p.field("profiles", amendments(s.ID)...)
	p.field("finds", finds(s.ID)...)
	if s.Case != "" {
		p.field("case", s.Case+` ("chainmail explain `+s.Case+`" shows what is sent)`)
	}
	if s.Costly {
		p.field("cost", "takes seconds to prepare")
	}
	p.field("try it", "chainmail conform --only "+s.ID)
	return p.err
}

func explainDeviation(w io.Writer, d refimpl.Deviation) error {
	c, _ := claim.Of(d.Name)
	p := page{w: w}
	p.title("deviation " + d.Name)
	p.text(d.Summary)
	p.field("breaks", clauseLines([]string{d.Clause})...)
	p.field("found by", finders(specs(), d.Name)...)
	for _, a := range c.Along {
		p.field("drags along", append([]string{a.Because + ":"}, a.Specs...)...)
	}
	for _, why := range []string{c.Inconclusive, c.Unreliable} {
		if why != "" {
			p.field("other specs", why)
		}
	}
	p.field("try it",
		"chainmail serve --deviation "+d.Name,
		"chainmail selftest --deviation "+d.Name)
	return p.err
}

// clauseLines returns a line for each clause, text included.
func clauseLines(ids []string) []string {
	var lines []string
	for _, id := range ids {
		c, _ := clause.ByID(id)
		lines = append(lines, fmt.Sprintf("%s (%s) %s", id, c.Level, c.Text))
	}
	return lines
}
