package threshold

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// metric is the left side of a threshold.
type metric struct {
	of    subject
	stage measure.StageKey
	// whole: a stage's outcome is counted, or related to all samples of the stage.
	whole  bool
	stat   statistic
	q      float64 // with stat quantile, 0 to 1
	result measure.Result
	kind   measure.Kind
	code   string // of a cause, "" for all of the kind
}

type subject uint8

const (
	ofStage subject = iota
	ofResult
	ofLost
	ofCause
	ofLag
)

type statistic uint8

const (
	quantile statistic = iota
	least
	mean
	most
	rate
	count
)

func (m metric) isSpan() bool {
	return (m.of == ofStage || m.of == ofLag) && !m.whole && m.stat <= most
}

func (m metric) isRate() bool { return m.of == ofStage && !m.whole && m.stat == rate }

// wants words the values that go with the metric.
func (m metric) wants() string {
	switch {
	case m.isSpan():
		return "a span of time, as 500ms"
	case m.isRate():
		return "a rate, as 800/s"
	case m.of == ofStage && !m.whole:
		return "a number or, of the samples of the stage, a share, as 99%"
	default:
		return "a number or a share, as 0.1%"
	}
}

// parseMetric reads a metric; where it is wrong, at says at which byte.
func parseMetric(name string) (m metric, reason string, at int) {
	head, rest, dotted := strings.Cut(name, ".")
	if name == "" {
		return m, "a metric is missing: want " + possibleHeads(), 0
	}
	if head == "bad" {
		if !dotted {
			return m, "want a stage after bad, as bad.connect.refused", len(name)
		}
		return parseStage(metric{stage: measure.StageKey{Role: measure.Bad}}, rest, len("bad."))
	}
	// Without a statistic, ready is the result and not the stage.
	i := slices.IndexFunc(measure.Results(), func(r measure.Result) bool { return r.String() == head })
	switch {
	case i >= 0 && !dotted:
		return metric{of: ofResult, result: measure.Result(i)}, "", 0
	case head == "lag":
		m.of = ofLag
		return parseStatistic(m, rest, len(head)+1, false)
	case head == "cause":
		return parseCause(rest)
	case stageIndex(head) >= 0:
		return parseStage(m, name, 0)
	case dotted:
		return m, fmt.Sprintf("unknown stage %q: want one of %s", head, join(measure.Stages())), 0
	case head == "lost":
		return metric{of: ofLost}, "", 0
	default:
		return m, fmt.Sprintf("unknown metric %q: want %s", head, possibleHeads()), 0
	}
}

func possibleHeads() string {
	return "a stage with a statistic, as token.p99, lag.p99, cause.NAME, lost, or one of " + join(measure.Results())
}

func stageIndex(name string) int {
	return slices.IndexFunc(measure.Stages(), func(s measure.Stage) bool { return s.String() == name })
}

// parseStage reads STAGE.STATISTIC, STAGE.OUTCOME or STAGE.OUTCOME.STATISTIC.
func parseStage(m metric, name string, at int) (metric, string, int) {
	head, rest, dotted := strings.Cut(name, ".")
	i := stageIndex(head)
	if i < 0 {
		return m, fmt.Sprintf("unknown stage %q: want one of %s", head, join(measure.Stages())), at
	}
	m.stage.Stage = measure.Stage(i)
	at += len(head)
	if !dotted {
		return m, fmt.Sprintf("want a statistic after %s, as %s.p99: %s", head, head, possibleStatistics(true)), at
	}
	at++
	word, statistic, more := strings.Cut(rest, ".")
	o := slices.IndexFunc(measure.Outcomes(), func(o measure.Outcome) bool { return o.String() == word })
	if o < 0 {
		return parseStatistic(m, rest, at, true)
	}
	m.stage.Outcome = measure.Outcome(o)
	if !more {
		m.whole = true
		return m, "", 0
	}
	return parseStatistic(m, statistic, at+len(word)+1, false)
}

// parseStatistic reads p99.9, min, mean, max; of stages also rate and count.
func parseStatistic(m metric, name string, at int, outcomes bool) (metric, string, int) {
	switch name {
	case "min":
		m.stat = least
	case "mean":
		m.stat = mean
	case "max":
		m.stat = most
	case "rate", "count":
		if m.of == ofLag {
			return m, fmt.Sprintf("unknown statistic %q: want %s", name, "p50, p99 or another p, min, mean, max"), at
		}
		m.stat = rate
		if name == "count" {
			m.stat = count
		}
	default:
		digits, isP := strings.CutPrefix(name, "p")
		p, err := strconv.ParseFloat(digits, 64)
		if !isP || err != nil || !(p > 0 && p <= 100) {
			return m, fmt.Sprintf("unknown statistic %q: want %s", name, possibleStatistics(outcomes)), at
		}
		m.stat, m.q = quantile, p/100
	}
	return m, "", 0
}

func possibleStatistics(outcomes bool) string {
	words := "p50, p99, p99.9 or another p, min, mean, max, rate, count"
	if outcomes {
		words += ", or an outcome: " + join(measure.Outcomes())
	}
	return words
}

// parseCause reads KIND or KIND.CODE.
func parseCause(name string) (metric, string, int) {
	at := len("cause.")
	kind, code, coded := strings.Cut(name, ".")
	k, ok := measure.KindNamed(kind)
	if !ok {
		return metric{}, fmt.Sprintf("unknown cause %q: want one of %s", kind, strings.Join(measure.Kinds(), " ")), at
	}
	if coded && !measure.IsCauseName(name) {
		return metric{}, fmt.Sprintf("cause %s has no code %q", kind, code), at + len(kind) + 1
	}
	return metric{of: ofCause, kind: k, code: code}, "", 0
}

// observe returns the value of the metric, or why there is none.
func (m metric) observe(f *measure.Figures, u unit) (value float64, reason string) {
	of, all, what := m.counted(f)
	switch {
	case all == 0:
		return 0, "nothing measured: " + what
	case m.isSpan():
		h := m.histogram(f)
		if h.Count() == 0 {
			return 0, "nothing measured: " + what
		}
		return float64(m.span(h)), ""
	case m.isRate():
		s := f.Of(m.stage)
		if s.Count() == 0 || s.Last <= s.First {
			return 0, "nothing measured: " + what
		}
		return float64(s.Count()) / (s.Last - s.First).Seconds(), ""
	case u == share:
		return 100 * float64(of) / float64(all), ""
	default:
		return float64(of), ""
	}
}

// counted returns how many there are, of how many, and what is missing if that is 0.
func (m metric) counted(f *measure.Figures) (of, all uint64, what string) {
	switch m.of {
	case ofStage:
		all := f.Samples(m.stage.Role, m.stage.Stage)
		return f.Of(m.stage).Count(), all, fmt.Sprintf("no sample of %s", m.stage.Stage)
	case ofLag:
		return f.Lag.Count(), f.Lag.Count(), "no arrival has started"
	case ofLost:
		return f.Lost, f.Opened, "no connection was admitted"
	case ofResult:
		return m.results(f)
	}
	for key, n := range f.Causes {
		if key.Cause.Kind == m.kind && (m.code == "" || key.Cause.Name() == m.kind.String()+"."+m.code) {
			of += n
		}
	}
	return of, f.Due[measure.Good] + f.Due[measure.Bad], "no arrival was due"
}

// results counts a result: those of good devices of the good, those of bad
// devices of the bad, what befalls both of all.
func (m metric) results(f *measure.Figures) (of, all uint64, what string) {
	for _, role := range measure.Roles() {
		if m.result == measure.ResultReady || m.result == measure.ResultFailed {
			if role == measure.Bad {
				continue
			}
		} else if role == measure.Good && m.result != measure.ResultDropped && m.result != measure.ResultAborted {
			continue
		}
		of += f.Results[role][m.result]
		all += f.Due[role]
	}
	return of, all, "no arrival was due"
}

func (m metric) histogram(f *measure.Figures) *measure.Histogram {
	if m.of == ofLag {
		return &f.Lag
	}
	return &f.Of(m.stage).Latency
}

func (m metric) span(h *measure.Histogram) time.Duration {
	switch m.stat {
	case least:
		return h.Min()
	case mean:
		return h.Mean()
	case most:
		return h.Max()
	default:
		return h.Quantile(m.q)
	}
}

func join[T fmt.Stringer](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.String()
	}
	return strings.Join(texts, " ")
}
