package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/loadgen/coordinator"
	"github.com/chainmail-iot/chainmail/loadgen/result"
	"github.com/chainmail-iot/chainmail/reports"
)

// finish writes the report, prints the summary and gives the exit code. A run that
// came to nothing has a report as well, unless it was refused before anything was sent.
func (r *loadRun) finish(cmd *cobra.Command, played coordinator.Result, notes []string, cause error) error {
	if code, _ := classify(cause); cause != nil && code == exitUsage {
		return cause
	}
	if cause == nil {
		cause = r.err
	}
	run, err := r.result(cmd, played, notes, cause)
	if err != nil {
		return err
	}
	report := result.Build(run)
	path := filepath.Join(r.flags.out, reports.LoadFileName)
	if err := reports.WriteFile(path, report.WriteJSON); err != nil {
		return err
	}
	if err := reports.LoadTerminal(cmd.OutOrStdout(), report, terminal(cmd.OutOrStdout(), []string{path})); err != nil {
		return err
	}
	switch {
	case cause != nil && !interrupted(cmd.Context()):
		_, hint := classify(cause)
		return &exit{code: report.ExitCode, err: cause, hint: hint}
	case report.ExitCode == exitOK:
		return nil
	}
	return &exit{code: report.ExitCode}
}

// result is what the report is made of.
func (r *loadRun) result(cmd *cobra.Command, played coordinator.Result, notes []string, cause error) (result.Run, error) {
	run := result.Run{
		Header: r.header, Totals: played.Totals, Thresholds: r.thresholds, Early: played.Broken, Finished: r.ended, Notes: notes,
		End: reports.LoadEnd{Interrupted: played.Interrupted || cause != nil && interrupted(cmd.Context())},
	}
	if run.Header.Started.IsZero() { // it ended before the first arrival
		var err error
		if run.Header, err = r.describe(r.ended); err != nil {
			return run, err
		}
	}
	if cause == nil || run.End.Interrupted {
		return run, nil
	}
	switch code, _ := classify(cause); code {
	case exitUnreachable:
		run.End.Unreachable = cause.Error()
	case exitIncomplete:
		run.Notes = append(run.Notes, cause.Error())
	default:
		run.End.Fault = cause.Error()
	}
	return run, nil
}
