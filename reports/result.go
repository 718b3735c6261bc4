package reports

import "time"

// The levels a clause or a case can have, as in RFC 2119.
const (
	LevelMust   = "must"
	LevelShould = "should"
	LevelMay    = "may"
)

// Result is one spec over one set of axes, judged. It is a flat record because
// it is a line of the stream and an element of results.json.
type Result struct {
	// ID names spec and axes and is unique in a run: "chain/expired-leaf@tls1.2".
	ID string `json:"id"`
	// Spec is the id without the axes: "chain/expired-leaf".
	Spec string `json:"spec"`
	// Axes are the dimensions the spec was multiplied by: {"tls": "1.2"}.
	Axes map[string]string `json:"axes,omitempty"`
	// Family is the group the spec belongs to: "chain".
	Family string `json:"family"`
	Title  string `json:"title"`
	// Clauses are the ids of what the spec proves, the first the one it is about.
	Clauses []string `json:"clauses"`
	Level   string   `json:"level"` // LevelMust, LevelShould or LevelMay.
	// Case is the id of the catalogue's case. Empty: the spec runs none.
	Case    string  `json:"case,omitempty"`
	Verdict Verdict `json:"verdict"`
	// Waiver is there where Verdict is Waived.
	Waiver *Excuse `json:"waiver,omitempty"`
	// Reason is one line, required for every verdict but Pass.
	Reason string `json:"reason,omitempty"`
	// Expected and Observed are one line each, in words.
	Expected string `json:"expected,omitempty"`
	Observed string `json:"observed,omitempty"`
	// Remarks are worth reading and change no verdict: an alert that RFC 8446
	// section 6.2 would not choose.
	Remarks []string  `json:"remarks,omitempty"`
	Started time.Time `json:"started"`
	// Duration is the whole time the spec took, Waited included.
	Duration Milliseconds `json:"durationMs"`
	// Waited is the part of Duration spent in deliberate waits.
	Waited Milliseconds `json:"waitedMs,omitzero"`
	// Evidence holds the attempts in the order they were made: the control
	// before, the case, the control after.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Artifacts are files about the result, relative to the folder of the report,
	// with slashes. A folder ends with one.
	Artifacts []string `json:"artifacts,omitempty"`
	// Again is the one command that shows this result again. Optional.
	Again string `json:"again,omitempty"`
}
