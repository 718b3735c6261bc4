package reports_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

func loadHeader() reports.LoadHeader {
	return reports.LoadHeader{
		Tool:   reports.Tool{Name: "chainmail", Version: "0.1.0", Commit: "3e59455"},
		Target: reports.Target{Name: "embedded reference platform", MQTTAddress: "127.0.0.1:8883"},
		Plan: reports.LoadPlan{
			Name: "hostile", Digest: strings.Repeat("c4", 32), Devices: 1000, Bad: 100, Arrival: "constant 100/s", Interval: 1000, LagLimit: 50, Thinking: 2,
			Thresholds: []string{"ready.p99 < 100ms", "failed < 0.1%"},
			Settings:   []reports.LoadSetting{{Name: "key", Value: "p256"}, {Name: "tls.resumption", Value: "off"}},
		},
		Seed: "quiet-otter-41", Shards: 2, Started: noon(), Floor: 0.215, Again: "chainmail load --plan hostile --seed quiet-otter-41",
		Environment: reports.LoadEnvironment{
			Environment: reports.Environment{OS: "linux", Arch: "amd64", Go: "go1.26.8", CPUs: 2},
			Kernel:      "6.1.0", Processors: 2, Memory: 8 << 30, OpenFiles: 20000, Ports: 28232,
		},
	}
}

// latency spreads n samples over bars that double from the least on.
func latency(n uint64, p50 reports.Milliseconds) reports.LoadLatency {
	l := reports.LoadLatency{
		Min: p50 / 2, Mean: p50 * 1.1, P50: p50, P90: p50 * 1.8, P95: p50 * 2.2, P99: p50 * 3.1, P999: p50 * 4.5, Max: p50 * 5,
	}
	left := n
	for i, share := range []uint64{20, 35, 20, 10, 8, 4, 2} {
		c := n * share / 100
		left -= c
		l.Histogram = append(l.Histogram, reports.LoadBar{To: p50 * reports.Milliseconds(i+2) / 2, Count: c})
	}
	l.Histogram = append(l.Histogram, reports.LoadBar{To: p50 * 5, Count: left})
	return l
}

func loadStage(stage, role, outcome string, n uint64, p50 reports.Milliseconds) reports.LoadStage {
	return reports.LoadStage{
		Stage: stage, Role: role, Outcome: outcome, Sum: stage == "connect" || stage == "ready", Count: n, Rate: float64(n) / 10,
		From: 0, To: 10_000, Latency: latency(n, p50),
	}
}

// loadRun is a run in which everything went well.
func loadRun() reports.LoadReport {
	r := reports.LoadReport{
		Schema: reports.LoadSchema, Outcome: reports.LoadMet, LoadHeader: loadHeader(), Finished: noon().Add(10200 * time.Millisecond), Complete: true,
		Arrivals:    []reports.LoadArrivals{{Role: "good", Due: 900, Ready: 900}, {Role: "bad", Due: 100, Denied: 100}},
		Connections: reports.LoadConnections{Opened: 900, Closed: 900, MostOpen: 900, Sent: 90_000, Received: 180_000},
		Stages: []reports.LoadStage{
			loadStage("tcp", "good", "ok", 900, 0.08), loadStage("tls", "good", "ok", 900, 4), loadStage("connack", "good", "ok", 900, 0.6),
			loadStage("suback", "good", "ok", 900, 0.3), loadStage("token", "good", "ok", 900, 0.9),
			loadStage("hold", "good", "ok", 900, 2600), loadStage("tls", "bad", "refused", 100, 5), loadStage("connect", "good", "ok", 900, 5.1), loadStage("ready", "good", "ok", 900, 6.3),
			loadStage("connect", "bad", "refused", 100, 5.5),
		},
		Causes: []reports.LoadCause{
			{Stage: "tls", Role: "bad", Outcome: "refused", Cause: "alert.certificate_expired", Text: "alert certificate_expired", Count: 60},
			{Stage: "tls", Role: "bad", Outcome: "refused", Cause: "alert.unknown_ca", Text: "alert unknown_ca", Count: 40},
		},
		Thresholds: []reports.LoadThreshold{
			{Text: "ready.p99 < 100ms", Met: true, Measured: true, Observed: "19.53ms"},
			{Text: "failed < 0.1%", Met: true, Measured: true, Observed: "0%"},
		},
		Generator: reports.LoadGenerator{
			User: 480, System: 60, Lag: latency(1000, 0.2), Pauses: 7, Paused: 1.2, LongestGC: 0.4, Memory: 38 << 20, Goroutines: 912, OpenFiles: 915,
			PerDevice: 0.54, Multiple: 2.512,
		},
		Series: reports.LoadSeries{Step: 1000, Points: []reports.LoadPoint{{At: 0, Due: 100, Connects: 90, Tokens: 90, Open: 90, Token99: 2.8}}},
	}
	return r
}

// judged computes the outcome of a run as its writer would.
func judged(r reports.LoadReport, end reports.LoadEnd) reports.LoadReport {
	r.Complete = len(r.Holes)+len(r.Overlaps) == 0
	for _, a := range r.Arrivals {
		r.Complete = r.Complete && a.Unaccounted == 0
	}
	r.Outcome, r.Reasons = reports.JudgeLoad(r, end)
	r.ExitCode = r.Outcome.ExitCode()
	return r
}

// badLoadRun is a run in which everything went wrong.
func badLoadRun() reports.LoadReport {
	r := loadRun()
	r.Arrivals = []reports.LoadArrivals{
		{Role: "good", Due: 700, Ready: 640, Failed: 31, Dropped: 20, Aborted: 4, Unaccounted: 5}, {Role: "bad", Due: 100, Denied: 97, Admitted: 2, Unclear: 1},
	}
	r.Admitted, r.Connections.Resumed = []reports.LoadAdmitted{{Case: "expired-leaf", Count: 1}, {Case: "key-wrong", Count: 1}}, 12
	r.Holes = []reports.LoadSpan{{Shard: 1, From: 8000}, {Shard: 1, From: 2000, To: 3000}}
	r.Disturbed = []string{"the generator was late: 99% of the arrivals started up to 81ms after their moment, the limit is 50ms"}
	r.Stages = append(r.Stages, loadStage("tls", "good", "failed", 31, 10_000))
	r.Causes = append(r.Causes,
		reports.LoadCause{Stage: "tls", Role: "good", Outcome: "failed", Cause: "time-out", Text: "time-out", Count: 30},
		reports.LoadCause{Stage: "connack", Role: "good", Outcome: "refused", Cause: "return-code.5", Text: "return code 5", Count: 1},
		reports.LoadCause{Stage: "connect", Role: "good", Outcome: "aborted", Cause: "limit", Text: "limit of open devices", Count: 20})
	r.Thresholds = []reports.LoadThreshold{
		{Text: "ready.p99 < 10ms", Measured: true, Observed: "19.53ms"},
		{Text: "failed < 0.1%", Measured: true, Observed: "4.429%"},
		{Text: "http.p99 < 10ms", Observed: "nothing measured: no sample of http"},
		{Text: "lost == 0", Met: true, Measured: true, Observed: "0"},
	}
	r.Generator.Stolen, r.Generator.Throttled = 120, 35
	r.Notes = []string{"chunk/0001.0.000002 is left out: its checksum is wrong: it is damaged or cut short"}
	return judged(r, reports.LoadEnd{})
}

func TestLoadFixturesAreValid(t *testing.T) {
	for _, r := range []reports.LoadReport{loadRun(), badLoadRun()} {
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
	}
}
