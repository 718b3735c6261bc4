package reports

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// axis is the form of an axis name. Upper case is kept out because the names
// are keys of a JSON object, which Go's decoder compares without case.
var axis = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// role is the form of an attempt's role.
var role = axis

// longest is more than any spec can take. The bound keeps sums of times within
// what time.Time can write.
const longest Milliseconds = 30 * 24 * 3600 * 1000

// Validate returns every way in which r is not a report: words that are not of
// the vocabulary, results that miss what a reader needs, sums that disagree
// with what they sum up. A report of a run that went badly is valid.
func (r Report) Validate() error {
	var errs []error
	if r.Schema != Schema {
		errs = append(errs, fmt.Errorf("schema is %q, not %q", r.Schema, Schema))
	}
	if !r.Outcome.Known() {
		errs = append(errs, fmt.Errorf("unknown outcome %q", r.Outcome))
	}
	if want := r.Outcome.ExitCode(); r.ExitCode != want {
		errs = append(errs, fmt.Errorf("exit code is %d, but the outcome %q has %d", r.ExitCode, r.Outcome, want))
	}
	if want := Count(r.Selected, r.Specs); r.Counts != want {
		errs = append(errs, fmt.Errorf("counts are %+v, but the results give %+v", r.Counts, want))
	}
	errs = append(errs, r.Header.validate())
	for _, s := range r.Specs {
		errs = append(errs, s.Validate())
	}
	return errors.Join(errs...)
}

func (h Header) validate() error {
	var errs []error
	if h.Tool.Name == "" {
		errs = append(errs, errors.New("the tool has no name"))
	}
	for _, c := range h.Clauses {
		if c.ID == "" {
			errs = append(errs, errors.New("a clause has no id"))
		}
		if !knownLevel(c.Level) {
			errs = append(errs, fmt.Errorf("clause %s: unknown level %q", c.ID, c.Level))
		}
		if c.Verdict != "" && !c.Verdict.Known() {
			errs = append(errs, fmt.Errorf("clause %s: unknown verdict %q", c.ID, c.Verdict))
		}
	}
	for _, u := range h.Untested {
		if u.ID == "" || u.Reason == "" {
			errs = append(errs, fmt.Errorf("untested clause %q: id and reason are required", u.ID))
		}
	}
	if h.Calibration != nil {
		errs = append(errs, h.Calibration.Validate())
	}
	for _, w := range h.Waivers {
		if len(w.Specs) == 0 || !slices.Contains(Waivable(), w.Expect.Verdict) {
			errs = append(errs, fmt.Errorf("waiver of %s: specs and a verdict that can be waived are required", list(w.Specs)))
		}
	}
	if slices.Contains(h.Selected, "") {
		errs = append(errs, errors.New("a selected id is empty"))
	}
	return errors.Join(errs...)
}

// Validate returns every way in which r is not a result.
func (r Result) Validate() error {
	var errs []error
	add := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("result %s: "+format, append([]any{r.ID}, args...)...))
	}
	if r.ID == "" || r.Spec == "" || r.Family == "" || r.Title == "" {
		add("id, spec, family and title are required")
	}
	if len(r.Clauses) == 0 || slices.Contains(r.Clauses, "") {
		add("a spec proves at least one clause, each with an id")
	}
	if !knownLevel(r.Level) {
		add("unknown level %q", r.Level)
	}
	if !r.Verdict.Known() {
		add("unknown verdict %q", r.Verdict)
	}
	if r.Verdict != Pass && r.Reason == "" {
		add("verdict %q needs a reason", r.Verdict)
	}
	if (r.Verdict == Waived) != (r.Waiver != nil) {
		add("verdict %q and waiver do not fit together", r.Verdict)
	}
	for name := range r.Axes {
		if !axis.MatchString(name) {
			add("axis %q is not in lower case", name)
		}
	}
	if min(r.Waited, r.Duration) < 0 || max(r.Waited, r.Duration) > longest {
		add("a time is negative or beyond 30 days")
	}
	for i, e := range r.Evidence {
		if err := e.validate(); err != nil {
			add("evidence %d: %w", i, err)
		}
	}
	return errors.Join(errs...)
}

// validate checks the words of e; each may be absent but the role.
func (e Evidence) validate() error {
	var errs []error
	word := func(field, value string, allowed ...string) {
		if value != "" && !slices.Contains(allowed, value) {
			errs = append(errs, fmt.Errorf("unknown %s %q", field, value))
		}
	}
	if !role.MatchString(e.Role) {
		errs = append(errs, fmt.Errorf("role %q is not a word in kebab case", e.Role))
	}
	word("layer", e.Layer, Layers()...)
	word("closedBy", e.ClosedBy, ClosedByPeer, ClosedByTester)
	word("close", e.Close, CloseFIN, CloseRST)
	word("bystander", e.Bystander, BystanderConnected, BystanderDisconnected, BystanderNotObserved)
	if s := e.SideEffects; s != nil {
		word("deviceUser", string(s.DeviceUser), string(Created), string(NotCreated), string(NotObserved))
		word("device", string(s.Device), string(Created), string(NotCreated), string(NotObserved))
	}
	if t := e.Times; min(t.TCP, t.TLS, t.CONNACK, t.Token, t.REST) < 0 {
		errs = append(errs, errors.New("a time is negative"))
	}
	return errors.Join(errs...)
}

func knownLevel(level string) bool {
	return level == LevelMust || level == LevelShould || level == LevelMay
}
