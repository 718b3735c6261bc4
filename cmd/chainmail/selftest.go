package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/claim"
)

// selftestFlags are what `chainmail selftest` is asked for.
type selftestFlags struct {
	deviations []string
	pairs      int
	others     float64
	config     string
	profile    string
	seed       string
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
to drag along. With --pairs, platforms that are wrong in two ways at once are tried
too: neither may hide the other. With --others only a part of the specs that have
nothing to do with a deviation is tried on it. Each run is a process of its own.

What came of a whole selftest is kept, so that every later report of this very
program says what its verdicts are worth.`,
		Example: `  chainmail selftest
  chainmail selftest --deviation accepts-expired --out matrix
  chainmail selftest --pairs 100
  chainmail selftest --config late.yaml      # the same of a platform that refuses late
  chainmail selftest --profile device-certificates-2024`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.selftest(cmd) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.deviations, "deviation", nil, "only these deviations (default all)")
	flags.IntVar(&f.pairs, "pairs", 0, "how many pairs of deviations to try as well, drawn by the seed")
	flags.Float64Var(&f.others, "others", 1, "share of the specs that do not claim a deviation to try on it nevertheless, drawn by the seed")
	flags.StringVar(&f.config, "config", "", `configuration of the reference platform in every run, as for "chainmail serve"`)
	flags.StringVar(&f.profile, "profile", suites.Profiles()[0].Name, "what the specs ask for, and how the reference platform is set up then")
	flags.StringVar(&f.seed, "seed", "", "seed of an earlier selftest (default a random one)")
	flags.StringVar(&f.out, "out", "chainmail-selftest", "folder for the reports of each run")
	flags.IntVar(&f.jobs, "jobs", runtime.NumCPU(), "how many runs side by side")
	return cmd
}

func (f selftestFlags) selftest(cmd *cobra.Command) error {
	seed, err := parseSeed(f.seed)
	if err != nil {
		return err
	}
	rows, err := f.rows(seed)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d runs, seed %s\n", len(rows), seed)
	judge := func(ctx context.Context, r *matrixRow) error {
		if err := f.run(ctx, self, seed, r); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: found by %d specs\n", r.title(), len(r.found))
		return nil
	}
	group, ctx := errgroup.WithContext(cmd.Context())
	group.SetLimit(max(f.jobs, 1))
	err = judge(ctx, &rows[0]) // alone: it fills the key cache for the others
	for i := 1; i < len(rows) && err == nil; i++ {
		group.Go(func() error { return judge(ctx, &rows[i]) })
	}
	if err := cmp.Or(err, group.Wait()); err != nil {
		if interrupted(cmd.Context()) {
			return &exit{code: exitInterrupted, err: errors.New("interrupted")}
		}
		return err
	}
	if !f.whole() {
		return conclude(cmd, rows, nil)
	}
	if _, err := keepCalibration(f.out, rows, time.Now()); err != nil {
		return err
	}
	return conclude(cmd, rows, idle(rows, specs()))
}

// plain reports whether every deviation is tried, on the platform that claims are about.
func (f selftestFlags) plain() bool {
	return len(f.deviations) == 0 && f.config == "" && f.profile == suites.Profiles()[0].Name
}

// whole reports whether every spec meets every deviation.
func (f selftestFlags) whole() bool { return f.plain() && f.others == 1 }

// rows lists the runs: the platform as it is and as it may also be, each
// deviation, and the pairs.
func (f selftestFlags) rows(seed certfactory.Seed) ([]matrixRow, error) {
	known := refimpl.Deviations()
	for _, name := range f.deviations {
		if !slices.ContainsFunc(known, func(d refimpl.Deviation) bool { return d.Name == name }) {
			return nil, usage(`"chainmail list deviations" shows them`, "unknown deviation %q", name)
		}
	}
	if f.others < 0 || f.others > 1 {
		return nil, usage("1 is all of them", "--others is %v: want a share from 0 to 1", f.others)
	}
	profile, err := suites.ProfileByName(f.profile)
	if err != nil {
		return nil, &exit{code: exitUsage, err: err}
	}
	random := rand.New(rand.NewChaCha8(sha256.Sum256(seed[:])))
	rows := []matrixRow{{profile: profile, config: f.config}}
	if f.plain() {
		late, err := f.late()
		if err != nil {
			return nil, err
		}
		rows = append(rows, matrixRow{manner: "refusing late", profile: profile, config: late})
	}
	var reliable []matrixRow
	all := specs()
	for _, d := range known {
		if len(f.deviations) > 0 && !slices.Contains(f.deviations, d.Name) {
			continue
		}
		c, _ := claim.Of(d.Name) // a test sees to it that there is one
		row := matrixRow{profile: profile, config: f.config, deviations: []refimpl.Deviation{d}, claims: []claim.Claim{c}}
		if f.others < 1 && c.Unreliable == "" {
			row.others = draw(random, all, f.others)
		}
		rows = append(rows, row)
		if c.Unreliable == "" {
			reliable = append(reliable, row)
		}
	}
	return append(rows, pairs(random, reliable, f.pairs)...), nil
}

// late writes the configuration of a platform that refuses after the handshake.
func (f selftestFlags) late() (string, error) {
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return "", usage("name a folder that can be written with --out", "%v", err)
	}
	file := filepath.Join(f.out, "late.yaml")
	return file, os.WriteFile(file, []byte("apiVersion: chainmail/v1\nkind: Platform\nlateRefusal: true\n"), 0o644)
}

// draw returns about that share of the specs, but for the costly, those of
// the page, and those that need another TLS version than the matrix runs.
func draw(random *rand.Rand, all []suites.Spec, share float64) []string {
	drawn := []string{}
	for _, s := range all {
		if !s.Costly && s.MaxTLS == 0 && s.Family() != "web" && random.Float64() < share {
			drawn = append(drawn, s.ID)
		}
	}
	return drawn
}

// pairs draws n different pairs of rows.
func pairs(random *rand.Rand, single []matrixRow, n int) []matrixRow {
	var all []matrixRow
	for i, a := range single {
		for _, b := range single[i+1:] {
			all = append(all, matrixRow{
				profile: a.profile, config: a.config, deviations: slices.Concat(a.deviations, b.deviations), claims: slices.Concat(a.claims, b.claims),
			})
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(max(n, 0), len(all))]
}

// run judges one platform in a process of its own and reads its report.
func (f selftestFlags) run(ctx context.Context, self string, seed certfactory.Seed, r *matrixRow) error {
	dir := filepath.Join(f.out, strings.NewReplacer(" ", "-", ",", "").Replace(r.title()))
	args := append([]string{"conform", "--out", dir, "--seed", seed.String(), "--key-cache", filepath.Join(f.out, "keys")}, r.args()...)
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
// of ours, and so is a spec about which something is wrong.
func conclude(cmd *cobra.Command, rows []matrixRow, specs []string) error {
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
	for _, s := range specs {
		fmt.Fprintf(out, "FAIL  %s\n", s)
	}
	fmt.Fprintf(out, "%d of %d runs came out as they must\n", len(rows)-wrong, len(rows))
	if wrong+len(specs) > 0 {
		return &exit{code: exitFault, err: errors.New("specs and deviations do not fit"), hint: "the reports of each run are below " + cmd.Flag("out").Value.String()}
	}
	return nil
}
