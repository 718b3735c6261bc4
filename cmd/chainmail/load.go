package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/coordinator"
	"github.com/chainmail-iot/chainmail/loadgen/machine"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/store"
	"github.com/chainmail-iot/chainmail/loadgen/threshold"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/reports"
)

// loadFlags are what `chainmail load` is asked for, beside what plan flags say.
type loadFlags struct {
	target     string
	out        string
	shards     int
	fleet      string
	seed       string
	moment     string
	sources    []string
	abort      bool
	keep       bool
	metrics    string
	deviations []string
	printPlan  bool
	plan       planFlags
}

func newLoad() *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use: "load", Short: "Let a fleet of devices come and measure the platform",
		Long: `Let thousands of devices, each with its own key and certificate, connect over
mutual TLS, get their tokens and use them, and measure how long that takes. With
no --target the reference platform is started in a process of its own.

A plan says what happens: a file (kind: Plan), or one of those that come along, see
"chainmail list plans". Flags win over it; --print-plan shows what is in effect.

Arrivals are open: a device comes when its moment has come, whether or not those
before it are done, and latency counts from that moment. An arrival that cannot
start is dropped and counted. Where this machine was the bottleneck, the run says
that it was disturbed.`,
		Example: `  chainmail load
  chainmail load --plan hostile --devices 500 --rate 100/s
  chainmail load --plan plan.yaml --target platform.yaml --shards 2 --out load
  chainmail load --threshold 'token.p99 < 500ms' --abort-on-threshold
  chainmail load --plan soak --print-plan`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.load(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.target, "target", "", "target file of the platform (default the reference platform, in a process of its own)")
	flags.StringVar(&f.out, "out", "chainmail-load", "folder for what was measured and the report")
	flags.IntVar(&f.shards, "shards", 1, "processes that share the devices; more than 1 are started beside this one")
	flags.StringVar(&f.fleet, "fleet", "", `devices from a packed file of "chainmail certs fleet" (default: from the seed)`)
	flags.StringVar(&f.seed, "seed", "", "seed of an earlier run (default a random one)")
	flags.StringVar(&f.moment, "moment", "", "moment that validity periods are reckoned from, as 2030-01-02T15:04:05Z (default now)")
	flags.StringSliceVar(&f.sources, "source-addresses", nil, "local addresses to connect from in turn, as 127.0.0.2-127.0.0.9,127.0.0.20")
	flags.BoolVar(&f.abort, "abort-on-threshold", false, "end the run as soon as a threshold is broken")
	flags.BoolVar(&f.keep, "keep", false, "leave trust anchors and device users on the platform, for a further run with the same --seed and --moment")
	flags.StringVar(&f.metrics, "metrics", "", "address at which Prometheus finds figures while the run lasts, as 127.0.0.1:9100")
	flags.StringSliceVar(&f.deviations, "deviation", nil, `without --target: break the reference platform, by names of "chainmail list deviations"`)
	flags.BoolVar(&f.printPlan, "print-plan", false, "print the plan in effect, with every default, and do nothing")
	f.plan.register(flags)
	cmd.AddCommand(newLoadShard())
	return cmd
}

// load is the straight path: plan, target, shards, report, exit code.
func (f loadFlags) load(cmd *cobra.Command) error {
	plan, err := f.plan.read(cmd.Flags())
	if err != nil {
		return err
	}
	if f.printPlan {
		return printPlan(cmd.OutOrStdout(), plan)
	}
	job, err := f.job(plan)
	if err != nil {
		return err
	}
	if err := f.fits(job); err != nil {
		return err
	}
	live := newLiveFigures()
	stop, err := live.serve(cmd.ErrOrStderr(), f.metrics)
	if err != nil {
		return err
	}
	defer stop()
	site, err := openSite(cmd.Context(), f.target, job, f.deviations)
	if err != nil {
		return err
	}
	defer site.close()
	run, err := f.prepare(cmd, job, site)
	if err != nil {
		return err
	}
	run.live = live
	return run.play(cmd)
}

// job is the plan with what flags say about the run.
func (f loadFlags) job(plan loadgen.Plan) (*loadgen.Job, error) {
	if f.keep && f.target == "" {
		return nil, usage("leave --keep out, or name a platform with --target", "--keep: the reference platform ends with the run")
	}
	if f.shards < 1 || f.shards > plan.Devices {
		return nil, usage("", "--shards %d: want 1 or more, and no more than there are devices", f.shards)
	}
	factory, err := newFactory(f.seed, f.moment)
	if err != nil {
		return nil, err
	}
	sources, err := parseSources(f.sources)
	if err != nil {
		return nil, err
	}
	fleet := f.fleet
	if fleet != "" {
		if fleet, err = filepath.Abs(fleet); err != nil {
			return nil, fmt.Errorf("find fleet: %w", err)
		}
	}
	return &loadgen.Job{
		Plan: plan, Seed: factory.Seed().String(), Moment: factory.Now(), Shards: f.shards, Fleet: fleet, Sources: sources,
	}, nil
}

// fits says what this machine has too little of, before anything is sent.
func (f loadFlags) fits(job *loadgen.Job) error {
	short := machine.Check(machine.Need{
		Open: job.Plan.MostOpen(), Shards: job.Shards, Sources: max(len(job.Sources), 1), Requests: job.Plan.Journey.HTTP.Requests > 0,
	})
	if len(short) > 0 {
		return usage(short[0].Hint, "%s", short[0].Text)
	}
	if room := refimpl.DefaultConnections(); f.target == "" && job.Plan.MostOpen() > room {
		return usage("raise the limit of open files (ulimit -n), or start a platform elsewhere and name it with --target",
			"%d devices connected at once, the reference platform has room for %d here", job.Plan.MostOpen(), room)
	}
	return nil
}

// loadRun is a run that can be played.
type loadRun struct {
	flags      loadFlags
	job        *loadgen.Job
	site       *site
	store      store.Store
	thresholds []threshold.Threshold
	header     reports.LoadHeader
	live       *liveFigures
	floor      machine.Floor
	ended      time.Time // of what was measured; what is tidied up afterwards takes its own time
	foreseen   bool      // what the run may leave behind is written down
	words      []string  // of the command line
	err        error     // the first that kept something from being written
}

// prepare makes everything ready but the shards.
func (f loadFlags) prepare(cmd *cobra.Command, job *loadgen.Job, site *site) (*loadRun, error) {
	if err := site.remembers(f.out, job); err != nil {
		return nil, err
	}
	if err := clearRun(f.out); err != nil {
		return nil, err
	}
	dir, err := store.NewDir(f.out)
	if err != nil {
		return nil, &exit{code: exitUsage, err: err, hint: "name a folder that can be written with --out"}
	}
	r := &loadRun{flags: f, job: job, site: site, store: dir, words: given(cmd.Flags())}
	for _, text := range job.Plan.Thresholds {
		t, err := threshold.Parse(text)
		if err != nil {
			return nil, err // a plan that was read has none that does not parse
		}
		r.thresholds = append(r.thresholds, t)
	}
	if r.floor, err = floor(job); err != nil {
		return nil, err
	}
	return r, nil
}

// floor calibrates with the plan's key and the key exchange that it prefers.
func floor(job *loadgen.Job) (machine.Floor, error) {
	signatures := 1
	if job.Plan.TLS.VerifyEach {
		signatures = 2
	}
	return machine.MeasureFloor(job.Factory().Key(job.Plan.Alg(), "calibration"), job.Plan.TLS.CurveIDs()[0], signatures)
}

// given are the flags of a command line that were given, as words for a shell.
func given(flags *pflag.FlagSet) []string {
	var words []string
	flags.Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			words = append(words, "--"+flag.Name+"="+quote(value))
		}
	})
	return words
}

// readyBound is how long shards may take to make their devices: a second for each
// hundred devices of a shard, which is slow, and time for RSA keys to be found.
func readyBound(job *loadgen.Job) time.Duration {
	return 2*time.Minute + time.Duration(job.Devices(0))*10*time.Millisecond
}

// play runs the shards, takes what was put on the target away again, and reports.
func (r *loadRun) play(cmd *cobra.Command) error {
	ctx := cmd.Context()
	show := newLoadProgress(cmd.ErrOrStderr(), r.job)
	defer show.close()
	defer context.AfterFunc(ctx, show.interrupted)()
	var played coordinator.Result
	err := r.site.target.Reach(ctx)
	if err == nil {
		err = r.site.trust(ctx, r.job, r.foresee)
	}
	if err == nil {
		played, err = r.coordinate(ctx, show)
	}
	r.ended = time.Now()
	notes := append(r.restore(ctx, show, played), played.Lost...)
	show.close()
	return r.finish(cmd, played, notes, err)
}

func (r *loadRun) coordinate(ctx context.Context, show *loadProgress) (coordinator.Result, error) {
	c := coordinator.Config{
		Job: r.job, Store: r.store, Play: r.player(show.prepared), ReadyBound: readyBound(r.job),
		Started: func(at time.Time) {
			r.header, r.err = r.describe(at)
			show.started(at)
		},
		Observe: func(f *measure.Figures) {
			show.observe(f)
			r.live.latest.Store(f)
		},
	}
	if r.flags.abort {
		c.Thresholds = r.thresholds
	}
	return coordinator.Run(ctx, c)
}
