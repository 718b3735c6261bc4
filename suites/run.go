package suites

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// Config says what to run against which target.
type Config struct {
	Target  *target.Target
	Profile Profile
	Specs   []Spec
	// Only holds globs over spec ids, families or clauses; none selects all.
	Only []string
	// Skip holds globs like those of Only; what they match is not selected.
	Skip []string
	// KeyCache is a folder where the searches for RSA keys are remembered, so that
	// a run of the same seed is quicker; see [certfactory.Factory.Remember].
	// Optional.
	KeyCache string
	// Jobs is how many specs that only connect run side by side; default
	// [DefaultJobs]. The verdicts do not depend on it.
	Jobs int
	// Seed makes every key, name and serial number of the run.
	Seed certfactory.Seed
	// Slow waits for what cannot be hurried: the end of a token where the platform
	// has no clock that can be put forward.
	Slow bool
	// Now is the moment at which certificates are made; default time.Now(), by the
	// platform's clock if that is far off.
	Now time.Time
	// Again returns the command line that shows one result again. Optional.
	Again func(id string) string
	// Started is told the run's size before the first spec. Optional.
	Started func(runs int)
	// Exhibit is given what a spec has sent, with its result, and returns the paths
	// of the files that it has put it into. Optional.
	Exhibit func(reports.Result, Exhibits) []string
	// Judged is told each result as soon as it is known. Optional.
	Judged func(reports.Result)
}

// A Run is what came of it.
type Run struct {
	Selected  []string // ids of what was to be run, in catalogue order
	Results   []reports.Result
	Clauses   []reports.Clause
	Untested  []reports.Untested
	Clock     Clock
	RoundTrip time.Duration // from CONNECT to CONNACK of good devices, or of a TCP connection where there were none
	Notes     []string      // what a person should know about the run
	Left      Leftovers     // what could not be undone on the target
}

// A Plan is a selection of specs, ready to be run once.
type Plan struct {
	config   Config
	variants []variant
	factory  *certfactory.Factory
	bound    time.Duration // of each spec
}

// NewPlan selects what is to be run. Nothing is sent. The error wraps
// [ErrNothingSelected] where no spec is left.
func NewPlan(c Config) (*Plan, error) {
	t := *c.Target // the caller's stays as it is
	if t.Policy.MaxChainLength == 0 {
		t.Policy.MaxChainLength = c.Profile.MaxChainLength
	}
	c.Target = &t
	selected, err := selectVariants(c)
	if err != nil {
		return nil, err
	}
	p := &Plan{config: c, variants: selected, bound: bound(t.Timing)}
	now := c.Now
	if now.IsZero() {
		now = time.Now()
	}
	return p, p.found(now)
}

// found founds the factory that makes the certificates of a moment.
func (p *Plan) found(now time.Time) error {
	p.factory = certfactory.New(p.config.Seed, now)
	if p.config.KeyCache == "" {
		return nil
	}
	return p.factory.Remember(p.config.KeyCache)
}

// Selected returns the ids of what will be run, in catalogue order.
func (p *Plan) Selected() []string {
	ids := make([]string, len(p.variants))
	for i, v := range p.variants {
		ids[i] = v.id()
	}
	return ids
}

// MustRun returns the ids without whose verdict the run is incomplete.
func (p *Plan) MustRun() []string { return p.config.Profile.mustRun(p.variants) }

// Clauses returns the catalogue as reports hold it, and why clauses that no
// spec proves are not proven.
func (p *Plan) Clauses() ([]reports.Clause, []reports.Untested) {
	var clauses []reports.Clause
	var untested []reports.Untested
	for _, c := range clause.All() {
		clauses = append(clauses, reports.Clause{ID: c.ID, Level: string(c.Level), Text: p.config.Profile.Text(c), Unwaivable: c.Unwaivable()})
		if reason := p.config.Profile.untested(c); reason != "" {
			untested = append(untested, reports.Untested{ID: c.ID, Reason: reason})
		}
	}
	return clauses, untested
}

// Run runs the plan: it reaches the target, uploads the trust anchors, runs the
// specs in an order that the seed gives, and leaves the target as it found it.
// The error is an [*target.UnreachableError] where nothing could be judged, or
// a fault of our own. A cancelled context ends the run early; what was judged
// until then is returned.
func (p *Plan) Run(ctx context.Context) (Run, error) {
	started := time.Now()
	if err := p.config.Target.Reach(ctx); err != nil {
		return Run{}, err
	}
	run := Run{Selected: p.Selected(), RoundTrip: time.Since(started) / time.Duration(len(p.config.Target.Endpoints()))}
	run.Clauses, run.Untested = p.Clauses()
	s := newSession(p.config.Target)
	s.slow = p.config.Slow
	if err := p.setClock(ctx, &run); err != nil {
		return run, err
	}
	s.measure(run.RoundTrip)
	if p.config.Started != nil {
		p.config.Started(len(p.variants))
	}
	results, err := p.judge(ctx, s)
	run.Results, run.RoundTrip, run.Clock.Token = results, s.trip(), s.tokenClock()
	run.Notes = append(run.Notes, s.notes(run.Results)...)
	var why error
	if run.Left, why = Tidy(context.WithoutCancel(ctx), p.config.Target, s.leftovers()); !run.Left.Empty() {
		run.Notes = append(run.Notes, "left behind: "+strings.Join(run.Left.Words(), "; "), "because: "+oneLine(why.Error()))
	}
	return run, err
}

// notes says what of the results is not as it would be on a platform that takes
// everybody at once, and what was not waited for.
func (s *session) notes(results []reports.Result) []string {
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if n := s.steady.doubt(results); n > 0 {
		note("the platform refused good devices that it admitted at other times: %d refusals of the same form prove nothing", n)
	}
	if s.unwaited > 0 {
		note("what needs the platform's clock to go on was not tried: --slow waits for it, %v altogether", s.unwaited)
	}
	if s.backoffs > 0 {
		note("good devices were refused for a while: specs were tried again %d times, after %v altogether", s.backoffs, s.backedOff.Round(time.Millisecond))
	}
	if rest := s.target.REST; rest != nil {
		if times, waited := rest.Rested(); times > 0 {
			note("the REST interface had been asked too often: requests were sent again %d times, after %v altogether", times, waited.Round(time.Millisecond))
		}
	}
	return notes
}

// setClock reads the platform's clock and, if it is far from ours, has certificates
// made for it: what is valid here would not be there.
func (p *Plan) setClock(ctx context.Context, run *Run) error {
	run.Clock.HTTP = readClock(ctx, p.config.Target)
	ahead := run.Clock.HTTP
	if ahead == nil || ahead.Abs() < noticeable {
		return nil
	}
	note := fmt.Sprintf("the platform's clock is %v ahead of ours by its Date header", ahead.Round(time.Second))
	if *ahead < 0 {
		note = fmt.Sprintf("the platform's clock is %v behind ours by its Date header", ahead.Abs().Round(time.Second))
	}
	if !p.config.Now.IsZero() {
		run.Notes = append(run.Notes, note)
		return nil
	}
	run.Notes = append(run.Notes, note+": certificates were made for its time")
	return p.found(time.Now().Add(*ahead))
}

// judge runs the specs.
func (p *Plan) judge(ctx context.Context, s *session) ([]reports.Result, error) {
	lengths, err := p.prepare(ctx, s)
	if err != nil {
		return nil, err
	}
	defer s.endShared()
	p.invite(ctx, s)
	defer s.bystander.leave(ctx)
	return p.drive(ctx, s, p.phases(lengths)), nil
}
