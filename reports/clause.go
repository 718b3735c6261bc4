package reports

import "slices"

// Clause is one thing the specification asks, and what the run found about it.
type Clause struct {
	ID    string `json:"id"`    // "DC-CHAIN-12"
	Level string `json:"level"` // LevelMust, LevelShould or LevelMay.
	Text  string `json:"text"`
	// Unwaivable: no waiver excuses a device that was admitted against it.
	Unwaivable bool `json:"unwaivable,omitempty"`
	// Verdict is the worst of its specs'. Empty: no spec of the run cites it.
	Verdict Verdict `json:"verdict,omitempty"`
	// Specs are the ids of the results that cite it.
	Specs []string `json:"specs,omitempty"`
}

// Untested is a clause that no spec of a run cites.
type Untested struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// ReasonNotSelected is the reason of a clause that no spec of the run cites and
// for which the catalogue gives no reason of its own.
const ReasonNotSelected = "no spec of this run cites it"

// RollUp gives every clause of the catalogue the worst verdict of the results
// that cite it, and returns it with those that none cites under their reason.
// A clause that is cited and not in the catalogue is appended, without text:
// what was found about it must not vanish. The catalogue is not changed.
func RollUp(catalogue []Clause, reasons []Untested, results []Result) ([]Clause, []Untested) {
	clauses := make([]Clause, 0, len(catalogue))
	at := make(map[string]int, len(catalogue))
	for _, c := range catalogue {
		at[c.ID] = len(clauses)
		clauses = append(clauses, Clause{ID: c.ID, Level: c.Level, Text: c.Text, Unwaivable: c.Unwaivable})
	}
	for _, r := range results {
		for _, id := range r.Clauses {
			i, ok := at[id]
			if !ok {
				i = len(clauses)
				at[id] = i
				clauses = append(clauses, Clause{ID: id, Level: r.Level})
			}
			cite(&clauses[i], r)
		}
	}
	return clauses, untested(clauses, reasons)
}

// cite records that r is about c.
func cite(c *Clause, r Result) {
	if !slices.Contains(c.Specs, r.ID) {
		c.Specs = append(c.Specs, r.ID)
	}
	if r.Verdict.Worse(c.Verdict) {
		c.Verdict = r.Verdict
	}
}

// untested lists the clauses without specs, each with its reason; a reason for
// a clause outside the catalogue is kept as it is.
func untested(clauses []Clause, reasons []Untested) []Untested {
	given := make(map[string]string, len(reasons))
	for _, u := range reasons {
		given[u.ID] = u.Reason
	}
	list := []Untested{}
	known := make(map[string]bool, len(clauses))
	for _, c := range clauses {
		known[c.ID] = true
		if len(c.Specs) > 0 {
			continue
		}
		reason := given[c.ID]
		if reason == "" {
			reason = ReasonNotSelected
		}
		list = append(list, Untested{ID: c.ID, Reason: reason})
	}
	for _, u := range reasons {
		if !known[u.ID] {
			list = append(list, u)
		}
	}
	return list
}
