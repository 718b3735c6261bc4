package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/reports"
)

// tool says which chainmail this is, from what the build recorded.
func tool() reports.Tool {
	t := reports.Tool{Name: "chainmail", Version: "development"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return t
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		t.Version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			t.Commit = s.Value
		}
	}
	return t
}

func newVersion() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Say which chainmail this is",
		Example: "  chainmail version\n  chainmail version --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			t := tool()
			if asJSON {
				return printJSON(cmd.OutOrStdout(), t)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s %s %s %s/%s\n", t.Name, t.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			if t.Commit != "" {
				fmt.Fprintln(cmd.OutOrStdout(), "commit "+t.Commit)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}
