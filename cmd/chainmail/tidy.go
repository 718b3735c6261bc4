package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/suites"
)

// leftFile is what a run writes beside its report where it could not leave the
// target as it was.
const leftFile = "left-behind.json"

func newTidy() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "tidy FILE", Short: "Undo what a run has left behind on a platform",
		Long: `Undo what a run could not: a run that cannot leave its target as it found it
writes what is left into ` + leftFile + ` beside its report. What cannot be undone
now either stays in the file.`,
		Example: "  chainmail tidy --target platform.yaml report/" + leftFile,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return tidy(cmd, file, args[0]) },
	}
	cmd.Flags().StringVar(&file, "target", "", "target file of the platform (required)")
	return cmd
}

func tidy(cmd *cobra.Command, targetFile, file string) error {
	if targetFile == "" {
		return usage("it is that of the run which left something behind", "--target is required")
	}
	left, err := readLeft(file)
	if err != nil {
		return usage("a run that left something behind says where it wrote it", "%v", err)
	}
	t, err := openTarget(cmd.Context(), targetFile)
	if err != nil {
		return err
	}
	defer t.Close() // a driver that does not end has been killed
	if err := t.Reach(cmd.Context()); err != nil {
		return err
	}
	rest, why := suites.Tidy(cmd.Context(), t, left)
	if rest.Empty() {
		fmt.Fprintln(cmd.OutOrStdout(), "nothing is left behind any more")
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("remove what is done: %w", err)
		}
		return nil
	}
	if err := writeLeft(file, rest); err != nil {
		return err
	}
	if interrupted(cmd.Context()) {
		why = errors.New("interrupted")
	}
	return &exit{code: exitIncomplete, err: fmt.Errorf("still left behind: %s: %w", strings.Join(rest.Words(), "; "), why)}
}

func readLeft(file string) (left suites.Leftovers, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return left, fmt.Errorf("read what is left: %w", err)
	}
	if err := json.Unmarshal(data, &left); err != nil {
		return left, fmt.Errorf("read what is left: %s: %w", file, err)
	}
	return left, nil
}

// writeLeft writes what is left, whole or not at all.
func writeLeft(file string, left suites.Leftovers) error {
	data, err := json.MarshalIndent(left, "", "  ")
	if err != nil {
		return fmt.Errorf("encode what is left: %w", err)
	}
	temporary := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".new")
	if err := os.WriteFile(temporary, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write what is left: %w", err)
	}
	return os.Rename(temporary, file)
}

// leave writes into the folder of a run what it has left behind on the target, and
// returns the command that undoes it; the embedded platform, which is no target file,
// goes with the run and needs none.
func leave(out, target string, left suites.Leftovers) ([]string, error) {
	if left.Empty() || target == "" {
		return nil, nil
	}
	file := filepath.Join(out, leftFile)
	if err := writeLeft(file, left); err != nil {
		return nil, err
	}
	return []string{"undo it by: chainmail tidy --target " + quote(target) + " " + quote(file)}, nil
}
