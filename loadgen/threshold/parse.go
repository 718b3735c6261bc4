package threshold

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chainmail-iot/chainmail/loadgen/pacer"
)

// Grammar says in a few lines what a threshold may be. It is for help texts.
const Grammar = `a threshold is METRIC OPERATOR VALUE
  token.p99 < 500ms           a latency: p50, p90, p95, p99, p99.9 or any other p, min, mean, max
  connect.rate >= 800/s       successes a second, from the first one due to the last one done
  token.count >= 10000        successes
  token.failed < 1%           of the samples of the stage: ok, refused, failed, aborted; or a number of them
  failed < 0.1%               of the arrivals: ready, failed, aborted, dropped; of bad devices: denied, admitted, unclear
  lost == 0                   connections that ended without our doing
  cause.time-out == 0         samples with a cause; also cause.alert.certificate_expired, cause.return-code.5
  lag.p99 < 10ms              the generator's own delay
stages: tcp tls connack suback token http publish renewal reconnect hold disconnect connect ready
latencies are those of good devices that succeeded; bad.STAGE and STAGE.refused.p99 name others
operators: < <= > >= == !=`

func operators() []string { return []string{"<", "<=", ">", ">=", "==", "!="} }

// Parse reads a threshold. An error is an *Error that names the column and what
// could stand there.
func Parse(text string) (Threshold, error) {
	s := scanner{text: text}
	name, at := s.run(func(r rune) bool { return !strings.ContainsRune("<>=! \t", r) })
	m, reason, offset := parseMetric(name)
	if reason != "" {
		return Threshold{}, s.wrong(at+offset, reason)
	}
	op, at := s.run(func(r rune) bool { return strings.ContainsRune("<>=!", r) })
	if op == "" {
		return Threshold{}, s.wrong(at, "an operator is missing: want one of "+strings.Join(operators(), " "))
	}
	if !slices.Contains(operators(), op) {
		return Threshold{}, s.wrong(at, fmt.Sprintf("operator %q: want one of %s", op, strings.Join(operators(), " ")))
	}
	rest, at := s.run(func(rune) bool { return true })
	rest = strings.TrimSpace(rest)
	value, u, reason := parseValue(rest, m)
	if reason != "" {
		return Threshold{}, s.wrong(at, reason)
	}
	return Threshold{text: fmt.Sprintf("%s %s %s", name, op, rest), metric: m, op: op, value: value, unit: u}, nil
}

// scanner cuts a text into its parts.
type scanner struct {
	text string
	at   int // in bytes
}

// run skips blanks and takes what fits; it says where that begins.
func (s *scanner) run(fits func(rune) bool) (taken string, at int) {
	blank := s.text[s.at:]
	s.at += len(blank) - len(strings.TrimLeft(blank, " \t"))
	rest := s.text[s.at:]
	end := strings.IndexFunc(rest, func(r rune) bool { return !fits(r) })
	if end < 0 {
		end = len(rest)
	}
	at = s.at
	s.at += end
	return rest[:end], at
}

func (s *scanner) wrong(at int, reason string) error {
	at = min(at, len(s.text))
	return &Error{Text: s.text, Column: utf8.RuneCountInString(s.text[:at]) + 1, Reason: reason}
}

// unit is what a value is measured in.
type unit uint8

const (
	number unit = iota
	share
	span
	perSecond
)

// parseValue reads a value in a unit that goes with the metric.
func parseValue(text string, m metric) (value float64, u unit, reason string) {
	switch {
	case text == "":
		return 0, 0, "a value is missing: want " + m.wants()
	case m.isSpan():
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, 0, fmt.Sprintf("value %q: want %s", text, m.wants())
		}
		return float64(d), span, ""
	case m.isRate():
		r, err := pacer.ParseRate(text)
		if err != nil {
			return 0, 0, fmt.Sprintf("value %q: want %s", text, m.wants())
		}
		return float64(r), perSecond, ""
	}
	digits, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	switch {
	case err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || percent && v > 100:
		return 0, 0, fmt.Sprintf("value %q: want %s", text, m.wants())
	case percent:
		return v, share, ""
	case v != math.Trunc(v):
		return 0, 0, fmt.Sprintf("value %q is no whole number: want %s", text, m.wants())
	}
	return v, number, ""
}

// format writes a value as a person reads it.
func (u unit) format(v float64) string {
	switch u {
	case share:
		return strconv.FormatFloat(v, 'g', 4, 64) + "%"
	case span:
		return rounded(time.Duration(v)).String()
	case perSecond:
		return strconv.FormatFloat(v, 'f', 1, 64) + "/s"
	default:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
}

// rounded keeps four digits, more than the histograms know.
func rounded(d time.Duration) time.Duration {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 10_000*unit {
			return d.Round(unit)
		}
	}
}
