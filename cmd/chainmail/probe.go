package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/probe"
	"github.com/chainmail-iot/chainmail/suites/target"
)

func newProbe() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "probe", Short: "Find out what a platform can do, and whether its target file says so",
		Long: `Look at a platform with a few devices and requests of our own: each capability by
using it, how devices are refused, which TLS versions, which chain length, whose
clock. What is found is compared with the target file, and a fragment to paste
into it is printed. The platform is left as it was found.

Exit codes: 0 the file tells the truth (what is there and not declared is only
said), 1 it declares what is missing or otherwise, 3 something could not be found
out, 4 the platform accepts no connection.`,
		Example: "  chainmail probe --target platform.yaml\n  chainmail probe --target platform.yaml --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return probeTarget(cmd, file, asJSON) },
	}
	cmd.Flags().StringVar(&file, "target", "", "target file of the platform (required)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func probeTarget(cmd *cobra.Command, file string, asJSON bool) error {
	if file == "" {
		return usage(`"chainmail serve --dir DIR" writes a target file that works`, "say which platform: --target FILE")
	}
	t, err := openTarget(cmd.Context(), file)
	if err != nil {
		return err
	}
	defer t.Close() // a driver that does not end has been killed
	report, err := probe.Run(cmd.Context(), t, probe.Config{
		Seed: certfactory.NewSeed(), Looking: func(what string) { fmt.Fprintf(cmd.ErrOrStderr(), "looking at %s\n", what) },
	})
	if interrupted(cmd.Context()) {
		err = &exit{code: exitInterrupted, err: fmt.Errorf("interrupted: %w", cmd.Context().Err())}
	}
	if len(report.Findings) == 0 && err != nil {
		return err
	}
	var printed error
	if asJSON {
		printed = printProbeJSON(cmd.OutOrStdout(), report)
	} else {
		printed = printProbe(cmd.OutOrStdout(), report, colour(cmd.OutOrStdout()))
	}
	switch {
	case err != nil:
		return err
	case printed != nil:
		return printed
	case report.Has(probe.Missing, probe.Differs):
		return &exit{code: exitNotConformant}
	case report.Has(probe.Unknown) || len(report.Notes) > 0:
		return &exit{code: exitIncomplete}
	}
	return nil
}

// colour reports whether colours are wanted on out.
func colour(out io.Writer) bool { return terminal(out, nil).Color }

// fragment is what a target file should say, as YAML.
func fragment(r probe.Report) (string, error) {
	if len(r.Versions) == 0 { // no device of ours was admitted: nothing is known
		return "", nil
	}
	var f struct {
		MQTT struct {
			TLS struct {
				Min string `yaml:"min"`
				Max string `yaml:"max"`
			} `yaml:"tls,flow"`
		} `yaml:"mqtt"`
		Capabilities []target.Capability `yaml:"capabilities,flow"`
		Policy       target.Policy       `yaml:"policy"`
	}
	number := func(v uint16) string { return strings.TrimPrefix(tls.VersionName(v), "TLS ") }
	f.MQTT.TLS.Min, f.MQTT.TLS.Max = number(slices.Min(r.Versions)), number(slices.Max(r.Versions))
	f.Policy = r.Policy
	for _, c := range r.Capabilities {
		if target.Declarable(c) {
			f.Capabilities = append(f.Capabilities, c)
		}
	}
	text, err := yaml.Dump(f)
	return string(text), err
}

// printProbeJSON prints a report for programs.
func printProbeJSON(w io.Writer, r probe.Report) error {
	text, err := fragment(r)
	if err != nil {
		return err
	}
	return printJSON(w, struct {
		probe.Report
		Fragment string `json:"fragment,omitempty"`
	}{r, text})
}

// Colours of the states, as parameters of SGR (ECMA-48).
func stateColour(s probe.State) string {
	switch s {
	case probe.Agrees:
		return "32"
	case probe.Missing, probe.Differs:
		return "31"
	case probe.Undeclared, probe.Unknown:
		return "33"
	}
	return "2"
}

// stateWord says a state in a word for the margin.
func stateWord(s probe.State) string {
	if s == probe.Noted {
		return ""
	}
	return string(s)
}

// printProbe prints a report for a person.
func printProbe(w io.Writer, r probe.Report, color bool) error {
	var page bytes.Buffer
	paint := func(sgr, s string) string {
		if !color || strings.TrimSpace(s) == "" {
			return s
		}
		return "\x1b[" + sgr + "m" + s + "\x1b[0m"
	}
	fmt.Fprintf(&page, "target  %s\n", r.Target)
	for _, section := range []probe.Section{probe.Transport, probe.Capability, probe.Policy, probe.Timing} {
		printSection(&page, r, section, paint)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&page, "\n%s\n", paint("33", note))
	}
	text, err := fragment(r)
	if err != nil {
		return err
	}
	if text != "" {
		fmt.Fprintf(&page, "\n%s\n\n", paint("1", "FOR THE TARGET FILE"))
		for line := range strings.Lines(text) {
			page.WriteString("  " + line)
		}
	}
	_, err = w.Write(page.Bytes())
	return err
}

// printSection prints the findings of one section as a table, what is worth more
// than a word below its row.
func printSection(page *bytes.Buffer, r probe.Report, section probe.Section, paint func(sgr, s string) string) {
	rows := slices.DeleteFunc(slices.Clone(r.Findings), func(f probe.Finding) bool { return f.Section != section })
	if len(rows) == 0 {
		return
	}
	name, declared, found := len("name"), len("declared"), len("found")
	for _, f := range rows {
		name, declared, found = max(name, len(f.Name)), max(declared, len(f.Declared)), max(found, len(f.Found))
	}
	fmt.Fprintf(page, "\n%s\n\n", paint("1", strings.ToUpper(string(section))))
	head := fmt.Sprintf("  %-*s  %-*s  %-*s", name, "", declared, "declared", found, "found")
	fmt.Fprintf(page, "%s\n", paint("2", strings.TrimRight(head, " ")))
	for _, f := range rows {
		row := fmt.Sprintf("  %-*s  %-*s  %-*s", name, f.Name, declared, f.Declared, found, f.Found)
		fmt.Fprintf(page, "%s\n", strings.TrimRight(row+"  "+paint(stateColour(f.State), stateWord(f.State)), " "))
		if f.State == probe.Agrees && section != probe.Policy {
			continue
		}
		for _, line := range slices.Concat(wrapped(f.Detail, 92), wrapped(f.Hint, 92)) {
			fmt.Fprintf(page, "      %s\n", paint("2", line))
		}
	}
}

// wrapped breaks a text at blanks into lines of at most width columns.
func wrapped(text string, width int) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		last := len(lines) - 1
		if last >= 0 && len(lines[last])+1+len(word) <= width {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
