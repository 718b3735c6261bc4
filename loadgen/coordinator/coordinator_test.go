package coordinator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/coordinator"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/threshold"
	"github.com/chainmail-iot/chainmail/refimpl"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
)

// Every device comes, gets its token, uses it and stays until all have theirs; with
// one shard here as with three in processes of their own.
func TestEveryDeviceComes(t *testing.T) {
	for _, shards := range []int{1, 3} {
		plan := testPlan(50, 200)
		plan.Journey.HTTP.Requests = 1
		job := newJob(plan)
		job.Shards = shards
		startPlatform(t, refimpl.Config{}, job)
		c := config(t, job)
		if shards > 1 {
			children(t, &c)
		}
		r := mustRun(t, c)
		mustAccount(t, r, 50)
		if !r.Totals.Whole() || len(r.Lost) > 0 || r.Interrupted {
			t.Errorf("%d shards: holes %v, lost %v, want neither", shards, r.Totals.Holes, r.Lost)
		}
		if ready := r.Totals.Results[measure.Good][measure.ResultReady]; ready != 50 {
			t.Errorf("%d shards: %d devices ready, want 50: %v", shards, ready, r.Totals.Causes)
		}
		for _, stage := range []measure.Stage{measure.StageTCP, measure.StageToken, measure.StageHTTP, measure.StageDisconnect, measure.StageReady} {
			if n := good(&r.Totals.Figures, stage).Count(); n != 50 {
				t.Errorf("%d shards: %d samples of %v, want 50", shards, n, stage)
			}
		}
		if r.Totals.Lost != 0 {
			t.Errorf("%d shards: %d connections lost", shards, r.Totals.Lost)
		}
		// A token of ES256 and the body of an answer have hundreds of bytes each.
		if got := r.Totals.Received; got < 50*400 || got > 50*4000 {
			t.Errorf("%d shards: %d bytes received, want what 50 tokens and answers have", shards, got)
		}
	}
}

// A standstill is tokens that are held back for two seconds. On a busy machine it begins
// and ends at no certain moment: what is known is between which.
type standstill struct {
	begun             chan time.Time
	start             time.Time // of the arrivals
	stalling, stalled time.Time
	freeing           time.Time

	mu      sync.Mutex // guards what follows
	freed   bool
	came    uint64    // until it was freed
	drained time.Time // when as many were seen to have their token
}

// turn stalls the platform half a second after the first arrival. How long is a matter of time.
func (s *standstill) turn(p *platform) {
	s.start = <-s.begun
	time.Sleep(time.Until(s.start.Add(500 * time.Millisecond)))
	s.stalling = time.Now()
	p.stages(`{"token":{"stalled":true}}`)
	s.stalled = time.Now()
	time.Sleep(2 * time.Second)
	s.freeing = time.Now()
	p.stages(`{}`)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.freed = true
}

// observe looks on until those who waited have their token.
func (s *standstill) observe(f *measure.Figures) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.freed:
		s.came = f.Due[measure.Good]
	case s.drained.IsZero() && f.Results[measure.Good][measure.ResultReady] >= s.came:
		s.drained = time.Now()
	}
}

// p99 is the 99th percentile of what arrivals wait for a stall between these moments.
func (s *standstill) p99(arrivals, rate int, from, to time.Time) time.Duration {
	var waits []time.Duration
	for n := range arrivals {
		due := s.start.Add(time.Duration(n) * time.Second / time.Duration(rate))
		if due.Before(from) || due.After(to) {
			due = to
		}
		waits = append(waits, to.Sub(due))
	}
	slices.Sort(waits)
	return waits[arrivals*99/100-1]
}

// The platform stalls for two seconds. The open loop goes on arriving, and its 99th
// percentile is what the moments of the arrivals predict.
func TestStallShowsAsTheOpenLoopPredicts(t *testing.T) {
	const arrivals, rate = 90, 30
	job := newJob(testPlan(arrivals, rate))
	p := startPlatform(t, refimpl.Config{}, job)
	c := config(t, job)
	s := &standstill{begun: make(chan time.Time, 1)}
	c.Started = func(at time.Time) { s.begun <- at }
	c.Observe = s.observe
	var turned sync.WaitGroup
	turned.Go(func() { s.turn(p) })
	r := mustRun(t, c)
	turned.Wait()
	mustAccount(t, r, arrivals)

	ready := good(&r.Totals.Figures, measure.StageReady)
	if ready.Count() != arrivals {
		t.Fatalf("%d devices ready, want %d: %v", ready.Count(), arrivals, r.Totals.Causes)
	}
	// What connecting took besides is no part of the prediction; it is nothing unless the machine is busy with others.
	besides := good(&r.Totals.Figures, measure.StageConnect).Latency.Quantiles(0.99)[0]
	want := s.p99(arrivals, rate, s.stalled, s.freeing)
	most := s.p99(arrivals, rate, s.stalling, s.drained)
	if got := ready.Latency.Quantiles(0.99)[0]; got < want*9/10 || got > most*11/10+besides {
		t.Errorf("p99 is %v, the open loop predicts %v to %v ± 10 %% and up to %v for connecting", got, want, most, besides)
	}
	// A closed loop would have had one device wait, and the rest come later.
	if median := ready.Latency.Quantiles(0.5)[0]; median < want/8 {
		t.Errorf("median is %v: the arrivals waited for the stall to end", median)
	}
}

// A delay that is put in at one stage shows in that stage, and in no other.
func TestDelayShowsInItsStage(t *testing.T) {
	t.Parallel()
	const delay = time.Second // longer than anything takes that is not delayed, on a busy machine too
	stages := []measure.Stage{
		measure.StageTCP, measure.StageTLS, measure.StageConnack, measure.StageSuback, measure.StageToken, measure.StageHTTP,
	}
	for _, tt := range []struct {
		knob string
		want measure.Stage
	}{
		{"accept", measure.StageTLS}, // the kernel has accepted before the platform does
		{"handshake", measure.StageTLS},
		{"connack", measure.StageConnack},
		{"suback", measure.StageSuback},
		{"token", measure.StageToken},
		{"http", measure.StageHTTP},
	} {
		t.Run(tt.knob, func(t *testing.T) {
			t.Parallel()
			plan := testPlan(8, 40)
			plan.TLS.Max = "1.2" // in TLS 1.3 the device's handshake is done before its chain is judged
			plan.Journey.HTTP.Requests = 1
			job := newJob(plan)
			p := startPlatform(t, refimpl.Config{}, job)
			p.stages(`{"` + tt.knob + `":{"delay":"` + delay.String() + `"}}`)
			r := mustRun(t, config(t, job))
			mustAccount(t, r, plan.Devices)
			for _, stage := range stages {
				// The least of a stage has no part of what a busy machine adds.
				least := good(&r.Totals.Figures, stage).Latency.Min()
				if stage == tt.want && least < delay {
					t.Errorf("%v took %v at the least, want no less than the delay", stage, least)
				}
				if stage != tt.want && least >= delay {
					t.Errorf("%v took %v at the least, though nothing delayed it", stage, least)
				}
			}
			// The sums have it, from the intended moment on: connect what is up to CONNACK, ready all.
			connect, ready := good(&r.Totals.Figures, measure.StageConnect).Latency.Min(), good(&r.Totals.Figures, measure.StageReady).Latency.Min()
			if upToConnack := tt.want <= measure.StageConnack; ready < delay || connect >= delay != upToConnack {
				t.Errorf("connect took %v, ready %v at the least; want the delay in the latter, and in the former: %v", connect, ready, upToConnack)
			}
		})
	}
}

// What a device thinks is a part of how long it takes to be ready, and of no stage.
func TestThinkingShowsInNoStage(t *testing.T) {
	t.Parallel()
	plan := testPlan(4, 40)
	plan.Journey.Think, plan.Journey.HTTP.Requests = time.Second, 2
	thinking := plan.Journey.Thinking()
	if want := 3 * time.Second; thinking != want { // before the token and each request
		t.Errorf("a device thinks for %v, want %v", thinking, want)
	}
	job := newJob(plan)
	startPlatform(t, refimpl.Config{}, job)
	r := mustRun(t, config(t, job))
	mustAccount(t, r, plan.Devices)
	for _, stage := range []measure.Stage{measure.StageConnack, measure.StageSuback, measure.StageToken, measure.StageHTTP, measure.StageConnect} {
		if least := good(&r.Totals.Figures, stage).Latency.Min(); least >= plan.Journey.Think {
			t.Errorf("%v took %v at the least, as if it had thought", stage, least)
		}
	}
	if least := good(&r.Totals.Figures, measure.StageReady).Latency.Min(); least < thinking {
		t.Errorf("ready took %v at the least, want no less than the %v of thinking", least, thinking)
	}
}

// The platform goes away in the middle. Each device has its result all the same, and
// the connections that went with it are told of.
func TestPlatformKilledInTheMiddle(t *testing.T) {
	job := newJob(testPlan(1500, 50)) // so many that most are still to come when the platform goes
	p := startPlatform(t, refimpl.Config{}, job)
	c := config(t, job)
	var once sync.Once
	stop := p.stop
	p.stop = func() {}
	c.Observe = func(f *measure.Figures) {
		if f.Results[measure.Good][measure.ResultReady] >= 20 {
			once.Do(stop)
		}
	}
	c.Thresholds = until(t, "cause.connection-refused == 0") // so that some find the port closed
	r := mustRun(t, c)
	mustAccount(t, r, int(r.Totals.Due[measure.Good]))
	results := r.Totals.Results[measure.Good]
	if results[measure.ResultReady] < 20 || results[measure.ResultFailed] == 0 {
		t.Errorf("%d ready, %d failed: want 20 and more, and some", results[measure.ResultReady], results[measure.ResultFailed])
	}
	// One that was ready as the platform went may have found itself disconnecting already.
	if r.Totals.Lost < 20 {
		t.Errorf("%d connections lost, want at least the 20 that were held", r.Totals.Lost)
	}
	refused := measure.CauseKey{Stage: measure.StageTCP, Outcome: measure.Failed, Cause: measure.Cause{Kind: measure.KindRefused}}
	if r.Totals.Causes[refused] == 0 {
		t.Errorf("no device found the port closed: %v", r.Totals.Causes)
	}
}

// A shard that dies is a hole, and the others come to their end.
func TestShardKilled(t *testing.T) {
	plan := testPlan(120, 40) // three seconds, to be interrupted in the first
	job := newJob(plan)
	job.Shards = 2
	startPlatform(t, refimpl.Config{}, job)
	c := config(t, job)
	players := children(t, &c)
	var once sync.Once
	c.Observe = func(f *measure.Figures) {
		if f.Ended(measure.Good) >= 10 {
			once.Do((*players)[1].Kill)
		}
	}
	r := mustRun(t, c)
	if r.Totals.Whole() || len(r.Totals.Holes) != 1 || r.Totals.Holes[0].Shard != 1 || !r.Totals.Holes[0].Open {
		t.Errorf("holes %+v, want one of shard 1 without an end", r.Totals.Holes)
	}
	if len(r.Lost) != 1 {
		t.Errorf("lost %q, want one shard", r.Lost)
	}
	if n := r.Totals.Ended(measure.Good); n < 60 || n >= 120 {
		t.Errorf("%d results, want the 60 of the shard that lived and some of the other", n)
	}
	if !r.Totals.Shards[0].Done || r.Totals.Shards[1].Done {
		t.Errorf("shards %+v, want the first done and the second not", r.Totals.Shards)
	}
}

// Bad devices are refused while good ones are served, and one that is admitted is
// found.
func TestBadDevices(t *testing.T) {
	for _, tt := range []struct {
		name       string
		deviations []string
		admitted   bool
	}{
		{"conforming", nil, false},
		{"admits what has expired", []string{"accepts-expired"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := testPlan(100, 100)
			plan.Mix.Share = 0.3
			job := newJob(plan)
			startPlatform(t, refimpl.Config{Deviations: tt.deviations}, job)
			r := mustRun(t, config(t, job))
			mustAccount(t, r, 100)
			bad := r.Totals.Results[measure.Bad]
			if got := bad[measure.ResultAdmitted]; (got > 0) != tt.admitted || bad[measure.ResultDenied]+got != 30 {
				t.Errorf("%d bad devices admitted, %d denied of 30; want some admitted: %v", got, bad[measure.ResultDenied], tt.admitted)
			}
			for id, n := range r.Totals.Admitted {
				if id != "expired-leaf" || n != bad[measure.ResultAdmitted] {
					t.Errorf("%d of case %s were admitted, want only what has expired, %d", n, id, bad[measure.ResultAdmitted])
				}
			}
			if (len(r.Totals.Admitted) > 0) != tt.admitted {
				t.Errorf("admitted %v, want some: %v", r.Totals.Admitted, tt.admitted)
			}
			if ready := r.Totals.Results[measure.Good][measure.ResultReady]; ready != 70 {
				t.Errorf("%d good devices ready, want 70: %v", ready, r.Totals.Causes)
			}
		})
	}
}

// Interrupted, a run ends in order: what was under way is aborted, what was measured
// is there.
func TestInterrupted(t *testing.T) {
	job := newJob(testPlan(1000, 50))
	p := startPlatform(t, refimpl.Config{}, job)
	p.stages(`{"suback":{"stalled":true}}`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := config(t, job)
	c.Observe = func(f *measure.Figures) {
		if f.Due[measure.Good] >= 10 {
			cancel()
		}
	}
	r, err := coordinator.Run(ctx, c)
	if err != nil || !r.Interrupted {
		t.Fatalf("interrupted %v, error %v", r.Interrupted, err)
	}
	due := r.Totals.Due[measure.Good]
	mustAccount(t, r, int(due))
	if aborted := r.Totals.Results[measure.Good][measure.ResultAborted]; aborted != due || due >= 1000 || !r.Totals.Whole() {
		t.Errorf("%d of %d arrivals aborted, whole %v; want all of them, and the run whole", aborted, due, r.Totals.Whole())
	}
}

// until are thresholds that end a run as soon as this one is broken.
func until(t *testing.T, text string) []threshold.Threshold {
	t.Helper()
	limit, err := threshold.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return []threshold.Threshold{limit}
}

// A threshold that is broken ends the run, if that is wanted.
func TestThresholdEndsTheRun(t *testing.T) {
	job := newJob(testPlan(500, 100))
	job.Target = loadgenClosed(t)
	c := config(t, job)
	c.Thresholds = until(t, "failed == 0")
	r := mustRun(t, c)
	if r.Broken == "" || r.Interrupted || r.Totals.Due[measure.Good] >= 500 {
		t.Errorf("broken %q after %d arrivals, want the threshold named before all have come", r.Broken, r.Totals.Due[measure.Good])
	}
	mustAccount(t, r, int(r.Totals.Due[measure.Good]))
}

// The limit of open devices drops arrivals, and says so.
func TestArrivalsBeyondTheLimitAreDropped(t *testing.T) {
	plan := testPlan(40, 200)
	plan.Limits.Open = 25
	job := newJob(plan)
	startPlatform(t, refimpl.Config{}, job)
	r := mustRun(t, config(t, job))
	mustAccount(t, r, 40)
	if got := r.Totals.Results[measure.Good][measure.ResultDropped]; got != 15 {
		t.Errorf("%d arrivals dropped, want 15", got)
	}
	limit := measure.CauseKey{Stage: measure.StageConnect, Outcome: measure.Aborted, Cause: measure.Cause{Kind: measure.KindLimit}}
	if r.Totals.Causes[limit] != 15 {
		t.Errorf("causes %v, want 15 of the limit", r.Totals.Causes)
	}
}

// The same seed and moment present the same certificates, whatever the number of
// shards.
func TestSameSeedSameCertificates(t *testing.T) {
	seed, moment := certfactory.NewSeed().String(), time.Now()
	var before [][]byte
	for _, shards := range []int{1, 1, 3} {
		plan := testPlan(12, 400)
		plan.Journey.Token, plan.Journey.Disconnect = false, false
		job := newJob(plan)
		job.Seed, job.Moment, job.Shards = seed, moment, shards
		witness := newWitness(t, job)
		r := mustRun(t, config(t, job))
		mustAccount(t, r, 12)
		leaves := witness.leaves()
		slices.SortFunc(leaves, bytes.Compare)
		if len(leaves) != 12 {
			t.Fatalf("%d certificates were presented, want 12: %v", len(leaves), r.Totals.Causes)
		}
		if before != nil && !slices.EqualFunc(before, leaves, slices.Equal[[]byte]) {
			t.Errorf("%d shards present other certificates than one", shards)
		}
		before = leaves
	}
}

// Devices present their certificates in the order of their numbers, whatever the number
// of shards. On a busy machine one may overtake another on its way; those that come in
// another order do so however far apart they are.
func TestDevicesComeInOrder(t *testing.T) {
	for _, shards := range []int{1, 3} {
		var came []string
		for _, rate := range []float64{40, 10, 2} {
			plan := testPlan(7, rate)
			plan.Journey.Token, plan.Journey.Disconnect = false, false
			job := newJob(plan)
			job.Shards = shards
			witness := newWitness(t, job)
			mustAccount(t, mustRun(t, config(t, job)), 7)
			came = nil
			for _, leaf := range witness.leaves() {
				cert, err := x509.ParseCertificate(leaf)
				if err != nil {
					t.Fatal(err)
				}
				came = append(came, cert.Subject.CommonName) // it begins with the number
			}
			if len(came) == 7 && slices.IsSorted(came) {
				break
			}
		}
		if len(came) != 7 || !slices.IsSorted(came) {
			t.Errorf("%d shards: devices came as %q", shards, came)
		}
	}
}

// While devices stay, publish and renew their tokens, nothing grows and nothing is
// lost. Tokens hold four seconds here.
func TestSoakIsFlat(t *testing.T) {
	plan := testPlan(40, 80)
	plan.Duration, plan.Interval = bound/2, 250*time.Millisecond
	plan.Journey.Renewal = true
	plan.Journey.Publish.Every, plan.Journey.Publish.QoS = 500*time.Millisecond, 1
	job := newJob(plan)
	tenants := refimpl.DefaultTenants()
	tenants[0].Options = append(tenants[0].Options, registry.Option{Category: "oauth.internal", Key: "device-token.lifespan.seconds", Value: "4"})
	startPlatform(t, refimpl.Config{Tenants: tenants, Deviations: []string{"lifetime-without-minimum"}}, job)
	c := config(t, job)
	c.Thresholds = until(t, "publish.count < 360") // after five seconds or, on a busy machine, later
	r := mustRun(t, c)
	mustAccount(t, r, plan.Devices)
	if r.Totals.Lost != 0 || r.Totals.Results[measure.Good][measure.ResultReady] != 40 {
		t.Errorf("%d ready, %d lost: %v", r.Totals.Results[measure.Good][measure.ResultReady], r.Totals.Lost, r.Totals.Causes)
	}
	if n := good(&r.Totals.Figures, measure.StageRenewal).Count(); n < 40 {
		t.Errorf("%d tokens renewed, want each once: %v", n, r.Totals.Causes)
	}
	if n := good(&r.Totals.Figures, measure.StagePublish).Count(); n < 360 {
		t.Errorf("%d messages published, want nine of each device: %v", n, r.Totals.Causes)
	}
	// The fewest goroutines while all are held: what is left behind stays. What is under way
	// comes and goes, but on a busy machine each device always has a message and a renewal so:
	// more than those are hundreds of messages later.
	var early, late []uint64
	end := r.Totals.Points[len(r.Totals.Points)-1].To
	for _, p := range r.Totals.Points {
		switch held := p.Open == 40; {
		case held && p.To < end*2/3:
			early = append(early, p.Process.Goroutines)
		case held:
			late = append(late, p.Process.Goroutines)
		}
	}
	if len(early) == 0 || len(late) == 0 {
		t.Fatalf("all devices are held in %d intervals, and then in %d: want some of both", len(early), len(late))
	}
	if before, after := slices.Min(early), slices.Min(late); after > before+before/4+2*40 {
		t.Errorf("%d goroutines, then %d: they grow", before, after)
	}
}

// What is under way when the devices go is given up, and no failure: neither of the
// platform nor, as it would look on the wire, of MQTT.
func TestWhatIsUnderWayAtTheEndIsAborted(t *testing.T) {
	const held = 10
	plan := testPlan(held+1, 100)
	plan.Duration = bound / 2
	plan.Journey.Renewal = true
	job := newJob(plan)
	config1 := serverTLS(t, job)
	var asked atomic.Int64
	job.Target.Address = listen(t, func(raw net.Conn) {
		conn := tls.Server(raw, config1)
		if conn.Handshake() != nil || !subscribed(conn) || readPacket(conn) != 3 || !writeToken(conn, 1, 3) {
			return
		}
		if readPacket(conn) == 3 && asked.Add(1) > held { // who renews last has an answer, when all others wait for theirs
			writeToken(conn, 2, 3600)
		}
		stall(conn)
	})
	c := config(t, job)
	c.Thresholds = until(t, "renewal.count < 1")
	r := mustRun(t, c)
	mustAccount(t, r, held+1)
	key := measure.CauseKey{Stage: measure.StageRenewal, Outcome: measure.Aborted, Cause: measure.Cause{Kind: measure.KindStopped}}
	if r.Totals.Causes[key] != held || len(r.Totals.Causes) != 1 || r.Totals.Lost != 0 {
		t.Errorf("causes %v, %d lost; want %d of %v alone, and none", r.Totals.Causes, r.Totals.Lost, held, key)
	}
}

// Devices that are thrown out come back, if the plan says so.
func TestReconnect(t *testing.T) {
	plan := testPlan(10, 100)
	plan.Duration = bound / 2
	plan.Reconnect = loadgen.Reconnect{Policy: loadgen.ReconnectFixed, Delay: 200 * time.Millisecond, Max: time.Second, Jitter: 0.5}
	job := newJob(plan)
	const slow = 200 * time.Millisecond
	var mu sync.Mutex
	connected, all := 0, make(chan struct{})
	config1 := serverTLS(t, job)
	job.Plan.Journey.Token = false
	job.Target.Address = listen(t, func(raw net.Conn) {
		conn := tls.Server(raw, config1)
		if conn.Handshake() != nil {
			return
		}
		mu.Lock()
		connected++
		first := connected <= 10
		if connected == 10 {
			close(all)
		}
		mu.Unlock()
		if !first {
			time.Sleep(slow) // the answer itself is late
		}
		if !admit(conn) {
			return
		}
		if first { // thrown out, once all are there
			<-all
			return
		}
		stall(conn)
	})
	c := config(t, job)
	c.Thresholds = until(t, "reconnect.count < 10") // all are back
	r := mustRun(t, c)
	mustAccount(t, r, 10)
	if n := good(&r.Totals.Figures, measure.StageReconnect).Count(); n != 10 || r.Totals.Lost != 10 {
		t.Errorf("%d lost, %d came back; want 10 of both: %v", r.Totals.Lost, n, r.Totals.Causes)
	}
	if took := good(&r.Totals.Figures, measure.StageReconnect).Latency.Min(); took < slow {
		t.Errorf("a reconnect took %v, want the %v until CONNACK in it", took, slow)
	}
	for key, n := range r.Totals.Causes { // of the connections that were lost, and once each
		if key.Stage != measure.StageHold || n != 10 {
			t.Errorf("%d of cause %v, want 10 of connections that ended", n, key)
		}
	}
}

// A platform that admits and ends the connection at once may have done so before the
// device knows that it is connected. It comes back all the same.
func TestReconnectAfterAnInstant(t *testing.T) {
	const devices = 200
	plan := testPlan(devices, 400)
	plan.Duration = bound / 2
	plan.Reconnect = loadgen.Reconnect{Policy: loadgen.ReconnectFixed, Delay: 2 * time.Second} // when all are due
	plan.Journey.Token = false
	job := newJob(plan)
	config1 := serverTLS(t, job)
	var connected atomic.Int64
	job.Target.Address = listen(t, func(raw net.Conn) {
		conn := tls.Server(raw, config1)
		if conn.Handshake() == nil && admit(conn) && connected.Add(1) > devices {
			stall(conn)
		}
	})
	c := config(t, job)
	c.Thresholds = until(t, fmt.Sprintf("reconnect.count < %d", devices)) // all are back
	r := mustRun(t, c)
	mustAccount(t, r, devices)
	if n := good(&r.Totals.Figures, measure.StageReconnect).Count(); n != devices || r.Totals.Lost != devices {
		t.Errorf("%d lost, %d came back; want %d of both: %v", r.Totals.Lost, n, devices, r.Totals.Causes)
	}
}
