package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"
)

// newRoot wires the commands.
func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "chainmail",
		Short: "Conformance tests for IoT platforms whose devices log in with X.509 certificates",
		Long: `chainmail tells whether an IoT platform treats X.509 device certificates as the
specification asks. With no target it judges the reference platform that it
brings along.`,
		Example: `  chainmail conform
  chainmail conform --target platform.yaml --only 'chain/*'
  chainmail serve`,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(`"chainmail help" lists the commands`, "unknown command %q", args[0])
			}
			return nil
		},
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &exit{code: exitUsage, err: err, hint: `"` + cmd.CommandPath() + ` --help" shows the flags`}
	})
	root.AddCommand(newConform(), newLoad(), newProbe(), newReplayCommand(), newServe(), newTidy(), newSelftest(), newList(), newExplain(), newCerts(), newReport(), newVersion())
	for _, c := range root.Commands() {
		c.Args = refuseArguments(c.Args)
	}
	return root
}

// refuseArguments makes a wrong number of arguments a usage error.
func refuseArguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		var e *exit
		if err == nil || errors.As(err, &e) {
			return err
		}
		return &exit{code: exitUsage, err: err, hint: `"` + cmd.CommandPath() + ` --help" shows what it takes`}
	}
}
