package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/loadgen/result"
	"github.com/chainmail-iot/chainmail/loadgen/store"
	"github.com/chainmail-iot/chainmail/reports"
)

func newReport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "report", Short: "Show the results of earlier runs",
		Example: "  chainmail report render chainmail-report\n  chainmail report compare before/load.json after/load.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage(`"chainmail report --help" shows what there is`, "say what to do with a report")
		},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(`"chainmail report --help" shows what there is`, "there is no report %s", args[0])
			}
			return nil
		},
	}
	cmd.AddCommand(newRender(), newCompare())
	return cmd
}

func newRender() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use: "render DIR|FILE", Short: "Show a conformance run or a load run again",
		Long: `Show a run again: the results.json of a conformance run, the load.json of a
load run, or a folder that holds one of them. A folder without them, because the
run broke off, is rendered from what the run had written until then, and marked
incomplete.

The exit code is that of the run.`,
		Example: "  chainmail report render chainmail-report\n  chainmail report render chainmail-load --format junit --out junit.xml",
		Args:    refuseArguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			rendered, err := readReport(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return rendered.write(cmd, format, out)
		},
	}
	cmd.Flags().StringVar(&format, "format", "terminal", "terminal, json or junit")
	cmd.Flags().StringVar(&out, "out", "", "file to write (default the standard output)")
	return cmd
}

// A rendered run is one of either kind, read.
type rendered struct {
	terminal func(io.Writer, reports.TerminalOptions) error
	json     func(io.Writer) error
	junit    func(io.Writer) error
	code     int
}

// write writes the run in a format and gives its exit code.
func (r rendered) write(cmd *cobra.Command, format, out string) error {
	write, known := map[string]func(io.Writer) error{
		"terminal": func(w io.Writer) error { return r.terminal(w, terminal(w, nil)) },
		"json":     r.json, "junit": r.junit,
	}[format]
	if !known {
		return usage("--format takes terminal, json or junit", "unknown format %q", format)
	}
	var err error
	if out == "" {
		err = write(cmd.OutOrStdout())
	} else if err = reports.WriteFile(out, write); err != nil {
		err = &exit{code: exitUsage, err: err, hint: "name a file that can be written with --out"}
	}
	if err == nil && r.code != exitOK {
		err = &exit{code: r.code}
	}
	return err
}

// readReport reads a run of either kind.
func readReport(ctx context.Context, path string) (rendered, error) {
	isLoad, err := isLoadRun(path)
	if err != nil {
		return rendered{}, err
	}
	if isLoad {
		r, err := readLoad(ctx, path)
		return rendered{
			func(w io.Writer, o reports.TerminalOptions) error { return reports.LoadTerminal(w, r, o) }, r.WriteJSON,
			func(w io.Writer) error { return reports.LoadJUnit(w, r) }, r.ExitCode,
		}, err
	}
	r, err := reports.Load(path)
	if err != nil {
		return rendered{}, &exit{code: exitUsage, err: err}
	}
	return rendered{
		func(w io.Writer, o reports.TerminalOptions) error { return reports.Terminal(w, r, o) }, r.WriteJSON,
		func(w io.Writer) error { return reports.JUnit(w, r) }, r.ExitCode,
	}, nil
}

// isLoadRun tells a load run from a conformance run by the names of the files.
func isLoadRun(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, usage("name the folder of a run, a results.json or a load.json", "read report: %v", err)
	}
	if !info.IsDir() {
		return filepath.Base(path) == reports.LoadFileName || isLoadFile(path), nil
	}
	load := isFile(filepath.Join(path, reports.LoadFileName)) || isFile(filepath.Join(path, reports.LoadHeaderName))
	conform := isFile(filepath.Join(path, reports.FileName)) || isFile(filepath.Join(path, reports.StreamName))
	switch {
	case load && conform:
		return false, usage("name the file: "+reports.FileName+" or "+reports.LoadFileName, "%s holds a conformance run and a load run", path)
	case !load && !conform:
		return false, usage("name the folder that a run was given with --out", "%s holds no run", path)
	}
	return load, nil
}

// isLoadFile reports whether a file says that it is a load.json. What says nothing
// is read as results, whose reader tells what is wrong with it.
func isLoadFile(path string) bool {
	data, err := os.ReadFile(path)
	var head struct {
		Schema string `json:"schema"`
	}
	if err == nil {
		err = json.Unmarshal(data, &head)
	}
	return err == nil && head.Schema == reports.LoadSchema
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// readLoad reads a load.json, or makes a report of the chunks of a run that broke off.
func readLoad(ctx context.Context, path string) (reports.LoadReport, error) {
	file := path
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		file = filepath.Join(path, reports.LoadFileName)
	}
	r, err := reports.ReadLoad(file)
	switch {
	case err == nil:
		return r, nil
	case file == path || !errors.Is(err, fs.ErrNotExist):
		return r, &exit{code: exitUsage, err: err, hint: "name the folder of a load run, or its " + reports.LoadFileName}
	}
	s, err := store.Open("dir:" + path)
	if err != nil {
		return r, &exit{code: exitUsage, err: err}
	}
	run, err := result.Read(ctx, s)
	if err != nil {
		return r, &exit{code: exitUsage, err: err}
	}
	if file := filepath.Join(path, leftFile); isFile(file) {
		run.Notes = append(run.Notes, "trust anchors and device users may be left on the platform; undo it by: chainmail tidy --target FILE "+quote(file))
	}
	return result.Build(run), nil
}
