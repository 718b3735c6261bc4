package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/claim"
	"github.com/chainmail-iot/chainmail/suites/clause"
)

// A listing is one thing that can be listed: rows for people, values for programs.
type listing struct {
	name, short string
	columns     []string
	rows        func() (rows [][]string, values any)
}

func listings() []listing {
	return []listing{
		{"specs", "What is tried, spec by spec", []string{"SPEC", "LEVEL", "CLAUSES", "TITLE"}, listSpecs},
		{"clauses", "What the specification asks", []string{"CLAUSE", "LEVEL", "BINDS", "SPECS", "TEXT"}, listClauses},
		{"cases", "The chains that devices present", []string{"CASE", "EXPECTED", "CLAUSES", "HOW"}, listCases},
		{"deviations", "The ways in which the reference platform can be wrong", []string{"CLAUSE", "LEVEL", "DEVIATION", "CAUGHT BY", "SUMMARY"}, listDeviations},
		{"profiles", "Which clauses a run can be about", []string{"PROFILE", "MUST RUN", "AMENDED", "SUMMARY"}, listProfiles},
		{"plans", "The load plans that come along", []string{"PLAN", "DEVICES", "ABOUT"}, listPlans},
	}
}

func newList() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List specs, clauses, cases, deviations, profiles or plans",
		Example: "  chainmail list specs\n  chainmail list clauses --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage(`"chainmail list --help" shows them`, "say what to list")
		},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(`"chainmail list --help" shows what there is`, "there is no list of %s", args[0])
			}
			return nil
		},
	}
	for _, l := range listings() {
		list.AddCommand(newListing(l))
	}
	return list
}

func newListing(l listing) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: l.name, Short: l.short, Args: refuseArguments(cobra.NoArgs),
		Example: "  chainmail list " + l.name + "\n  chainmail list " + l.name + " --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows, values := l.rows()
			if asJSON {
				return printJSON(cmd.OutOrStdout(), values)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, strings.Join(l.columns, "\t"))
			for _, row := range rows {
				fmt.Fprintln(w, strings.Join(row, "\t"))
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// specRow is a spec as programs read it.
type specRow struct {
	ID       string   `json:"id"`
	Level    string   `json:"level"`
	Clauses  []string `json:"clauses"`
	Title    string   `json:"title"`
	Expected string   `json:"expected"`
	OverTLS  bool     `json:"overTLS"` // once for every TLS version of the target
	Case     string   `json:"case,omitempty"`
	Needs    []string `json:"needs,omitempty"`
	Catches  []string `json:"catches,omitempty"`
}

func listSpecs() ([][]string, any) {
	var rows [][]string
	var values []specRow
	for _, s := range specs() {
		rows = append(rows, []string{s.ID, string(s.Level), strings.Join(s.Clauses, " "), s.Title})
		row := specRow{
			ID: s.ID, Level: string(s.Level), Clauses: s.Clauses, Title: s.Title, Expected: s.Expected,
			OverTLS: s.OverTLS, Case: s.Case, Catches: finds(s.ID),
		}
		for _, c := range s.Needs {
			row.Needs = append(row.Needs, string(c))
		}
		values = append(values, row)
	}
	return rows, values
}

// clauseRow is a clause as programs read it.
type clauseRow struct {
	ID      string   `json:"id"`
	Level   string   `json:"level"`
	Binds   string   `json:"binds"`
	Text    string   `json:"text"`
	Section string   `json:"section"`
	Specs   []string `json:"specs"`
}

func listClauses() ([][]string, any) {
	proven := make(map[string][]string)
	for _, s := range specs() {
		for _, id := range s.Clauses {
			proven[id] = append(proven[id], s.ID)
		}
	}
	var rows [][]string
	var values []clauseRow
	for _, c := range clause.All() {
		by := proven[c.ID]
		rows = append(rows, []string{c.ID, string(c.Level), string(c.Binds), fmt.Sprint(len(by)), c.Text})
		values = append(values, clauseRow{ID: c.ID, Level: string(c.Level), Binds: string(c.Binds), Text: c.Text, Section: c.Section, Specs: append([]string{}, by...)})
	}
	return rows, values
}

// caseRow is a case of the catalogue as programs read it.
type caseRow struct {
	ID          string   `json:"id"`
	Group       string   `json:"group"`
	Expectation string   `json:"expectation"`
	Clauses     []string `json:"clauses"`
	Basis       string   `json:"basis"`
	How         string   `json:"how"`
	Fault       string   `json:"fault,omitempty"`
	Control     string   `json:"control,omitempty"`
	Tags        []string `json:"tags,omitempty"`
}

func listCases() ([][]string, any) {
	var rows [][]string
	var values []caseRow
	for _, c := range cases.All() {
		rows = append(rows, []string{c.ID, string(c.Expectation), strings.Join(c.Clauses, " "), c.How})
		values = append(values, caseRow{
			ID: c.ID, Group: c.Group, Expectation: string(c.Expectation), Clauses: c.Clauses, Basis: c.Basis,
			How: c.How, Fault: c.Fault, Control: c.Control, Tags: c.Tags,
		})
	}
	return rows, values
}

// deviationRow is a deviation as programs read it.
type deviationRow struct {
	Name       string   `json:"name"`
	Clause     string   `json:"clause"`
	Level      string   `json:"level"`
	Summary    string   `json:"summary"`
	CaughtBy   []string `json:"caughtBy"`
	Unreliable bool     `json:"unreliable,omitempty"` // which specs catch it differs from run to run
}

// listDeviations goes clause by clause, in the order of the specification.
func listDeviations() ([][]string, any) {
	var rows [][]string
	var values []deviationRow
	all, family := specs(), ""
	for _, c := range clause.All() {
		for _, d := range refimpl.Deviations() {
			if d.Clause != c.ID {
				continue
			}
			if family != "" && family != c.Family() {
				rows = append(rows, make([]string, 5)) // a family of clauses stands by itself
			}
			family = c.Family()
			by := finders(all, d.Name)
			claimed, _ := claim.Of(d.Name)
			row := deviationRow{
				Name: d.Name, Clause: d.Clause, Level: string(c.Level), Summary: d.Summary, CaughtBy: by, Unreliable: claimed.Unreliable != "",
			}
			caught := fmt.Sprint(len(by))
			if row.Unreliable {
				caught = "varies"
			}
			rows = append(rows, []string{d.Clause, row.Level, d.Name, caught, d.Summary})
			values = append(values, row)
		}
	}
	return rows, values
}

// finders returns the ids of the specs that are claimed to find the deviation.
func finders(all []suites.Spec, deviation string) []string {
	ids := []string{}
	c, _ := claim.Of(deviation)
	for _, s := range all {
		if c.Finds(s.ID) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// finds returns the deviations that a spec is claimed to find.
func finds(spec string) []string {
	var names []string
	for _, c := range claim.All() {
		if c.Finds(spec) {
			names = append(names, c.Deviation)
		}
	}
	return names
}

// profileRow is a profile as programs read it.
type profileRow struct {
	Name           string             `json:"name"`
	Summary        string             `json:"summary"`
	MaxChainLength int                `json:"maxChainLength"`
	MustRun        []string           `json:"mustRun"`
	Without        []suites.Exclusion `json:"without,omitempty"`
	Texts          map[string]string  `json:"texts,omitempty"`
	Amendments     []suites.Amendment `json:"amendments,omitempty"`
}

func listProfiles() ([][]string, any) {
	var rows [][]string
	var values []profileRow
	for _, p := range suites.Profiles() {
		rows = append(rows, []string{p.Name, fmt.Sprint(len(p.MustRun)), fmt.Sprint(len(p.Amendments)), p.Summary})
		values = append(values, profileRow{p.Name, p.Summary, p.MaxChainLength, p.MustRun, p.Without, p.Texts, p.Amendments})
	}
	return rows, values
}
