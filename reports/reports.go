// Package reports holds the vocabulary in which a conformance run is told,
// and the writers that tell it: results.json, JUnit XML, the terminal.
//
// A Result is one spec over one set of axes, judged; its Evidence is what
// each attempt showed. A Report is a whole run. results.json is the only
// source: every other form is rendered from a Report and adds nothing to it.
//
// The package judges nothing about a platform. It receives verdicts, and
// computes from them the two things that must never depend on who runs the
// specs: the Outcome of the run (Judge) and the verdicts of the clauses
// (RollUp). It imports nothing else of this module, and no value in it is
// meant to hold a secret.
package reports

import "time"

// Schema names the format of results.json. A reader refuses any other.
const Schema = "chainmail/results/v1"

// Header is what is known of a run before its first spec is tried.
type Header struct {
	Tool        Tool        `json:"tool"`
	Target      Target      `json:"target"`
	Profile     string      `json:"profile"`
	Seed        string      `json:"seed"`
	Strict      bool        `json:"strict"` // A broken SHOULD counts as a broken MUST.
	Started     time.Time   `json:"started"`
	Environment Environment `json:"environment"`
	// Calibration is what this program has been seen to find. Nil: nobody has
	// measured it.
	Calibration *Calibration `json:"calibration,omitempty"`
	// RoundTrip is the way to the target and back: from CONNECT to CONNACK of good
	// devices, or one TCP connect. Zero: not measured.
	RoundTrip Milliseconds `json:"roundTripMs,omitzero"`
	// Clock is how far the platform's clock is ahead of ours. Nil: not seen.
	Clock *Clock `json:"clock,omitempty"`
	// Again is the command line that repeats the whole run. Optional.
	Again string `json:"again,omitempty"`
	// Clauses is the catalogue the run answers to. Verdict and Specs are
	// empty until Assemble fills them in.
	Clauses []Clause `json:"clauses"`
	// Untested names the clauses that no spec is meant to prove, and why.
	// Assemble adds those that no spec of this run has cited.
	Untested []Untested `json:"untested"`
	// Waivers are those that the run was given; Assemble says what became of them.
	Waivers []Waiver `json:"waivers,omitempty"`
	// MustRun are those of Selected that a run is incomplete without, even where
	// they are not applicable.
	MustRun []string `json:"mustRun,omitempty"`
	// Selected holds the id of every result the run owes.
	Selected []string `json:"selected"`
}

// Report is one conformance run: the content of results.json.
type Report struct {
	Schema   string  `json:"schema"` // Always the constant Schema.
	Outcome  Outcome `json:"outcome"`
	ExitCode int     `json:"exitCode"`
	// Reasons says in one line each why the run is not conformant.
	Reasons []string `json:"reasons,omitempty"`
	Counts  Counts   `json:"counts"`
	Header
	Finished time.Time `json:"finished"`
	// Specs holds the results in the order of Selected.
	Specs []Result `json:"specs"`
	// Notes is what a reader must know beside the results: what could not be
	// cleaned up, what was recovered from a stream.
	Notes []string `json:"notes,omitempty"`
}

// Clock is how far the platform's clock is ahead of ours, in milliseconds; what is
// behind is negative. Both have whole seconds. Nil: not seen.
type Clock struct {
	HTTP  *int64 `json:"httpMs,omitempty"`  // By the Date header of an HTTP answer.
	Token *int64 `json:"tokenMs,omitempty"` // By the claim iat of tokens.
}

// Tool names the program that ran the specs.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

// String is the name, the version, and the commit where it is known.
func (t Tool) String() string {
	s := t.Name + " " + t.Version
	if t.Commit != "" {
		s += " (" + t.Commit + ")"
	}
	return s
}

// Target is what a report may say of the system under test. Users, passwords
// and tenants have no place here; a URL loses its user information and its
// query when it is written.
type Target struct {
	Name         string `json:"name"`
	Organization string `json:"organization,omitempty"`
	Product      string `json:"product,omitempty"`
	Version      string `json:"version,omitempty"`
	URL          string `json:"url,omitempty"`
	Driver       string `json:"driver,omitempty"`
	MQTTAddress  string `json:"mqttAddress,omitempty"` // host:port
	RESTBaseURL  string `json:"restBaseURL,omitempty"`
}

// Environment describes the machine of the tester. The name of the host is
// left out on purpose: reports are meant to be shown to others.
type Environment struct {
	OS   string `json:"os"`   // As runtime.GOOS.
	Arch string `json:"arch"` // As runtime.GOARCH.
	Go   string `json:"go"`   // As runtime.Version.
	CPUs int    `json:"cpus"` // As runtime.NumCPU.
}

// Milliseconds is a span of time as reports write it, with a resolution of
// one microsecond.
type Milliseconds float64

// InMilliseconds rounds d to whole microseconds and returns it in milliseconds.
func InMilliseconds(d time.Duration) Milliseconds {
	return Milliseconds(float64(d.Round(time.Microsecond).Microseconds()) / 1000)
}

// Duration returns m as a time.Duration.
func (m Milliseconds) Duration() time.Duration {
	return time.Duration(float64(m)*1000+0.5) * time.Microsecond
}
