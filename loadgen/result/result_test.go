package result_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/result"
	"github.com/chainmail-iot/chainmail/loadgen/threshold"
	"github.com/chainmail-iot/chainmail/reports"
)

// start is the moment from which the runs of these tests count.
func start() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func digest() [32]byte { return [32]byte{0xc4, 0xa1} }

func header(devices, bad int) reports.LoadHeader {
	d := digest()
	return reports.LoadHeader{
		Tool:   reports.Tool{Name: "chainmail", Version: "0.3.0", Commit: "3e59455"},
		Target: reports.Target{Name: "embedded reference platform", MQTTAddress: "127.0.0.1:8883"},
		Plan: reports.LoadPlan{
			Name: "token-storm", Digest: hex.EncodeToString(d[:]), Devices: devices, Bad: bad, Arrival: "constant 100/s",
			Interval: 1000, LagLimit: 50, Settings: []reports.LoadSetting{{Name: "devices", Value: "1000"}, {Name: "key", Value: "p256"}},
		},
		Seed: "quiet-otter-41", Shards: 2, Started: start(), Floor: 0.22,
		Environment: reports.LoadEnvironment{
			Environment: reports.Environment{OS: "linux", Arch: "amd64", Go: "go1.26.8", CPUs: 2}, Kernel: "6.1.0", Processors: 2,
		},
	}
}

// device lives one arrival: each stage takes a random time around its own mean.
func device(rec *measure.Recorder, r *rand.Rand, role measure.Role, intended time.Time) {
	at := intended.Add(time.Duration(r.ExpFloat64() * float64(400*time.Microsecond)))
	rec.Arrive(role, intended, at)
	means := []time.Duration{80 * time.Microsecond, 4 * time.Millisecond, 600 * time.Microsecond, 300 * time.Microsecond, 900 * time.Microsecond}
	var connected time.Time
	for stage, mean := range means {
		s := measure.Sample{Stage: measure.Stage(stage), Role: role, Started: at, Ended: at.Add(time.Duration(float64(mean) * math.Exp(r.NormFloat64()/2)))}
		switch {
		case role == measure.Bad && s.Stage == measure.StageTLS:
			s.Outcome, s.Cause = measure.Refused, measure.Alert(45)
		case role == measure.Good && s.Stage == measure.StageConnack && r.IntN(200) == 0:
			s.Outcome, s.Cause = measure.Failed, measure.Cause{Kind: measure.KindTimeout}
			s.Ended = at.Add(10 * time.Second)
		}
		rec.Record(s)
		at = s.Ended
		if s.Stage == measure.StageConnack {
			connected = at
		}
		if s.Outcome != measure.OK {
			rec.Record(measure.Sample{Stage: measure.StageConnect, Role: role, Outcome: s.Outcome, Cause: s.Cause, Intended: intended, Started: at, Ended: at})
			rec.Result(role, map[measure.Role]measure.Result{measure.Good: measure.ResultFailed, measure.Bad: measure.ResultDenied}[role])
			return
		}
	}
	rec.Opened()
	rec.Record(measure.Sample{Stage: measure.StageConnect, Role: role, Intended: intended, Started: intended, Ended: connected})
	rec.Record(measure.Sample{Stage: measure.StageReady, Role: role, Intended: intended, Started: intended, Ended: at})
	rec.Result(role, measure.ResultReady)
}

// play has two shards live a run of that many devices, 100 a second.
func play(devices, bad int) []*measure.Chunk {
	r := rand.New(rand.NewPCG(1, 2))
	var chunks []*measure.Chunk
	for shard := range 2 {
		rec := measure.NewRecorder(measure.Identity{
			Plan: digest(), Seed: "quiet-otter-41", Shard: uint32(shard), Shards: 2, Start: start(), Interval: time.Second,
		}, start())
		seconds := devices / 100
		for second := range seconds {
			for n := second*100 + shard; n < (second+1)*100; n += 2 {
				role := measure.Good
				if n < bad {
					role = measure.Bad
				}
				device(rec, r, role, start().Add(time.Duration(n)*10*time.Millisecond))
			}
			process := measure.Process{
				User: 70 * time.Millisecond, System: 10 * time.Millisecond, Pauses: 1, Paused: 90 * time.Microsecond,
				LongestPause: 90 * time.Microsecond, Memory: uint64(20+second) << 20, Goroutines: uint64(second * 50), Files: uint64(second * 50),
			}
			chunks = append(chunks, rec.Cut(start().Add(time.Duration(second+1)*time.Second), process, second == seconds-1, "finished"))
		}
	}
	return chunks
}

func fold(t *testing.T, chunks []*measure.Chunk) *measure.Totals {
	t.Helper()
	f := measure.NewFold(digest(), 2)
	for _, c := range chunks {
		if err := f.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	return f.Totals()
}

func thresholds(t *testing.T, texts ...string) []threshold.Threshold {
	t.Helper()
	var all []threshold.Threshold
	for _, text := range texts {
		one, err := threshold.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// TestOutcomes makes the same run end in each way there is.
func TestOutcomes(t *testing.T) {
	whole := play(1000, 100)
	met := thresholds(t, "ready.p99 < 1s", "dropped == 0")
	admitted := play(1000, 100)
	admitted[0].Results[measure.Bad][measure.ResultDenied]--
	admitted[0].Results[measure.Bad][measure.ResultAdmitted]++
	owing := play(1000, 100)
	owing[0].Results[measure.Good][measure.ResultReady]--
	tests := []struct {
		name       string
		chunks     []*measure.Chunk
		thresholds []threshold.Threshold
		end        reports.LoadEnd
		early      string
		disturbed  []string
		devices    int
		want       reports.LoadOutcome
		code       int
	}{
		{name: "met", chunks: whole, thresholds: met, want: reports.LoadMet},
		{name: "missed", chunks: whole, thresholds: thresholds(t, "ready.p99 < 1ms"), want: reports.LoadMissed, code: 6},
		{name: "nothing to judge", chunks: whole, thresholds: thresholds(t, "http.p99 < 1s"), want: reports.LoadMissed, code: 6},
		{name: "a chunk lost", chunks: whole[1:], thresholds: thresholds(t, "ready.p99 < 1ms"), want: reports.LoadIncomplete, code: 3},
		{name: "the last chunk lost", chunks: whole[:len(whole)-1], want: reports.LoadIncomplete, code: 3},
		{name: "a shard lost", chunks: whole[:10], want: reports.LoadIncomplete, code: 3},
		{name: "nothing at all", want: reports.LoadIncomplete, code: 3},
		{name: "a device without a result", chunks: owing, want: reports.LoadIncomplete, code: 3},
		{name: "arrivals owed", chunks: whole, devices: 1001, want: reports.LoadIncomplete, code: 3},
		{
			name: "ended early over a threshold", chunks: whole, devices: 2000, thresholds: thresholds(t, "ready.p99 < 1ms"),
			early: "ended after 10 s: ready.p99 < 1ms is broken", want: reports.LoadMissed, code: 6,
		},
		{name: "disturbed", chunks: whole[1:], disturbed: []string{"late"}, want: reports.LoadDisturbed, code: 7},
		{name: "admitted, and all else", chunks: admitted[:19:19], disturbed: []string{"late"}, want: reports.LoadNotConformant, code: 1},
		{name: "interrupted", chunks: admitted, end: reports.LoadEnd{Interrupted: true}, want: reports.LoadInterrupted, code: 130},
		{name: "a fault", chunks: admitted, end: reports.LoadEnd{Interrupted: true, Fault: "disk full"}, want: reports.LoadFaulty, code: 5},
		{name: "unreachable", end: reports.LoadEnd{Unreachable: "connection refused", Fault: "disk full"}, want: reports.LoadUnreachable, code: 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := result.Build(result.Run{
				Header: header(max(tt.devices, 1000), 100), Totals: fold(t, tt.chunks), Thresholds: tt.thresholds, End: tt.end, Early: tt.early, Disturbed: tt.disturbed,
			})
			if r.Outcome != tt.want || r.ExitCode != tt.code {
				t.Errorf("outcome %s (%d), want %s (%d): %q", r.Outcome, r.ExitCode, tt.want, tt.code, r.Reasons)
			}
			if (len(r.Reasons) == 0) != (tt.want == reports.LoadMet) {
				t.Errorf("reasons %q", r.Reasons)
			}
			var file bytes.Buffer
			if err := r.WriteJSON(&file); err != nil {
				t.Fatal(err)
			}
			again, err := reports.ParseLoad(file.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r, again); diff != "" {
				t.Errorf("load.json means something else (-written +read):\n%s", diff)
			}
			if testing.Verbose() {
				var out bytes.Buffer
				_ = reports.LoadTerminal(&out, r, reports.TerminalOptions{})
				t.Logf("\n%s", &out)
			}
		})
	}
}

// TestDisturbances: a late generator, and one whose machine was taken from it, are
// told apart from a slow platform.
func TestDisturbances(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*reports.LoadHeader, *measure.Totals)
		want   []string
	}{
		{"none", func(*reports.LoadHeader, *measure.Totals) {}, nil},
		{"late", func(h *reports.LoadHeader, _ *measure.Totals) { h.Plan.LagLimit = 1 }, []string{"the generator was late"}},
		{"no limit", func(h *reports.LoadHeader, _ *measure.Totals) { h.Plan.LagLimit = 0 }, nil},
		{"little stolen", func(_ *reports.LoadHeader, t *measure.Totals) { t.Process.Stolen = 999 * time.Millisecond }, nil},
		{"hardly stolen", func(_ *reports.LoadHeader, t *measure.Totals) { t.Process.Stolen = 900 * time.Millisecond }, nil},
		{"stolen", func(_ *reports.LoadHeader, t *measure.Totals) { t.Process.Stolen = 2 * time.Second }, []string{"the hypervisor gave to others 10.0%"}},
		{"throttled", func(_ *reports.LoadHeader, t *measure.Totals) { t.Process.Throttled = 2 * time.Second }, []string{"the limits of the control group took away 10.0%"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			head, totals := header(1000, 100), fold(t, play(1000, 100))
			tt.change(&head, totals)
			r := result.Build(result.Run{Header: head, Totals: totals})
			if len(r.Disturbed) != len(tt.want) || len(tt.want) == 1 && !strings.HasPrefix(r.Disturbed[0], tt.want[0]) {
				t.Errorf("disturbed %q, want %q", r.Disturbed, tt.want)
			}
			if (r.Outcome == reports.LoadDisturbed) != (len(tt.want) > 0) {
				t.Errorf("outcome %s", r.Outcome)
			}
		})
	}
}

// TestBars: each bar begins where the one before ended, in tenths of a power of ten,
// and together they hold every sample.
func TestBars(t *testing.T) {
	t.Parallel()
	rec := measure.NewRecorder(measure.Identity{Plan: digest(), Shards: 1, Start: start(), Interval: time.Second}, start())
	for _, took := range []time.Duration{0, time.Millisecond, 70 * time.Millisecond, 71 * time.Millisecond, 2 * time.Second, 3 * time.Hour} {
		rec.Record(measure.Sample{Stage: measure.StageToken, Started: start(), Ended: start().Add(took)})
	}
	f := measure.NewFold(digest(), 1)
	if err := f.Add(rec.Cut(start().Add(time.Second), measure.Process{}, true, "")); err != nil {
		t.Fatal(err)
	}
	bars := result.Build(result.Run{Header: header(0, 0), Totals: f.Totals()}).Stages[0].Latency.Histogram
	var sum uint64
	for i, b := range bars {
		sum += b.Count
		if i > 0 && (b.To/bars[i-1].To < 1.22 || b.To/bars[i-1].To > 1.31) {
			t.Errorf("a bar from %v ms to %v ms", bars[i-1].To, b.To)
		}
		if want, ok := map[reports.Milliseconds]uint64{0.01: 1, 1: 1, 80: 2, 2000: 1}[b.To]; ok && b.Count != want {
			t.Errorf("up to %v ms: %d, want %d", b.To, b.Count, want)
		}
	}
	if sum != 6 || bars[0].Count == 0 || bars[len(bars)-1].Count == 0 {
		t.Errorf("%d samples in %d bars", sum, len(bars))
	}
}
