package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// WriteJSON writes r as the content of load.json.
func (r LoadReport) WriteJSON(w io.Writer) error {
	if err := encodeIndented(w, canonicalLoad(r)); err != nil {
		return fmt.Errorf("encode load report: %w", err)
	}
	return nil
}

// WriteJSON writes h as the content of header.json.
func (h LoadHeader) WriteJSON(w io.Writer) error {
	if err := encodeIndented(w, canonicalLoadHeader(h)); err != nil {
		return fmt.Errorf("encode header of the load run: %w", err)
	}
	return nil
}

func encodeIndented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// ReadLoad reads the load.json at path, as strictly as Load reads results.
func ReadLoad(path string) (LoadReport, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return LoadReport{}, fmt.Errorf("read load report: %w", err)
	}
	r, err := ParseLoad(data)
	if err != nil {
		return LoadReport{}, fmt.Errorf("read load report %s: %w", path, err)
	}
	return r, nil
}

// ParseLoad reads the content of a load.json.
func ParseLoad(data []byte) (LoadReport, error) {
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return LoadReport{}, located(data, err)
	}
	if head.Schema != LoadSchema {
		return LoadReport{}, fmt.Errorf("schema is %q, this version reads %q", head.Schema, LoadSchema)
	}
	var r LoadReport
	if err := decodeStrictly(data, &r); err != nil {
		return LoadReport{}, err
	}
	return canonicalLoad(r), r.Validate()
}

// canonicalLoad is r as load.json holds it: a list that must be there is empty, not
// null, and no address has more in it than the address.
func canonicalLoad(r LoadReport) LoadReport {
	r.LoadHeader = canonicalLoadHeader(r.LoadHeader)
	r.Arrivals, r.Stages, r.Causes = present(r.Arrivals), slices.Clone(present(r.Stages)), present(r.Causes)
	r.Thresholds, r.Series.Points = present(r.Thresholds), present(r.Series.Points)
	r.Generator.Lag.Histogram = present(r.Generator.Lag.Histogram)
	for i, s := range r.Stages {
		r.Stages[i].Latency.Histogram = present(s.Latency.Histogram)
	}
	return r
}

func canonicalLoadHeader(h LoadHeader) LoadHeader {
	h.Target = h.Target.redacted()
	h.Plan.Settings = present(h.Plan.Settings)
	return h
}

func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// ParseLoadHeader reads the content of a header.json.
func ParseLoadHeader(data []byte) (LoadHeader, error) {
	var h LoadHeader
	if err := decodeStrictly(data, &h); err != nil {
		return LoadHeader{}, err
	}
	return h, h.validate()
}

// Validate returns every way in which r is not a load report: words that are not
// of the vocabulary, sums that do not add up, an outcome that is better than
// what the report holds.
func (r LoadReport) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if r.Schema != LoadSchema {
		add("schema is %q, not %q", r.Schema, LoadSchema)
	}
	if !r.Outcome.Known() {
		add("unknown outcome %q", r.Outcome)
	}
	if want := r.Outcome.ExitCode(); r.ExitCode != want {
		add("exit code is %d, but the outcome %q has %d", r.ExitCode, r.Outcome, want)
	}
	if found, _ := JudgeLoad(r, LoadEnd{}); r.Outcome == LoadMet && found != LoadMet {
		add("outcome is %q, but what was measured gives %q", r.Outcome, found)
	}
	if whole := r.whole(); r.Complete != whole {
		add("complete is %t, but what was measured gives %t", r.Complete, whole)
	}
	errs = append(errs, r.LoadHeader.validate())
	for _, a := range r.Arrivals {
		errs = append(errs, a.validate())
	}
	for _, s := range r.Stages {
		errs = append(errs, s.validate())
	}
	for _, c := range r.Causes {
		if c.Cause == "" || c.Count == 0 {
			add("a cause of stage %q has no name or no count", c.Stage)
		}
		errs = append(errs, knownRole(c.Role), knownStageOutcome(c.Outcome))
	}
	return errors.Join(errs...)
}

// whole reports whether nothing is missing of what the shards owed.
func (r LoadReport) whole() bool {
	for _, a := range r.Arrivals {
		if a.Unaccounted != 0 {
			return false
		}
	}
	return !r.BrokeOff && len(r.Holes) == 0 && len(r.Overlaps) == 0
}

func (h LoadHeader) validate() error {
	var errs []error
	if h.Tool.Name == "" {
		errs = append(errs, errors.New("the tool has no name"))
	}
	if len(h.Plan.Digest) != 64 {
		errs = append(errs, fmt.Errorf("digest of the plan is %q: want 64 hexadecimal digits", h.Plan.Digest))
	}
	if h.Shards < 1 {
		errs = append(errs, fmt.Errorf("%d shards: want at least one", h.Shards))
	}
	if h.Plan.Devices < 0 || h.Plan.Bad < 0 || h.Plan.Bad > h.Plan.Devices {
		errs = append(errs, fmt.Errorf("%d of %d devices are bad", h.Plan.Bad, h.Plan.Devices))
	}
	return errors.Join(errs...)
}

func (a LoadArrivals) validate() error {
	ended := a.Ready + a.Failed + a.Denied + a.Admitted + a.Unclear + a.Dropped + a.Aborted
	if int64(a.Due)-int64(ended) != a.Unaccounted {
		return fmt.Errorf("arrivals of %s devices: %d due, %d with a result, and %d unaccounted", a.Role, a.Due, ended, a.Unaccounted)
	}
	return knownRole(a.Role)
}

func (s LoadStage) validate() error {
	errs := []error{knownRole(s.Role), knownStageOutcome(s.Outcome)}
	var sum uint64
	for _, b := range s.Latency.Histogram {
		sum += b.Count
	}
	if sum != s.Count || s.Count == 0 {
		errs = append(errs, fmt.Errorf("stage %s %s: %d samples, and %d in the histogram", s.Stage, s.Outcome, s.Count, sum))
	}
	l := s.Latency
	if !slices.IsSorted([]Milliseconds{0, l.Min, l.P50, l.P90, l.P95, l.P99, l.P999, l.Max}) {
		errs = append(errs, fmt.Errorf("stage %s %s: its quantiles do not rise", s.Stage, s.Outcome))
	}
	return errors.Join(errs...)
}

func knownRole(role string) error {
	if role != RoleGood && role != RoleBad {
		return fmt.Errorf("unknown role %q", role)
	}
	return nil
}

func knownStageOutcome(outcome string) error {
	if !slices.Contains([]string{"ok", "refused", "failed", "aborted"}, outcome) {
		return fmt.Errorf("unknown outcome %q of a stage", outcome)
	}
	return nil
}
