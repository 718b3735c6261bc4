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
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/claim"
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
the specs that are claimed to find it do, and no others but those that it is known
to drag along. Each run is a process of its own. What came of it is kept, so that
every later report of this very program says what its verdicts are worth.`,
		Example: "  chainmail selftest\n  chainmail selftest --deviation accepts-expired --out matrix",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.selftest(cmd) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.deviations, "deviation", nil, "only these deviations (default all)")
	flags.StringVar(&f.out, "out", "chainmail-selftest", "folder for the reports of each run")
	flags.IntVar(&f.jobs, "jobs", runtime.NumCPU(), "how many runs side by side")
	return cmd
}

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
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: found by %d specs\n", rows[i].title(), len(rows[i].found))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		if interrupted(cmd.Context()) {
			return &exit{code: exitInterrupted, err: errors.New("interrupted")}
		}
		return err
	}
	if len(f.deviations) == 0 {
		if _, err := keepCalibration(f.out, rows, time.Now()); err != nil {
			return err
		}
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
			c, _ := claim.Of(d.Name) // a test sees to it that there is one
			rows = append(rows, matrixRow{deviation: d, claim: c})
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
	r.read(report)
	return nil
}

// conclude prints the matrix; a run that did not come out as it must is a fault
// of ours.
func conclude(cmd *cobra.Command, rows []matrixRow) error {
	out := cmd.OutOrStdout()
	wrong := 0
	for _, r := range rows {
		problems := r.problems()
		mark := "ok  "
		if len(problems) > 0 {
			mark = "FAIL"
			wrong++
		}
		fmt.Fprintf(out, "%s  %s\n", mark, r.summary())
		for _, p := range problems {
			fmt.Fprintf(out, "        %s\n", p)
		}
	}
	fmt.Fprintf(out, "%d of %d runs came out as they must\n", len(rows)-wrong, len(rows))
	if wrong > 0 {
		return &exit{code: exitFault, err: errors.New("specs and deviations do not fit"), hint: "the reports of each run are below " + cmd.Flag("out").Value.String()}
	}
	return nil
}
