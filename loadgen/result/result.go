// Package result turns what was measured in a load run into a report: the only
// place that knows both the figures of loadgen/measure and the words of reports.
package result

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/threshold"
	"github.com/chainmail-iot/chainmail/reports"
)

// Run is all that a report is made of.
type Run struct {
	Header reports.LoadHeader
	// Totals is what was measured. Nil: the run ended before it began.
	Totals *measure.Totals
	// Thresholds are those of the plan, parsed.
	Thresholds []threshold.Threshold
	End        reports.LoadEnd
	// Early says why the run was ended, on purpose, before all arrivals were due: a
	// threshold was broken beyond repair. Then the rest of them is not owed. Optional.
	Early string
	// BrokeOff tells that the run has not come to its end. Read sets it.
	BrokeOff bool
	// Finished is when the run ended. Zero: where the latest chunk ends.
	Finished time.Time
	// Disturbed are reasons of the caller's beside those that Totals gives.
	Disturbed []string
	Notes     []string
}

// Build makes the report, with its outcome and its exit code.
func Build(run Run) reports.LoadReport {
	t := run.Totals
	if t == nil {
		t = new(measure.Totals)
	}
	r := reports.LoadReport{
		Schema: reports.LoadSchema, LoadHeader: run.Header, Finished: run.Finished.UTC(),
		Holes: spans(t.Holes), Overlaps: spans(t.Overlaps),
		Arrivals: arrivals(t, run.Header.Plan.Bad > 0), Connections: connections(t),
		Stages: stages(&t.Figures), Causes: causes(&t.Figures), Thresholds: judge(run.Thresholds, &t.Figures),
		Admitted: admitted(&t.Figures), Generator: generator(t, run.Header.Floor), Series: series(t), Early: run.Early, BrokeOff: run.BrokeOff, Notes: run.Notes,
	}
	if run.Finished.IsZero() {
		r.Finished = run.Header.Started.Add(t.End).UTC()
	}
	r.Disturbed = append(disturbances(r), run.Disturbed...)
	r.Complete = t.Whole() && t.InFlight() == 0 && !run.BrokeOff
	r.Outcome, r.Reasons = reports.JudgeLoad(r, run.End)
	r.ExitCode = r.Outcome.ExitCode()
	return r
}

func spans(holes []measure.Hole) []reports.LoadSpan {
	var all []reports.LoadSpan
	for _, h := range holes {
		s := reports.LoadSpan{Shard: int(h.Shard), From: reports.InMilliseconds(h.From)}
		if !h.Open {
			s.To = reports.InMilliseconds(h.To)
		}
		all = append(all, s)
	}
	return all
}

// arrivals has a line for bad devices where the plan has such, or any came.
func arrivals(t *measure.Totals, bad bool) []reports.LoadArrivals {
	all := []reports.LoadArrivals{}
	for _, role := range measure.Roles() {
		of := t.Results[role]
		if role == measure.Bad && !bad && t.Due[role] == 0 {
			continue
		}
		all = append(all, reports.LoadArrivals{
			Role: role.String(), Due: t.Due[role],
			Ready: of[measure.ResultReady], Failed: of[measure.ResultFailed], Denied: of[measure.ResultDenied],
			Admitted: of[measure.ResultAdmitted], Unclear: of[measure.ResultUnclear],
			Dropped: of[measure.ResultDropped], Aborted: of[measure.ResultAborted],
			Unaccounted: int64(t.Due[role]) - int64(t.Ended(role)),
		})
	}
	return all
}

func connections(t *measure.Totals) reports.LoadConnections {
	c := reports.LoadConnections{Opened: t.Opened, Closed: t.Closed, Resumed: t.Resumed, Lost: t.Lost, Sent: t.Sent, Received: t.Received}
	for _, p := range t.Points {
		c.MostOpen = max(c.MostOpen, p.Open)
	}
	return c
}

// stages lists single stages before sums, good devices before bad ones.
func stages(f *measure.Figures) []reports.LoadStage {
	all := []reports.LoadStage{}
	for _, sum := range []bool{false, true} {
		for _, role := range measure.Roles() {
			for _, stage := range measure.Stages() {
				for _, outcome := range measure.Outcomes() {
					s := f.Of(measure.StageKey{Role: role, Stage: stage, Outcome: outcome})
					if s.Count() > 0 && stage.Sum() == sum {
						all = append(all, stageOf(role, stage, outcome, s))
					}
				}
			}
		}
	}
	return all
}

func stageOf(role measure.Role, stage measure.Stage, outcome measure.Outcome, s *measure.StageFigures) reports.LoadStage {
	r := reports.LoadStage{
		Stage: stage.String(), Role: role.String(), Outcome: outcome.String(), Sum: stage.Sum(), Count: s.Count(),
		From: reports.InMilliseconds(max(s.First, 0)), To: reports.InMilliseconds(max(s.Last, 0)), Latency: latency(&s.Latency),
	}
	if s.Last > s.First {
		r.Rate = round(float64(s.Count()) / (s.Last - s.First).Seconds())
	}
	return r
}

func latency(h *measure.Histogram) reports.LoadLatency {
	ms := reports.InMilliseconds
	q := h.Quantiles(0.5, 0.9, 0.95, 0.99, 0.999)
	return reports.LoadLatency{
		Min: ms(h.Min()), Mean: ms(h.Mean()), P50: ms(q[0]), P90: ms(q[1]), P95: ms(q[2]), P99: ms(q[3]), P999: ms(q[4]), Max: ms(h.Max()),
		Histogram: bars(h),
	}
}

// bars counts by bounds of which ten make a power of ten: 1, 1.25, 1.6, 2, 2.5,
// 3.15, 4, 5, 6.3, 8, the preferred numbers of ISO 3.
func bars(h *measure.Histogram) []reports.LoadBar {
	bounds := bounds()
	all := []reports.LoadBar{}
	var before uint64
	for i, sum := range h.Cumulative(bounds) {
		if sum > before || len(all) > 0 && sum < h.Count() {
			all = append(all, reports.LoadBar{To: reports.InMilliseconds(bounds[i]), Count: sum - before})
		}
		before = sum
	}
	return all
}

func bounds() []time.Duration {
	var all []time.Duration
	for power := 10 * time.Microsecond; power <= 1000*time.Second; power *= 10 {
		for _, preferred := range []int64{100, 125, 160, 200, 250, 315, 400, 500, 630, 800} {
			all = append(all, power*time.Duration(preferred)/100)
		}
	}
	return all
}

func causes(f *measure.Figures) []reports.LoadCause {
	all := []reports.LoadCause{}
	for _, key := range slices.SortedFunc(maps.Keys(f.Causes), func(a, b measure.CauseKey) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Outcome, b.Outcome),
			cmp.Compare(a.Cause.Kind, b.Cause.Kind), cmp.Compare(a.Cause.Code, b.Cause.Code))
	}) {
		all = append(all, reports.LoadCause{
			Stage: key.Stage.String(), Role: key.Role.String(), Outcome: key.Outcome.String(),
			Cause: key.Cause.Name(), Text: key.Cause.String(), Count: f.Causes[key],
		})
	}
	return all
}

func admitted(f *measure.Figures) []reports.LoadAdmitted {
	var all []reports.LoadAdmitted
	for _, id := range slices.Sorted(maps.Keys(f.Admitted)) {
		all = append(all, reports.LoadAdmitted{Case: id, Count: f.Admitted[id]})
	}
	return all
}

func judge(thresholds []threshold.Threshold, f *measure.Figures) []reports.LoadThreshold {
	all := []reports.LoadThreshold{}
	for _, t := range thresholds {
		v := t.Judge(f)
		all = append(all, reports.LoadThreshold{Text: t.String(), Met: v.Met, Measured: v.Measured, Observed: v.Observed})
	}
	return all
}

func generator(t *measure.Totals, floor reports.Milliseconds) reports.LoadGenerator {
	p, ms := t.Process, reports.InMilliseconds
	g := reports.LoadGenerator{
		User: ms(p.User), System: ms(p.System), Lag: latency(&t.Lag), Pauses: p.Pauses, Paused: ms(p.Paused), LongestGC: ms(p.LongestPause),
		Stolen: ms(p.Stolen), Throttled: ms(p.Throttled), Memory: p.Memory, Goroutines: p.Goroutines, OpenFiles: p.Files,
	}
	if started := t.Lag.Count(); started > 0 {
		g.PerDevice = ms((p.User + p.System) / time.Duration(started))
	}
	if floor > 0 {
		g.Multiple = round(float64(g.PerDevice) / float64(floor))
	}
	return g
}

// robbed is the share of the machine's processor time from which on a run tells more
// of those who took it than of the platform. Less than leastRobbed in all is too
// little to tell: the kernel counts in hundredths of a second, and by whole ticks.
const (
	robbed                           = 0.05
	leastRobbed reports.Milliseconds = 1000
)

// disturbances says where the generator was at its limit.
func disturbances(r reports.LoadReport) []string {
	var all []string
	if limit, lag := r.Plan.LagLimit, r.Generator.Lag.P99; limit > 0 && lag > limit {
		all = append(all, fmt.Sprintf("the generator was late: 99%% of the arrivals started up to %s after their moment, the limit is %s",
			lag.Duration(), limit.Duration()))
	}
	took := reports.InMilliseconds(r.Finished.Sub(r.Started)) * reports.Milliseconds(max(r.Environment.CPUs, 1))
	for _, loss := range []struct {
		lost reports.Milliseconds
		to   string
	}{
		{r.Generator.Stolen, "the hypervisor gave to others"},
		{r.Generator.Throttled, "the limits of the control group took away"},
	} {
		if took > 0 && loss.lost > max(robbed*took, leastRobbed) {
			all = append(all, fmt.Sprintf("%s %.1f%% of the generator's processor time", loss.to, 100*loss.lost/took))
		}
	}
	return all
}

// round keeps three decimals; more would promise what was not measured.
func round(v float64) float64 { return float64(int64(v*1000+0.5)) / 1000 }
