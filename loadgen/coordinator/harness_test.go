package coordinator_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/coordinator"
	"github.com/chainmail-iot/chainmail/loadgen/fleet"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/pacer"
	"github.com/chainmail-iot/chainmail/loadgen/shard"
	"github.com/chainmail-iot/chainmail/loadgen/store"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// bound is how long anything here may take before it counts as hanging.
const bound = time.Minute

// shardEnv has this program play a shard of the store that it names, as
// `chainmail load shard` does.
const shardEnv = "CHAINMAIL_TEST_SHARD_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(shardEnv); dir != "" {
		shared, err := store.NewDir(dir)
		if err == nil {
			err = shard.Run(context.Background(), shard.Config{Store: shared, Index: len(os.Getenv("CHAINMAIL_TEST_SHARD"))})
		}
		if err != nil {
			println(err.Error())
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// testPlan has what tests of the engine share: few devices, quick intervals.
func testPlan(devices int, rate float64) loadgen.Plan {
	p := loadgen.Default()
	p.Devices, p.Arrival, p.Interval = devices, pacer.Spec{Rate: pacer.Rate(rate)}, 50*time.Millisecond
	p.Journey.Token = true
	p.Limits.Lag = time.Minute // these tests share their machine with others
	p.Timeouts = loadgen.Timeouts{Connect: bound, Handshake: bound, Response: bound}
	return p
}

// newJob is a job of one shard.
func newJob(plan loadgen.Plan) *loadgen.Job {
	return &loadgen.Job{Plan: plan, Seed: certfactory.NewSeed().String(), Moment: time.Now(), Shards: 1}
}

// platform is a reference platform that trusts the fleet of a job.
type platform struct {
	*refimpl.Platform
	t    *testing.T
	stop func()
}

// startPlatform starts one and points the job at it.
func startPlatform(t *testing.T, c refimpl.Config, job *loadgen.Job) *platform {
	t.Helper()
	c.ManagementAddress = "127.0.0.1:0"
	// As patient as the devices of testPlan: on a machine that others are at work on too a handshake can take its time.
	c.Limits.MQTT.Handshake, c.Limits.MQTT.Timeouts.Connect, c.Limits.REST.Header = bound, bound, bound
	p, err := refimpl.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	running := &platform{Platform: p, t: t}
	running.stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), bound)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Errorf("close platform: %v", err)
		}
	}
	t.Cleanup(func() { running.stop() })
	job.Target = loadgen.Endpoint{
		Address: p.Addresses().MQTT, ServerName: "localhost", Roots: string(p.CA()), HTTP: p.Addresses().REST, HTTPRoots: string(p.CA()),
	}
	running.trust(job)
	return running
}

// trust uploads the trust anchors of the job.
func (p *platform) trust(job *loadgen.Job) {
	p.t.Helper()
	devices, err := fleet.New(job)
	if err != nil {
		p.t.Fatal(err)
	}
	anchors, _, err := devices.Anchors()
	if err != nil {
		p.t.Fatal(err)
	}
	roots, err := loadgen.Pool(string(p.CA()))
	if err != nil {
		p.t.Fatal(err)
	}
	var tenants []target.Tenant
	for _, tenant := range p.Tenants() {
		one := target.Tenant{ID: tenant.ID}
		for _, u := range tenant.Users {
			one.Users = append(one.Users, target.NewUser(u.Name, u.Password, u.Roles...))
		}
		tenants = append(tenants, one)
	}
	base, err := url.Parse(p.Addresses().REST)
	if err != nil {
		p.t.Fatal(err)
	}
	rest := target.NewREST(base, roots, "", tenants, target.Timing{Connect: bound, Response: bound})
	defer rest.Close()
	answers, err := (&target.Cumulocity{REST: rest}).Add(p.t.Context(), anchors)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, a := range answers {
		if !a.Accepted {
			p.t.Fatal(a.Detail)
		}
	}
}

// stages turns the knobs that hold clients up.
func (p *platform) stages(body string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPut, p.Addresses().Management+"/stages", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		p.t.Fatalf("PUT /stages %s: %d", body, response.StatusCode)
	}
}

// config is that of a run in this process.
func config(t *testing.T, job *loadgen.Job) coordinator.Config {
	t.Helper()
	shared, err := store.NewDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return coordinator.Config{
		Job: job, Store: shared, ReadyBound: bound,
		Play: func(index int) (coordinator.Player, error) {
			return coordinator.InProcess(shard.Config{Store: shared, Index: index}), nil
		},
	}
}

// children has every shard in a process of its own, and returns their players.
func children(t *testing.T, c *coordinator.Config) *[]coordinator.Player {
	t.Helper()
	dir := t.TempDir()
	var err error
	if c.Store, err = store.NewDir(dir); err != nil {
		t.Fatal(err)
	}
	players := new([]coordinator.Player)
	c.Play = func(index int) (coordinator.Player, error) {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), shardEnv+"="+dir, "CHAINMAIL_TEST_SHARD="+strings.Repeat("i", index))
		p, err := coordinator.Child(command)
		*players = append(*players, p)
		return p, err
	}
	return players
}

// mustRun plays a run that must come to its end.
func mustRun(t *testing.T, c coordinator.Config) coordinator.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	r, err := coordinator.Run(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatalf("not over after %v", bound)
	}
	return r
}

// mustAccount sees to it that every arrival has exactly one result.
func mustAccount(t *testing.T, r coordinator.Result, arrivals int) {
	t.Helper()
	var due, ended uint64
	for _, role := range measure.Roles() {
		due += r.Totals.Due[role]
		ended += r.Totals.Ended(role)
	}
	if due != uint64(arrivals) || ended != due {
		t.Errorf("%d arrivals due, %d ended; want %d of both", due, ended, arrivals)
	}
	if open := r.Totals.Open(); open != 0 {
		t.Errorf("%d connections are open at the end", open)
	}
}

// good returns what was measured of a stage with good devices that succeeded.
func good(f *measure.Figures, stage measure.Stage) *measure.StageFigures {
	return f.Of(measure.StageKey{Role: measure.Good, Stage: stage, Outcome: measure.OK})
}
