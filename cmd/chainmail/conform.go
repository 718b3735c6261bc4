package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// conformFlags are what `chainmail conform` is asked for.
type conformFlags struct {
	target, config        string
	profile               string
	only                  []string
	effort                effort
	out                   string
	seed                  string
	strict                bool
	failFast              bool
	deviations            []string
	calibrated            string
	waivers, writeWaivers string
}

func newConform() *cobra.Command {
	var f conformFlags
	cmd := &cobra.Command{
		Use: "conform", Short: "Judge a platform and write reports",
		Long: `Run the specs against a platform, print a summary and write results.json and
junit.xml. With no --target the reference platform is started for the run.

Every run makes new certificates from a random seed, which the report shows; the
same seed makes the same keys and names. The target is left as it was found,
after Ctrl-C too.`,
		Example: `  chainmail conform
  chainmail conform --target platform.yaml --out report
  chainmail conform --only 'chain/pathlen-*,DC-TOK-04' --seed mfrggzdfmztwq2lknnwg23tpoa
  chainmail conform --target mosquitto.yaml --profile broker
  chainmail conform --skip web --tls 1.3 --seed mfrggzdfmztwq2lknnwg23tpoa --key-cache keys`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.conform(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.target, "target", "", "target file of the platform (default the embedded reference platform)")
	flags.StringVar(&f.profile, "profile", suites.Profiles()[0].Name, `what the run is about: see "chainmail list profiles"`)
	flags.StringSliceVar(&f.only, "only", nil, "run only these: ids with * and ?, families, or clauses, comma separated")
	f.effort.flags(flags)
	flags.StringVar(&f.out, "out", "chainmail-report", "folder for the reports")
	flags.StringVar(&f.seed, "seed", "", "seed of an earlier run (default a random one)")
	flags.StringVar(&f.waivers, "waivers", "", "file of waivers: known troubles that are excused for a while")
	flags.StringVar(&f.writeWaivers, "write-waivers", "", "propose waivers for the troubles of this run in a new file")
	flags.BoolVar(&f.strict, "strict", false, "a broken SHOULD counts as a broken MUST")
	flags.BoolVar(&f.failFast, "fail-fast", false, "end the run at the first spec that keeps it from being conformant")
	flags.StringSliceVar(&f.deviations, "deviation", nil, `without --target: break the reference platform, by names of "chainmail list deviations"`)
	flags.StringVar(&f.config, "config", "", `without --target: configuration of the reference platform, as for "chainmail serve"`)
	flags.StringVar(&f.calibrated, "calibration", "", "what the selftest of this program measured (default what it left for this user)")
	return cmd
}

// conform is the straight path: target, plan, run, report, exit code.
func (f conformFlags) conform(cmd *cobra.Command) error {
	profile, err := suites.ProfileByName(f.profile)
	if err != nil {
		return &exit{code: exitUsage, err: err}
	}
	seed, err := parseSeed(f.seed)
	if err != nil {
		return err
	}
	waivers, err := f.givenWaivers()
	if err != nil {
		return err
	}
	measured, err := calibration(f.calibrated)
	if err != nil {
		return err
	}
	t, done, err := f.load(cmd.Context(), profile)
	if err != nil {
		return err
	}
	defer done()
	defer t.Close() // a driver that does not end has been killed
	all := specs()
	markUnmatched(waivers, profile.Runnables(all, t))
	if err := f.effort.narrow(t); err != nil {
		return err
	}

	show := newProgress(cmd.ErrOrStderr())
	defer show.close()
	var results writer
	evidence := evidenceWriter{dir: f.out, target: t, file: f.target, waivers: waivers}
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	plan, err := suites.NewPlan(suites.Config{
		Target: t, Profile: profile, Specs: all, Only: f.only, Skip: f.effort.skip, Seed: seed, KeyCache: f.effort.keyCache, Jobs: f.effort.jobs, Slow: f.effort.slow,
		Again:   func(id string) string { return f.commandLine(seed, "--only", quote(id)) }, // its axes say over which TLS version
		Started: show.started, Exhibit: evidence.write,
		Judged: func(r reports.Result) {
			show.judged(r)
			results.add(r)
			if f.failFast && f.harms(r) {
				stop()
			}
		},
	})
	if err != nil && !errors.Is(err, suites.ErrNothingSelected) {
		return &exit{code: exitUsage, err: err}
	}
	h := header(t, f, seed, plan)
	h.Calibration, h.Waivers = measured, waivers
	if err := results.create(f.out, h); err != nil {
		return err
	}
	defer results.close()
	if plan == nil { // nothing selected: the report says so
		return f.finish(cmd, &results, nil, reports.End{Finished: time.Now(), Notes: []string{err.Error()}}, err)
	}
	run, err := plan.Run(ctx)
	show.close()
	if err == nil {
		err = evidence.err
	}
	results.header.RoundTrip, results.header.Clock = reports.InMilliseconds(run.RoundTrip), clockOf(run.Clock)
	end := ending(cmd.Context(), ctx, run, err)
	undo, left := leave(f.out, f.target, run.Left)
	end.Notes = append(end.Notes, undo...)
	return errors.Join(f.finish(cmd, &results, run.Results, end, err), left)
}

// ending says how the run came to its end. The context of the command ends when
// somebody interrupts it, that of the run also when it stops by itself.
func ending(command, ofRun context.Context, run suites.Run, err error) reports.End {
	end := reports.End{Finished: time.Now(), Interrupted: interrupted(command), Notes: run.Notes}
	if interrupted(ofRun) && !end.Interrupted {
		end.Notes = append(end.Notes, "the run ended at the first spec that did not come out well, as --fail-fast asks")
	}
	var unreachable *target.UnreachableError
	switch {
	case errors.As(err, &unreachable):
		end.Unreachable = err.Error()
	case err != nil:
		end.Fault = err.Error()
	}
	return end
}

// harms reports whether a run with this result cannot be conformant any more.
func (f conformFlags) harms(r reports.Result) bool {
	outcome, _ := reports.Judge([]string{r.ID}, []reports.Result{r}, f.strict, false)
	return outcome != reports.Conformant && r.Verdict != reports.NotApplicable
}

// finish writes the reports, prints the summary and gives the exit code.
func (f conformFlags) finish(cmd *cobra.Command, w *writer, results []reports.Result, end reports.End, cause error) error {
	report := reports.Assemble(w.header, results, end)
	if err := w.finish(report); err != nil {
		return err
	}
	if err := reports.Terminal(cmd.OutOrStdout(), report, terminal(cmd.OutOrStdout(), w.files())); err != nil {
		return err
	}
	if err := f.proposeWaivers(cmd.ErrOrStderr(), report); err != nil {
		return err
	}
	if report.ExitCode == exitOK {
		return nil
	}
	if cause != nil {
		_, hint := classify(cause)
		return &exit{code: report.ExitCode, err: cause, hint: hint}
	}
	return &exit{code: report.ExitCode}
}

// interrupted reports whether somebody ended the run.
func interrupted(ctx context.Context) bool { return ctx.Err() != nil }

// load returns the target, its driver running, and how to end the platform.
func (f conformFlags) load(ctx context.Context, profile suites.Profile) (*target.Target, func(), error) {
	if f.target != "" {
		if len(f.deviations) > 0 {
			return nil, nil, usage("leave one of them out", "--deviation is for the embedded reference platform, --target for another")
		}
		if f.config != "" {
			return nil, nil, usage("leave one of them out", "--config is for the embedded reference platform, --target for another")
		}
		t, err := openTarget(ctx, f.target)
		return t, func() {}, err
	}
	config, err := f.embedded(profile)
	if err != nil {
		return nil, nil, err
	}
	dir, _, err := folder("")
	if err != nil {
		return nil, nil, err
	}
	p, err := startPlatform(config, dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, nil, err
	}
	done := func() {
		_ = p.stop()
		_ = os.RemoveAll(dir)
	}
	t, err := target.Load(p.targetFile())
	if err != nil {
		done()
		return nil, nil, err
	}
	t.Name = "embedded reference platform"
	return t, done, nil
}

// embedded is how the reference platform is started for the run.
func (f conformFlags) embedded(profile suites.Profile) (refimpl.Config, error) {
	var c refimpl.Config
	if f.config != "" {
		var err error
		if c, err = refimpl.ReadConfig(f.config); err != nil {
			return c, &exit{code: exitUsage, err: err}
		}
	}
	if f.config == "" { // a file says what it wants
		c.MaxChainLength, c.AnchorOptional = profile.MaxChainLength, profile.AnchorOptional
	}
	c.ManagementAddress = cmp.Or(c.ManagementAddress, "127.0.0.1:0")
	c.Deviations = append(c.Deviations, f.deviations...)
	return c, nil
}

// openTarget reads a target file and starts its driver.
func openTarget(ctx context.Context, file string) (*target.Target, error) {
	t, err := target.Load(file)
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, usage(`"chainmail serve --dir DIR" writes one that works`, "%v", err)
	}
	if err != nil {
		return nil, err
	}
	if err := t.Open(ctx); err != nil {
		return nil, &exit{code: exitUsage, err: err, hint: "nothing was sent to the platform; suites/target/exec.md says what a driver must do"}
	}
	return t, nil
}

// parseSeed reads the seed of an earlier run, or makes one.
func parseSeed(word string) (certfactory.Seed, error) {
	if word == "" {
		return certfactory.NewSeed(), nil
	}
	seed, err := certfactory.ParseSeed(word)
	if err != nil {
		return seed, usage("take the seed that a report shows, or leave --seed out", "--seed: %v", err)
	}
	return seed, nil
}

// commandLine is what shows this run again, with more arguments.
func (f conformFlags) commandLine(seed certfactory.Seed, more ...string) string {
	words := []string{"chainmail", "conform"}
	if f.target != "" {
		words = append(words, "--target", quote(f.target))
	}
	if f.config != "" {
		words = append(words, "--config", quote(f.config))
	}
	if len(f.deviations) > 0 {
		words = append(words, "--deviation", strings.Join(f.deviations, ","))
	}
	if f.profile != suites.Profiles()[0].Name {
		words = append(words, "--profile", f.profile)
	}
	if f.waivers != "" {
		words = append(words, "--waivers", quote(f.waivers))
	}
	if f.strict {
		words = append(words, "--strict")
	}
	return strings.Join(slices.Concat(words, []string{"--seed", seed.String()}, more), " ")
}

// quote makes a word safe for a shell.
func quote(word string) string {
	if strings.IndexFunc(word, func(r rune) bool { return !strings.ContainsRune("-_./@:,=", r) && !isAlphanumeric(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// header is what a report knows before the first spec.
func header(t *target.Target, f conformFlags, seed certfactory.Seed, plan *suites.Plan) reports.Header {
	h := reports.Header{
		Tool: tool(), Profile: f.profile, Seed: seed.String(), Strict: f.strict, Started: time.Now().UTC(),
		Target: reports.Target{
			Name: t.Name, Organization: t.Implementation.Organization, Product: t.Implementation.Product,
			Version: t.Implementation.Version, URL: t.Implementation.URL,
			Driver: t.Driver.Name(), MQTTAddress: t.MQTT.Address,
		},
		Environment: reports.Environment{OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(), CPUs: runtime.NumCPU()},
	}
	if t.REST != nil {
		h.Target.RESTBaseURL = t.REST.BaseURL.String()
	}
	if plan != nil {
		h.Selected, h.MustRun = plan.Selected(), plan.MustRun()
		h.Clauses, h.Untested = plan.Clauses()
	}
	var selection []string
	if len(f.only) > 0 {
		selection = append(selection, "--only", quote(strings.Join(f.only, ",")))
	}
	selection = append(selection, f.effort.words()...)
	h.Again = f.commandLine(seed, selection...)
	return h
}
