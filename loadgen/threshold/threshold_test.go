package threshold_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/threshold"
)

// start is the moment from which the runs of these tests count.
func start() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// figures are of a run of a thousand good devices, a hundred a second, of which ten
// time out at tls, five are refused at token and ten are dropped; token takes 1 ms to
// 975 ms. Of twenty bad devices one is admitted. Three connections are lost.
func figures() *measure.Figures {
	rec := measure.NewRecorder(measure.Identity{Start: start(), Shards: 1, Interval: time.Second}, start())
	for n := range 1000 {
		due := start().Add(time.Duration(n) * 10 * time.Millisecond)
		if n < 10 {
			rec.Drop(measure.Good, measure.Cause{Kind: measure.KindLimit})
			continue
		}
		rec.Arrive(measure.Good, due, due.Add(time.Millisecond))
		switch {
		case n < 20:
			rec.Record(measure.Sample{Stage: measure.StageTLS, Outcome: measure.Failed, Cause: measure.Cause{Kind: measure.KindTimeout}, Started: due, Ended: due.Add(10 * time.Second)})
			rec.Result(measure.Good, measure.ResultFailed)
			continue
		case n < 25:
			rec.Record(measure.Sample{Stage: measure.StageToken, Outcome: measure.Refused, Cause: measure.HTTPStatus(403), Started: due, Ended: due.Add(2 * time.Second)})
			rec.Result(measure.Good, measure.ResultFailed)
			continue
		}
		rec.Opened()
		rec.Record(measure.Sample{Stage: measure.StageConnect, Intended: due, Started: due, Ended: due.Add(10 * time.Millisecond)})
		rec.Record(measure.Sample{Stage: measure.StageToken, Started: due, Ended: due.Add(time.Duration(n-24) * time.Millisecond)})
		rec.Closed(n < 28)
		rec.Result(measure.Good, measure.ResultReady)
	}
	for n := range 20 {
		rec.Arrive(measure.Bad, start(), start())
		s := measure.Sample{Stage: measure.StageConnect, Role: measure.Bad, Started: start(), Ended: start().Add(time.Second)}
		if n > 0 {
			s.Outcome = measure.Refused
			rec.Record(measure.Sample{Stage: measure.StageTLS, Role: measure.Bad, Outcome: measure.Refused, Cause: measure.Alert(45), Started: start(), Ended: start().Add(time.Second)})
			rec.Result(measure.Bad, measure.ResultDenied)
		} else {
			rec.Result(measure.Bad, measure.ResultAdmitted)
		}
		rec.Record(s)
	}
	return rec.Cut(start().Add(10*time.Second), measure.Process{}, true, "").Figures
}

func TestJudge(t *testing.T) {
	t.Parallel()
	f := figures()
	tests := []struct {
		text     string
		met      bool
		observed string
	}{
		{"token.p50 < 489ms", true, "488.1ms"},
		{"token.p50 < 488ms", false, "488.1ms"},
		{"token.p99 <= 1s", true, "966.3ms"},
		{"token.p99.9 > 970ms", true, "975ms"},
		{"token.min == 1ms", true, "1ms"},
		{"token.max == 975ms", true, "975ms"},
		{"token.mean == 488ms", true, "488ms"},
		{"  token.mean==488ms", true, "488ms"},
		{"token.refused.max == 2s", true, "2s"},
		{"token.refused.count == 5", true, "5"},
		{"token.refused == 5", true, "5"},
		{"token.refused < 0.6%", true, "0.5102%"},
		{"token.count == 975", true, "975"},
		{"token.count > 99%", true, "99.49%"},
		{"token.ok != 975", false, "975"},
		{"connect.rate >= 97/s", true, "100.0/s"},
		{"connect.rate >= 6001/min", false, "100.0/s"},
		{"connect.max < 11ms", true, "10ms"},
		{"bad.connect.refused.p99 < 2s", true, "1s"},
		{"bad.connect.ok == 0", false, "1"},
		{"failed == 15", true, "15"},
		{"failed < 1.6%", true, "1.5%"},
		{"ready >= 97.5%", true, "97.5%"},
		{"dropped == 0", false, "10"},
		{"dropped < 1%", true, "0.9804%"},
		{"aborted == 0", true, "0"},
		{"admitted == 0", false, "1"},
		{"denied > 94%", true, "95%"},
		{"unclear == 0", true, "0"},
		{"lost <= 3", true, "3"},
		{"lost < 1%", true, "0.3077%"},
		{"lag.p99 <= 1ms", true, "1ms"},
		{"lag.max < 1ms", false, "1ms"},
		{"cause.time-out == 10", true, "10"},
		{"cause.time-out < 1%", true, "0.9804%"},
		{"cause.alert == 19", true, "19"},
		{"cause.alert.certificate_expired == 19", true, "19"},
		{"cause.alert.unknown_ca == 0", true, "0"},
		{"cause.http.403 == 5", true, "5"},
		{"cause.http.401 == 0", true, "0"},
		{"cause.limit == 10", true, "10"},
		{"cause.reset == 0", true, "0"},
	}
	for _, tt := range tests {
		th, err := threshold.Parse(tt.text)
		if err != nil {
			t.Error(err)
			continue
		}
		if v := th.Judge(f); v.Met != tt.met || !v.Measured || v.Observed != tt.observed {
			t.Errorf("%s: met %t, measured %t, observed %s, want %t and %s", th, v.Met, v.Measured, v.Observed, tt.met, tt.observed)
		}
		if again, err := threshold.Parse(th.String()); err != nil || again != th {
			t.Errorf("%s, written as %q, is read as %v, %v", tt.text, th, again, err)
		}
	}
}

// TestNothingMeasuredIsNotMet: a run in which nothing happened keeps no limit,
// however it is worded.
func TestNothingMeasuredIsNotMet(t *testing.T) {
	t.Parallel()
	empty := new(measure.Figures)
	for _, text := range []string{
		"token.p99 < 500ms", "token.failed == 0", "token.failed < 1%", "token.count >= 0", "token.rate >= 0/s", "failed == 0", "failed < 1%",
		"dropped == 0", "admitted == 0", "lost == 0", "lag.p99 < 1s", "cause.time-out == 0", "cause.alert.unknown_ca < 1%", "token.p99 != 1s",
	} {
		th, err := threshold.Parse(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if v := th.Judge(empty); v.Met || v.Measured || !strings.HasPrefix(v.Observed, "nothing measured: ") {
			t.Errorf("%s: %+v", text, v)
		}
		if v, broken := th.Broken(empty); broken {
			t.Errorf("%s ends a run that has not begun: %+v", text, v)
		}
	}
	// Successes were measured, this outcome was not: that is a count of 0, and no latency.
	for text, met := range map[string]bool{"connect.failed == 0": true, "connect.failed.p99 < 1s": false, "http.failed == 0": false, "bad.token.ok == 0": false} {
		th, err := threshold.Parse(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if v := th.Judge(figures()); v.Met != met {
			t.Errorf("%s: %+v", text, v)
		}
	}
}

// TestRateOfAMoment: one sample that took no time has no rate, rather than an endless one.
func TestRateOfAMoment(t *testing.T) {
	t.Parallel()
	rec := measure.NewRecorder(measure.Identity{Start: start(), Shards: 1, Interval: time.Second}, start())
	rec.Record(measure.Sample{Stage: measure.StageConnect, Started: start(), Ended: start()})
	th, err := threshold.Parse("connect.rate >= 800/s")
	if err != nil {
		t.Fatal(err)
	}
	if v := th.Judge(rec.Cut(start(), measure.Process{}, true, "").Figures); v.Met || v.Measured {
		t.Errorf("%+v", v)
	}
}

// TestBroken: live, a limit is broken only where more of the run cannot mend it, or
// where there is enough of it.
func TestBroken(t *testing.T) {
	t.Parallel()
	few := func(n int) *measure.Figures {
		rec := measure.NewRecorder(measure.Identity{Start: start(), Shards: 1, Interval: time.Second}, start())
		for i := range n {
			at := start().Add(time.Duration(i) * 100 * time.Millisecond)
			rec.Arrive(measure.Good, at, at)
			rec.Record(measure.Sample{Stage: measure.StageToken, Started: at, Ended: at.Add(time.Second)})
			rec.Result(measure.Good, measure.ResultFailed)
		}
		return rec.Cut(start().Add(time.Hour), measure.Process{}, false, "").Figures
	}
	for _, tt := range []struct {
		text    string
		samples int
		want    bool
	}{
		{"token.p99 < 500ms", 99, false},
		{"token.p99 < 500ms", 100, true},
		{"token.p99 < 2s", 100, false},
		{"token.max < 500ms", 1, true},
		{"failed == 0", 1, true},
		{"failed < 1%", 99, false},
		{"failed < 1%", 100, true},
		{"token.rate >= 100/s", 50, false},
		{"token.rate >= 100/s", 200, true},
		{"token.count >= 1000", 200, false},
		{"ready >= 99%", 200, false},
		{"ready == 3", 200, false},
		{"failed == 100", 99, false},
		{"failed == 100", 101, true},
		{"failed != 100", 100, false},
		{"failed >= 101", 100, false},
		{"token.min > 2s", 1, true},
		{"token.min < 500ms", 1, false},
		{"token.max > 2s", 1, false},
	} {
		th, err := threshold.Parse(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if v, broken := th.Broken(few(tt.samples)); broken != tt.want {
			t.Errorf("%s after %d samples: broken %t, %+v", tt.text, tt.samples, broken, v)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text   string
		column int
		reason string
	}{
		{"", 1, "a metric is missing"},
		{"< 5", 1, "a metric is missing"},
		{"tokn.p99 < 500ms", 1, `unknown stage "tokn": want one of tcp tls`},
		{"speed < 5", 1, `unknown metric "speed"`},
		{"ready. < 5", 7, `unknown statistic ""`},
		{"failed.p99 < 5", 1, `unknown stage "failed"`},
		{"token < 500ms", 6, "want a statistic after token"},
		{"token. < 500ms", 7, `unknown statistic ""`},
		{"token.p101 < 500ms", 7, `unknown statistic "p101"`},
		{"token.p0 < 500ms", 7, `unknown statistic "p0"`},
		{"token.pNaN < 500ms", 7, `unknown statistic "pNaN"`},
		{"token.refused.p < 1s", 15, `unknown statistic "p"`},
		{"bad < 1s", 4, "want a stage after bad"},
		{"bad.tokn.p99 < 1s", 5, `unknown stage "tokn"`},
		{"lag.rate > 1/s", 5, `unknown statistic "rate"`},
		{"cause.sickness == 0", 7, `unknown cause "sickness": want one of alert`},
		{"cause.alert.sick == 0", 13, `cause alert has no code "sick"`},
		{"cause.time-out.3 == 0", 16, `cause time-out has no code "3"`},
		{"token.p99", 10, `an operator is missing: want one of < <=`},
		{"token.p99 = 500ms", 11, `operator "=": want one of < <=`},
		{"token.p99 <> 500ms", 11, `operator "<>"`},
		{"token.p99 <", 12, "a value is missing: want a span of time"},
		{"token.p99 < 500", 13, `value "500": want a span of time, as 500ms`},
		{"token.p99 < -1s", 13, "want a span of time"},
		{"token.p99 < 5%", 13, "want a span of time"},
		{"connect.rate >= 800", 17, `value "800": want a rate, as 800/s`},
		{"failed < 500ms", 10, `value "500ms": want a number or a share`},
		{"failed < 0.1", 10, "is no whole number"},
		{"failed < 101%", 10, "want a number or a share"},
		{"failed < NaN", 10, "want a number or a share"},
		{"ünbekannt.p99 <", 1, `unknown stage "ünbekannt"`},
		{"cause.älert == 0", 7, "unknown cause"},
		{"token.p99 < 500ms or so", 13, `value "500ms or so"`},
	}
	for _, tt := range tests {
		_, err := threshold.Parse(tt.text)
		wrong, ok := errors.AsType[*threshold.Error](err)
		if !ok || wrong.Column != tt.column || !strings.Contains(wrong.Reason, tt.reason) {
			t.Errorf("%q: %v, want column %d: %s", tt.text, err, tt.column, tt.reason)
		}
	}
}

// FuzzParse: no text makes Parse panic; what it accepts it writes so that it reads
// the same, and can judge.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"token.p99 < 500ms", "failed<0.1%", "bad.connect.refused.max >= 1h", "cause.alert.unknown_ca == 0", "connect.rate>=800/s", "lag.p99.9 != 1ms"} {
		f.Add(seed)
	}
	some := figures()
	f.Fuzz(func(t *testing.T, text string) {
		th, err := threshold.Parse(text)
		if err != nil {
			if wrong, ok := errors.AsType[*threshold.Error](err); !ok || wrong.Column < 1 || wrong.Column > len(text)+1 {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if again, err := threshold.Parse(th.String()); err != nil || again != th {
			t.Errorf("%q, written as %q, is read as %v, %v", text, th, again, err)
		}
		th.Judge(some)
		th.Broken(some)
	})
}
