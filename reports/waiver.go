package reports

import (
	"fmt"
	"path"
	"slices"
	"time"
)

// A Waiver excuses a known trouble of a target for a while: somebody has looked
// at it, says why it may stand, and until when. A waiver is as exact as a spec:
// whatever it covers must go wrong in the way it says, or the run is broken.
type Waiver struct {
	// Specs are globs over ids, with or without axes; "*" does not cross a slash.
	Specs []string `json:"specs"`
	// Expect is what goes wrong with each of them.
	Expect WaiverExpect `json:"expect"`
	Reason string       `json:"reason"`
	URL    string       `json:"url"`   // Where it is followed up.
	Owner  string       `json:"owner"` // Who sees to it.
	// Added and Expires are days in UTC, as 2006-01-02. Expires is the last day
	// on which the waiver holds.
	Added   string `json:"added"`
	Expires string `json:"expires"`
	// Waived holds the ids of the results that it excuses. Assemble fills it in.
	Waived []string `json:"waived,omitempty"`
	// Problems say why the waiver breaks the run. Assemble adds to those that were
	// known before the run.
	Problems []string `json:"problems,omitempty"`
}

// WaiverExpect is how a waived spec goes wrong.
type WaiverExpect struct {
	// Verdict is Fail, Warn or Inconclusive.
	Verdict Verdict `json:"verdict"`
	// Layer is the one at which the judged attempt ends. Empty: any.
	Layer string `json:"layer,omitempty"`
}

// Waivable returns the verdicts that a waiver can expect.
func Waivable() []Verdict { return []Verdict{Fail, Warn, Inconclusive} }

// LongestWaiver is how long a waiver may hold.
const LongestWaiver = 180 * 24 * time.Hour

// Excuse is what a result says of the waiver that covers it.
type Excuse struct {
	Verdict Verdict `json:"verdict"` // What the spec found.
	Reason  string  `json:"reason"`  // Why that may stand, in the waiver's words.
	URL     string  `json:"url"`
	Owner   string  `json:"owner"`
	Expires string  `json:"expires"`
}

// String tells the excuse in one line.
func (e *Excuse) String() string {
	return fmt.Sprintf("%s, waived until %s by %s: %s (%s)", e.Verdict, e.Expires, e.Owner, e.Reason, e.URL)
}

// Day writes a moment as waivers write days.
func Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Covers reports whether the waiver is about a result, by its id or by that of
// its spec.
func (w Waiver) Covers(id, spec string) bool {
	return slices.ContainsFunc(w.Specs, func(glob string) bool {
		byID, err := path.Match(glob, id)
		bySpec, _ := path.Match(glob, spec)
		return err == nil && (byID || bySpec)
	})
}

// JudgedLayer is the layer of the attempt that was judged: that of the last in
// the role case, or else of the last at all.
func (r Result) JudgedLayer() string {
	layer := ""
	for _, e := range r.Evidence {
		if e.Role == RoleCase {
			layer = e.Layer
		}
	}
	if layer == "" && len(r.Evidence) > 0 {
		layer = r.Evidence[len(r.Evidence)-1].Layer
	}
	return layer
}

// waive applies the waivers of h to results and returns both anew, with what
// became of them.
func waive(h Header, results []Result) ([]Waiver, []Result) {
	if len(h.Waivers) == 0 {
		return h.Waivers, results
	}
	waivers, results := slices.Clone(h.Waivers), slices.Clone(results)
	for i := range waivers {
		waivers[i].Problems = slices.Clone(waivers[i].Problems)
		if waivers[i].Expires < Day(h.Started) {
			waivers[i].Problems = append(waivers[i].Problems, "it expired on "+waivers[i].Expires)
		}
	}
	for i := range results {
		covering := slices.IndexFunc(waivers, func(w Waiver) bool { return w.Covers(results[i].ID, results[i].Spec) })
		if covering >= 0 {
			waivers[covering].apply(h, &results[i])
		}
	}
	return waivers, results
}

// apply judges one result that the waiver covers.
func (w *Waiver) apply(h Header, r *Result) {
	problem := func(format string, args ...any) {
		w.Problems = append(w.Problems, r.ID+" "+fmt.Sprintf(format, args...))
	}
	layer := r.JudgedLayer()
	switch {
	case w.Expires < Day(h.Started):
		return // what it excused counts again
	case r.Verdict == Pass:
		problem("passes")
		r.Verdict, r.Reason = UnexpectedPass, fmt.Sprintf("the waiver of %s expects %s, and the spec passes: remove the waiver", w.Owner, w.Expect.Verdict)
	case r.Verdict != w.Expect.Verdict:
		problem("is %s, not %s: %s", r.Verdict, w.Expect.Verdict, r.Reason)
	case w.Expect.Layer != "" && layer != w.Expect.Layer:
		problem("is %s as expected, but ends at the layer %q, not %q", r.Verdict, layer, w.Expect.Layer)
	case h.unwaivable(*r):
		problem("cannot be waived: a device was admitted that proves nothing")
	default:
		w.Waived = append(w.Waived, r.ID)
		r.Waiver = &Excuse{Verdict: r.Verdict, Reason: w.Reason, URL: w.URL, Owner: w.Owner, Expires: w.Expires}
		r.Verdict = Waived
	}
}

// unwaivable reports whether the result is one that nobody may excuse: a device
// came in against a clause without which a certificate means nothing.
func (h Header) unwaivable(r Result) bool {
	if r.Verdict != Fail || r.JudgedLayer() != LayerAdmitted {
		return false
	}
	return slices.ContainsFunc(h.Clauses, func(c Clause) bool { return c.Unwaivable && slices.Contains(r.Clauses, c.ID) })
}

// Propose returns a waiver for each result that one could excuse, without reason,
// URL and owner: those are a person's to give.
func Propose(r Report) []Waiver {
	var waivers []Waiver
	for _, s := range r.Specs {
		if !slices.Contains(Waivable(), s.Verdict) || r.unwaivable(s) {
			continue
		}
		waivers = append(waivers, Waiver{
			Specs: []string{s.ID}, Expect: WaiverExpect{Verdict: s.Verdict, Layer: s.JudgedLayer()},
			Added: Day(r.Started), Expires: Day(r.Started.Add(LongestWaiver / 2)),
		})
	}
	return waivers
}

// brokenWaivers lists in one line each why waivers break the run.
func brokenWaivers(waivers []Waiver) []string {
	var lines []string
	for _, w := range waivers {
		for _, p := range w.Problems {
			lines = append(lines, fmt.Sprintf("waiver of %s: %s", list(w.Specs), p))
		}
	}
	return lines
}

// list names the first of some globs, and how many more there are.
func list(globs []string) string {
	switch len(globs) {
	case 0:
		return "nothing"
	case 1:
		return globs[0]
	}
	return fmt.Sprintf("%s and %s", globs[0], count(len(globs)-1, "more", "more"))
}
