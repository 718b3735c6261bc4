package suites_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/target"
)

func TestMain(m *testing.M) {
	// Ginkgo does not stop the goroutine in which it listens for signals.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/onsi/ginkgo/v2/internal/interrupt_handler.(*InterruptHandler).registerForInterrupts.func2"))
}

// bound is how long anything here may take before it counts as hanging.
const bound = time.Minute

// A shelf is a driver that only remembers what it holds.
type shelf struct {
	held   []string
	refuse bool
	err    error
}

func (*shelf) Name() string { return "shelf" }

func (s *shelf) Add(_ context.Context, anchors []certfactory.Anchor) ([]target.Answer, error) {
	answers := make([]target.Answer, len(anchors))
	for i, a := range anchors {
		answers[i] = target.Answer{Accepted: !s.refuse, Detail: "refused by the shelf"}
		if !s.refuse {
			s.held = append(s.held, a.Name)
		}
	}
	return answers, s.err
}

func (s *shelf) Remove(_ context.Context, anchors []certfactory.Anchor) error {
	for _, a := range anchors {
		s.held = slices.DeleteFunc(s.held, func(name string) bool { return name == a.Name })
	}
	return nil
}

// open returns a target whose port accepts connections, and nothing else.
func open(t *testing.T, d target.Driver) *target.Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &target.Target{
		Name: "test", MQTT: target.MQTT{Address: l.Addr().String(), Versions: []uint16{0x0303, 0x0304}}, Driver: d,
		Policy: target.Policy{ClientID: target.ClientIDCommonName, MaxChainLength: 2},
		Timing: target.Timing{Connect: bound, Response: bound, Convergence: bound},
	}
}

func spec(id string, run func(context.Context, *suites.Env)) suites.Spec {
	return suites.Spec{ID: id, Title: id, Expected: "something", Clauses: []string{"DC-CHAIN-12"}, Level: clause.Must, Run: run}
}

// plan makes a plan of these specs.
func plan(t *testing.T, c suites.Config) *suites.Plan {
	t.Helper()
	if c.Profile.Name == "" {
		c.Profile = suites.Profiles()[0]
	}
	p, err := suites.NewPlan(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verdicts runs the specs and returns their verdicts by id.
func verdicts(t *testing.T, c suites.Config) map[string]reports.Verdict {
	t.Helper()
	run, err := plan(t, c).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]reports.Verdict)
	for _, r := range run.Results {
		if err := r.Validate(); err != nil {
			t.Errorf("%s: %v", r.ID, err)
		}
		got[r.ID] = r.Verdict
	}
	return got
}

func TestRunKeepsFailureFaultAndSilenceApart(t *testing.T) {
	should := spec("a/should", func(context.Context, *suites.Env) { Expect(false).To(BeTrue()) })
	should.Level, should.Clauses = clause.Should, []string{"DC-CHAIN-09"}
	needy := spec("a/needy", func(context.Context, *suites.Env) { t.Error("a spec ran that is not applicable") })
	needy.Needs = []target.Capability{target.MQTTTokens}
	over := spec("a/over", func(context.Context, *suites.Env) {})
	over.OverTLS = true
	old := over
	old.ID, old.MaxTLS = "a/old", 0x0303
	got := verdicts(t, suites.Config{Target: open(t, &shelf{}), Specs: []suites.Spec{
		spec("a/pass", func(context.Context, *suites.Env) { Expect(true).To(BeTrue()) }),
		spec("a/fail", func(context.Context, *suites.Env) { Expect(false).To(BeTrue()) }),
		should, needy, over, old,
		spec("a/panic", func(context.Context, *suites.Env) { panic("boom") }),
		spec("a/fault", func(_ context.Context, e *suites.Env) { e.Fault(errors.New("ours")) }),
		spec("a/unbuilt", func(_ context.Context, e *suites.Env) { e.Build("no-such-case", "case") }),
		spec("a/silent", func(_ context.Context, e *suites.Env) { e.Silent("nothing") }),
		spec("a/length", func(ctx context.Context, e *suites.Env) { e.Length(ctx, 3, false) }),
		spec("a/short", func(ctx context.Context, e *suites.Env) { e.Length(ctx, 1, true) }),
	}})
	want := map[string]reports.Verdict{
		"a/pass": reports.Pass, "a/fail": reports.Fail, "a/should": reports.Warn, "a/needy": reports.NotApplicable,
		"a/over@tls1.2": reports.Pass, "a/over@tls1.3": reports.Pass, "a/old@tls1.2": reports.Pass,
		"a/panic": reports.Error, "a/fault": reports.Error, "a/unbuilt": reports.Error, "a/silent": reports.Inconclusive,
		"a/length": reports.NotApplicable, "a/short": reports.NotApplicable,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// A spec that does not end is told to, and what it hangs on proves nothing.
func TestSpecThatHangs(t *testing.T) {
	p := plan(t, suites.Config{Target: open(t, &shelf{}), Specs: []suites.Spec{
		spec("a/hangs", func(ctx context.Context, _ *suites.Env) { <-ctx.Done() }),
	}})
	p.SetBound(time.Millisecond)
	run, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := run.Results[0]; r.Verdict != reports.Inconclusive || r.Reason != "the spec did not end within its bound" {
		t.Errorf("%s: %s, want inconclusive for its bound", r.Verdict, r.Reason)
	}
}

func TestRunRemovesWhatItAdded(t *testing.T) {
	s := &shelf{held: []string{"theirs"}}
	anchored := spec("a/anchored", func(ctx context.Context, e *suites.Env) {
		_, anchor := e.OwnAnchor("another")
		e.Trust(ctx, anchor)
		if len(s.held) != 3 {
			t.Errorf("the platform holds %q while the spec runs, want theirs and two of ours", s.held)
		}
	})
	anchored.Anchors = func(e *suites.Env) ([]certfactory.Anchor, error) {
		_, anchor := e.OwnAnchor("announced")
		return []certfactory.Anchor{anchor, anchor}, nil
	}
	got := verdicts(t, suites.Config{Target: open(t, s), Specs: []suites.Spec{anchored}})
	if got["a/anchored"] != reports.Pass {
		t.Errorf("verdict %s, want pass", got["a/anchored"])
	}
	if diff := cmp.Diff([]string{"theirs"}, s.held); diff != "" {
		t.Errorf("left on the platform (-want +got):\n%s", diff)
	}
}

// A costly is something that specs share.
type costly struct{ uses int }

func TestSharedIsStartedOnceAndEndedWithTheRun(t *testing.T) {
	started, ended := 0, 0
	use := func(_ context.Context, e *suites.Env) {
		c, err := suites.Shared(e, func() (*costly, func(), error) {
			started++
			return &costly{}, func() { ended++ }, nil
		})
		if c.uses++; err != nil || ended != 0 || c.uses > started*2 {
			t.Errorf("uses %d, error %v, ended %d times before the run was over", c.uses, err, ended)
		}
	}
	fail := func(_ context.Context, e *suites.Env) {
		_, err := suites.Shared(e, func() (int, func(), error) {
			started++
			return 0, nil, errors.New("broken")
		})
		e.Fault(err)
	}
	got := verdicts(t, suites.Config{Target: open(t, &shelf{}), Specs: []suites.Spec{
		spec("a/one", use), spec("a/two", use), spec("a/three", fail), spec("a/four", fail),
	}})
	want := map[string]reports.Verdict{"a/one": reports.Pass, "a/two": reports.Pass, "a/three": reports.Error, "a/four": reports.Error}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if started != 2 || ended != 1 {
		t.Errorf("started %d times and ended %d times, want two kinds started and the good one ended", started, ended)
	}
}

func TestAnchorsThatArePreamble(t *testing.T) {
	trusting := spec("a/trusting", func(ctx context.Context, e *suites.Env) {
		_, anchor := e.OwnAnchor("anchor")
		e.Trust(ctx, anchor)
	})
	tests := []struct {
		name   string
		driver *shelf
		want   reports.Verdict
	}{
		{"refused", &shelf{refuse: true}, reports.Inconclusive},
		{"unanswered", &shelf{err: target.ErrNoAnswer}, reports.Inconclusive},
		{"our fault", &shelf{err: errors.New("disk full")}, reports.Error},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := verdicts(t, suites.Config{Target: open(t, tt.driver), Specs: []suites.Spec{trusting}})
			if got["a/trusting"] != tt.want {
				t.Errorf("verdict %s, want %s", got["a/trusting"], tt.want)
			}
		})
	}
}

func TestSilenceIsNotWaitedForManyTimes(t *testing.T) {
	tried := 0
	var specs []suites.Spec
	for _, id := range []string{"a/1", "a/2", "a/3", "a/4", "a/5", "a/6"} {
		specs = append(specs, spec(id, func(_ context.Context, e *suites.Env) {
			tried++
			e.Silent("nothing")
		}))
	}
	for id, v := range verdicts(t, suites.Config{Target: open(t, &shelf{}), Specs: specs}) {
		if v != reports.Inconclusive {
			t.Errorf("%s: %s, want inconclusive", id, v)
		}
	}
	if tried != 3 {
		t.Errorf("%d specs were tried, want 3", tried)
	}
}

func TestRunCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var specs []suites.Spec
	for _, id := range []string{"a/1", "a/2", "a/3"} {
		specs = append(specs, spec(id, func(ctx context.Context, _ *suites.Env) {
			cancel()
			<-ctx.Done()
		}))
	}
	p := plan(t, suites.Config{Target: open(t, &shelf{}), Specs: specs})
	run, err := p.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Selected) != 3 || len(run.Results) != 1 {
		t.Errorf("%d results of %d, want 1 of 3", len(run.Results), len(run.Selected))
	}
	outcome, _ := reports.Judge(run.Selected, run.Results, false, true)
	if outcome != reports.Interrupted {
		t.Errorf("outcome %s, want interrupted", outcome)
	}
}

func TestRunUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := open(t, &shelf{})
	closed.MQTT.Address = l.Addr().String()
	_ = l.Close()
	_, err = plan(t, suites.Config{Target: closed, Specs: []suites.Spec{spec("a/1", func(context.Context, *suites.Env) {
		t.Error("a spec ran against a closed port")
	})}}).Run(t.Context())
	if _, ok := errors.AsType[*target.UnreachableError](err); !ok {
		t.Errorf("error %v, want an UnreachableError", err)
	}
}

func TestSelection(t *testing.T) {
	nop := func(context.Context, *suites.Env) {}
	one, two := spec("chain/one", nop), spec("chain/two", nop)
	one.OverTLS = true
	rest := spec("rest/one", nop)
	rest.Clauses = []string{"DC-REST-01", "DC-TRUST-03"}
	costly := spec("chain/costly", nop)
	costly.Costly = true
	named := spec("identity/one", nop)
	named.Clauses = []string{"DC-ID-03"}
	all := []suites.Spec{one, two, rest, costly, named}
	tests := []struct {
		name    string
		profile string
		only    []string
		skip    []string
		want    []string
	}{
		{"all", "", nil, nil, []string{"chain/one@tls1.2", "chain/one@tls1.3", "chain/two", "rest/one", "identity/one"}},
		{"glob", "", []string{"chain/*"}, nil, []string{"chain/one@tls1.2", "chain/one@tls1.3", "chain/two"}},
		{"costly", "", []string{"chain/costly"}, nil, []string{"chain/costly"}},
		{"id", "", []string{"chain/one"}, nil, []string{"chain/one@tls1.2", "chain/one@tls1.3"}},
		{"id with axis", "", []string{"chain/one@tls1.3"}, nil, []string{"chain/one@tls1.3"}},
		{"family", "", []string{"rest"}, nil, []string{"rest/one"}},
		{"clause", "", []string{"dc-trust-03"}, nil, []string{"rest/one"}},
		{"two", "", []string{"rest/*", "identity/*"}, nil, []string{"rest/one", "identity/one"}},
		{"one within another", "", []string{"chain/*", "chain/two"}, nil, []string{"chain/one@tls1.2", "chain/one@tls1.3", "chain/two"}},
		{"broker", "broker", nil, nil, []string{"chain/one@tls1.2", "chain/one@tls1.3", "chain/two"}},
		{"all but a family", "", nil, []string{"chain"}, []string{"rest/one", "identity/one"}},
		{"but a clause", "", nil, []string{"chain/one@tls1.2", "DC-TRUST-03"}, []string{"chain/one@tls1.3", "chain/two", "identity/one"}},
		{"skip what is not selected", "", []string{"rest"}, []string{"chain"}, []string{"rest/one"}},
		{"nothing to skip", "", []string{"chain"}, []string{"none"}, nil},
		{"all skipped", "", []string{"rest"}, []string{"rest/*"}, nil},
		{"nothing matches", "", []string{"chain/*", "chain/none"}, nil, nil},
		{"nothing left", "broker", []string{"rest"}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			profile, err := suites.ProfileByName(tt.profile)
			if err != nil {
				t.Fatal(err)
			}
			system := open(t, &shelf{})
			system.Policy.ClientID = target.ClientIDAny
			p, err := suites.NewPlan(suites.Config{Target: system, Profile: profile, Specs: all, Only: tt.only, Skip: tt.skip})
			if tt.want == nil {
				if !errors.Is(err, suites.ErrNothingSelected) {
					t.Errorf("error %v, want that nothing is selected", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, p.Selected()); diff != "" {
				t.Errorf("selected (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProfileByNameUnknown(t *testing.T) {
	if _, err := suites.ProfileByName("none"); err == nil {
		t.Error("the profile none exists")
	}
}

// Specs that may run beside others do, up to the number of jobs; the others have
// the platform to themselves, and each length of chain has its own time.
func TestSpecsRunBesideOthersOrAlone(t *testing.T) {
	var mu sync.Mutex
	var now, most, wrong int
	lengths := make(map[int]bool) // of the specs that run now
	arrived := make(chan struct{}, 4)
	meet := make(chan struct{})
	go func() { // the four of one length go on when all are there
		for range 4 {
			<-arrived
		}
		close(meet)
	}()
	beside := func(id string, length int) suites.Spec {
		s := spec(id, func(ctx context.Context, _ *suites.Env) {
			mu.Lock()
			now++
			most = max(most, now)
			lengths[length] = true
			if len(lengths) > 1 {
				wrong++
			}
			mu.Unlock()
			if length == 3 {
				arrived <- struct{}{}
				select {
				case <-meet:
				case <-ctx.Done():
				}
			}
			mu.Lock()
			if now--; now == 0 {
				clear(lengths)
			}
			mu.Unlock()
		})
		s.Beside = suites.Connecting
		s.MaxLength = func(*suites.Env) (int, error) { return length, nil }
		return s
	}
	alone := func(id string) suites.Spec {
		return spec(id, func(context.Context, *suites.Env) {
			mu.Lock()
			defer mu.Unlock()
			if now > 0 {
				wrong++
			}
		})
	}
	system := open(t, &shelf{})
	system.Capabilities = []target.Capability{target.MaxChainLengthSetting}
	got := verdicts(t, suites.Config{Target: system, Jobs: 4, Specs: []suites.Spec{
		beside("a/1", 3), alone("a/2"), beside("a/3", 3), beside("a/4", 4), alone("a/5"), beside("a/6", 3), beside("a/7", 4), beside("a/8", 3),
	}})
	for id, v := range got {
		if v != reports.Pass {
			t.Errorf("%s: %s", id, v)
		}
	}
	if len(got) != 8 || most != 4 || wrong != 0 {
		t.Errorf("%d results, at most %d side by side, %d where they must not; want 8, 4, 0", len(got), most, wrong)
	}
}

// A body that ends by a failure or a panic is tidied up after, last things first.
func TestCleanupAfterEveryEnd(t *testing.T) {
	var order []string
	ending := func(id string, end func()) suites.Spec {
		return spec(id, func(_ context.Context, e *suites.Env) {
			e.Cleanup(func() { order = append(order, id+" first") })
			e.Cleanup(func() { order = append(order, id+" second"); panic("in the cleanup") })
			end()
		})
	}
	got := verdicts(t, suites.Config{Target: open(t, &shelf{}), Specs: []suites.Spec{ending("a/1", func() { Expect(1).To(Equal(2)) })}})
	if want := []string{"a/1 second", "a/1 first"}; !slices.Equal(order, want) || got["a/1"] != reports.Error {
		t.Errorf("tidied up %q with verdict %s, want %q and error", order, got["a/1"], want)
	}
}
