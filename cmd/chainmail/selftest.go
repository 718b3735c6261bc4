package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/reports"
)

// selftestFlags are what `chainmail selftest` is asked for.
type selftestFlags struct {
	deviations []string
	out        string
	jobs       int
}

func newSelftest() *cobra.Command {
	var f selftestFlags
	cmd := &cobra.Command{
		Use: "selftest", Short: "Show that the specs can fail: run them against every deviation",
		Long: `Run the specs against the reference platform as it is, which must be
conformant, and once against each of its deviations. A deviation is killed when
exactly the specs that claim it do not pass. Each run is a process of its own.`,
		Example: "  chainmail selftest\n  chainmail selftest --deviation accepts-expired --out matrix",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.selftest(cmd) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.deviations, "deviation", nil, "only these deviations (default all)")
	flags.StringVar(&f.out, "out", "chainmail-selftest", "folder for the reports of each run")
	flags.IntVar(&f.jobs, "jobs", runtime.NumCPU(), "how many runs side by side")
	return cmd
}

// A matrixRow is one run of the specs against the reference platform: with a
// deviation, or as it is.
type matrixRow struct {
	deviation refimpl.Deviation // the zero value: as it is
	claimed   []string          // specs that say they find it
	killed    []string          // specs that did not pass
	outcome   reports.Outcome
}

// holds reports whether the run came out as it must.
func (r matrixRow) holds() bool {
	if r.deviation.Name == "" {
		return r.outcome == reports.Conformant && len(r.killed) == 0
	}
	return len(r.claimed) > 0 && slices.Equal(r.claimed, r.killed)
}

func (r matrixRow) title() string { return cmp.Or(r.deviation.Name, "as it is") }

func (f selftestFlags) selftest(cmd *cobra.Command) error {
	rows, err := f.rows()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	group, ctx := errgroup.WithContext(cmd.Context())
	group.SetLimit(max(f.jobs, 1))
	for i := range rows {
		group.Go(func() error {
			if err := f.run(ctx, self, &rows[i]); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d specs did not pass\n", rows[i].title(), len(rows[i].killed))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		if interrupted(cmd.Context()) {
			return &exit{code: exitInterrupted, err: errors.New("interrupted")}
		}
		return err
	}
	return conclude(cmd, rows)
}

// rows lists the runs: the platform as it is, then each deviation.
func (f selftestFlags) rows() ([]matrixRow, error) {
	known := refimpl.Deviations()
	for _, name := range f.deviations {
		if !slices.ContainsFunc(known, func(d refimpl.Deviation) bool { return d.Name == name }) {
			return nil, usage(`"chainmail list deviations" shows them`, "unknown deviation %q", name)
		}
	}
	rows := []matrixRow{{}}
	for _, d := range known {
		if len(f.deviations) == 0 || slices.Contains(f.deviations, d.Name) {
			claimed := claims(specs(), d.Name)
			slices.Sort(claimed)
			rows = append(rows, matrixRow{deviation: d, claimed: claimed})
		}
	}
	return rows, nil
}

// run judges one platform in a process of its own and reads its report.
func (f selftestFlags) run(ctx context.Context, self string, r *matrixRow) error {
	dir := filepath.Join(f.out, cmp.Or(r.deviation.Name, "as-it-is"))
	args := []string{"conform", "--out", dir}
	if r.deviation.Name != "" {
		args = append(args, "--deviation", r.deviation.Name)
	}
	command := exec.CommandContext(ctx, self, args...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 2 * closeBound
	output, failure := command.CombinedOutput() // its exit code stands in the report, if there is one
	report, err := reports.Load(dir)
	if err != nil {
		return fmt.Errorf("run against %s: %w: %w\n%s", r.title(), failure, err, output)
	}
	r.outcome = report.Outcome
	for _, s := range report.Specs {
		if s.Verdict != reports.Pass && s.Verdict != reports.NotApplicable && !slices.Contains(r.killed, s.Spec) {
			r.killed = append(r.killed, s.Spec)
		}
	}
	slices.Sort(r.killed)
	return nil
}

// conclude prints the matrix; a run that did not come out as it must is a fault
// of ours.
func conclude(cmd *cobra.Command, rows []matrixRow) error {
	out := cmd.OutOrStdout()
	wrong := 0
	for _, r := range rows {
		mark := "ok  "
		if !r.holds() {
			mark = "FAIL"
			wrong++
		}
		if r.deviation.Name == "" {
			fmt.Fprintf(out, "%s  as it is: %s\n", mark, r.outcome)
		} else {
			found := len(r.claimed) - len(without(r.claimed, r.killed))
			fmt.Fprintf(out, "%s  %s (%s): found by %d of %d specs that claim it\n", mark, r.deviation.Name, r.deviation.Clause, found, len(r.claimed))
			for _, id := range without(r.claimed, r.killed) {
				fmt.Fprintf(out, "        did not find it: %s\n", id)
			}
		}
		for _, id := range without(r.killed, r.claimed) {
			fmt.Fprintf(out, "        did not pass, and does not claim it: %s\n", id)
		}
	}
	fmt.Fprintf(out, "%d of %d runs came out as they must\n", len(rows)-wrong, len(rows))
	if wrong > 0 {
		return &exit{code: exitFault, err: errors.New("specs and deviations do not fit"), hint: "the reports of each run are below " + cmd.Flag("out").Value.String()}
	}
	return nil
}

// without returns what of a is not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
