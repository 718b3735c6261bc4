package main

import (
	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/reports"
)

func newCompare() *cobra.Command {
	return &cobra.Command{
		Use: "compare BEFORE AFTER", Short: "Compare two load runs, quantile by quantile",
		Long: `Compare two load runs: each quantile of each stage before, after, and by what
factor it has changed; what else differs between the runs; and the thresholds that
were met before and are not now, which make the exit code 6.`,
		Example: "  chainmail report compare before/load.json after/load.json",
		Args:    refuseArguments(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var runs [2]reports.LoadReport
			for i, path := range args {
				isLoad, err := isLoadRun(path)
				if err == nil && !isLoad {
					err = usage("compare two load runs", "%s is a conformance run", path)
				}
				if err != nil {
					return err
				}
				if runs[i], err = readLoad(cmd.Context(), path); err != nil {
					return err
				}
			}
			c := reports.CompareLoad(runs[0], runs[1])
			if err := c.Terminal(cmd.OutOrStdout(), terminal(cmd.OutOrStdout(), nil)); err != nil {
				return err
			}
			if len(c.Broken) > 0 {
				return &exit{code: exitMissed}
			}
			return nil
		},
	}
}
