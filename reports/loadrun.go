package reports

import "time"

// LoadSchema names the format of load.json. A reader refuses any other.
const LoadSchema = "chainmail/load/v1"

// The names of the files of a load run, in its folder.
const (
	LoadFileName   = "load.json"   // the LoadReport
	LoadHeaderName = "header.json" // the LoadHeader, written before the first connection
)

// LoadReport is one load run: the content of load.json. It has a schema of its
// own rather than a place in results.json, because a load run judges no clauses,
// comes to other outcomes and has other exit codes; what both have, as the tool,
// the target and the environment, has one definition.
type LoadReport struct {
	Schema   string      `json:"schema"` // Always the constant LoadSchema.
	Outcome  LoadOutcome `json:"outcome"`
	ExitCode int         `json:"exitCode"`
	// Reasons says in one line each why the outcome is not met.
	Reasons []string `json:"reasons,omitempty"`
	LoadHeader
	Finished time.Time `json:"finished"`
	// BrokeOff tells that the run has not come to its end: this was made of what its
	// shards had written until then.
	BrokeOff bool `json:"brokeOff,omitempty"`
	// Complete tells that the run came to its end, that every shard told everything,
	// once, and that every arrival has its result.
	Complete bool `json:"complete"`
	// Holes are spans for which a shard told nothing, Overlaps those of which two
	// attempts of one shard both told.
	Holes    []LoadSpan `json:"holes,omitempty"`
	Overlaps []LoadSpan `json:"overlaps,omitempty"`
	// Disturbed says in one line each why the figures tell more of the generator
	// than of the platform.
	Disturbed []string `json:"disturbed,omitempty"`
	// Early says why the run was ended, on purpose, before all arrivals were due.
	// Then the rest of them is not owed.
	Early       string          `json:"endedEarly,omitempty"`
	Arrivals    []LoadArrivals  `json:"arrivals"`
	Connections LoadConnections `json:"connections"`
	// Stages holds one entry for each stage and outcome that has a sample, for good
	// devices and bad ones apart.
	Stages []LoadStage `json:"stages"`
	// Admitted tells which of the bad devices were admitted.
	Admitted []LoadAdmitted `json:"admitted,omitempty"`
	// Causes counts the samples that did not succeed.
	Causes     []LoadCause     `json:"causes"`
	Thresholds []LoadThreshold `json:"thresholds"`
	Generator  LoadGenerator   `json:"generator"`
	Series     LoadSeries      `json:"series"`
	Notes      []string        `json:"notes,omitempty"`
}

// LoadHeader is what is known of a load run before its first connection. With it
// and the chunks a run that broke off can still be told.
type LoadHeader struct {
	Tool    Tool      `json:"tool"`
	Target  Target    `json:"target"`
	Plan    LoadPlan  `json:"plan"`
	Seed    string    `json:"seed"`
	Shards  int       `json:"shards"`
	Started time.Time `json:"started"` // The moment from which everything counts.
	// Environment is of the machine that coordinates the run.
	Environment LoadEnvironment `json:"environment"`
	// Floor is the processor time of one client handshake's cryptography alone, as
	// measured before the run with the key and the curve of the plan. Zero: not
	// measured.
	Floor Milliseconds `json:"floorMs,omitzero"`
	// Again is the command line that repeats the run. Optional.
	Again string `json:"again,omitempty"`
}

// LoadPlan is what a run was meant to do.
type LoadPlan struct {
	Name   string `json:"name"`
	Digest string `json:"digest"` // SHA-256 of the plan, in hexadecimal. Chunks carry it.
	// Devices is how many arrivals the run owes, Bad how many of them are of
	// devices that must be refused.
	Devices int `json:"devices"`
	Bad     int `json:"bad"`
	// Arrival describes the pacer.
	Arrival string `json:"arrival"`
	// Interval is how much a chunk spans: what a crash can cost.
	Interval Milliseconds `json:"intervalMs"`
	// LagLimit is the 99th percentile of the generator's lag, beyond which the run
	// is disturbed. Zero: none.
	LagLimit Milliseconds `json:"lagLimitMs,omitzero"`
	// Thinking is how long a device pauses in all between the steps of its journey.
	Thinking Milliseconds `json:"thinkingMs,omitzero"`
	// Thresholds are the limits, as written.
	Thresholds []string `json:"thresholds,omitempty"`
	// Settings are all effective values, defaults included, in the order of the plan.
	Settings []LoadSetting `json:"settings"`
}

// LoadSetting is one effective value of a plan.
type LoadSetting struct {
	Name  string `json:"name"` // The key, with dots: tls.resumption.
	Value string `json:"value"`
}

// LoadEnvironment describes the machine of the generator.
type LoadEnvironment struct {
	Environment
	Kernel string `json:"kernel,omitempty"` // As uname -r.
	// Processors is how many the run could use at once: GOMAXPROCS.
	Processors int    `json:"processors"`
	Memory     uint64 `json:"memory,omitzero"`    // Bytes.
	OpenFiles  uint64 `json:"openFiles,omitzero"` // The limit of a process.
	// Ports is how many ephemeral ports a source address has.
	Ports int `json:"ports,omitzero"`
}

// LoadSpan is a span of time of one shard, since the start of the run.
type LoadSpan struct {
	Shard int          `json:"shard"`
	From  Milliseconds `json:"fromMs"`
	// To is absent where the shard was never heard of again.
	To Milliseconds `json:"toMs,omitzero"`
}

// The roles of devices.
const (
	RoleGood = "good"
	RoleBad  = "bad"
)

// LoadArrivals says what became of the arrivals of one role. Due is the sum of
// the others.
type LoadArrivals struct {
	Role     string `json:"role"`
	Due      uint64 `json:"due"`
	Ready    uint64 `json:"ready"`    // Good devices that did all their steps.
	Failed   uint64 `json:"failed"`   // Good devices that did not.
	Denied   uint64 `json:"denied"`   // Bad devices that were refused.
	Admitted uint64 `json:"admitted"` // Bad devices that were not.
	Unclear  uint64 `json:"unclear"`  // Bad devices of which nothing was shown.
	Dropped  uint64 `json:"dropped"`  // Could not start when their moment came.
	Aborted  uint64 `json:"aborted"`  // Were under way when the run ended.
	// Unaccounted arrivals were due and have no result.
	Unaccounted int64 `json:"unaccounted"`
}

// LoadConnections counts connections that were admitted, and bytes.
type LoadConnections struct {
	Opened   uint64 `json:"opened"`
	Closed   uint64 `json:"closed"`
	Resumed  uint64 `json:"resumed,omitzero"` // Of the opened: by an earlier TLS session.
	Lost     uint64 `json:"lost"`             // Ended without our doing.
	MostOpen int64  `json:"mostOpen"`         // As seen at the end of a step of the series.
	Sent     uint64 `json:"sent"`
	Received uint64 `json:"received"`
}

// LoadStage is one stage with one outcome.
type LoadStage struct {
	Stage   string `json:"stage"`
	Role    string `json:"role"`
	Outcome string `json:"outcome"` // ok, refused, failed, aborted.
	// Sum tells that the stage is made of others, and counts from the moment at
	// which the device was intended to come.
	Sum   bool   `json:"sum"`
	Count uint64 `json:"count"`
	// Rate is Count a second, from From, when the first sample was due, to To, when
	// the last one ended.
	Rate    float64      `json:"rate"`
	From    Milliseconds `json:"fromMs"`
	To      Milliseconds `json:"toMs"`
	Latency LoadLatency  `json:"latency"`
}

// LoadLatency is a distribution of latencies.
type LoadLatency struct {
	Min  Milliseconds `json:"minMs"`
	Mean Milliseconds `json:"meanMs"`
	P50  Milliseconds `json:"p50Ms"`
	P90  Milliseconds `json:"p90Ms"`
	P95  Milliseconds `json:"p95Ms"`
	P99  Milliseconds `json:"p99Ms"`
	P999 Milliseconds `json:"p999Ms"`
	Max  Milliseconds `json:"maxMs"`
	// Histogram holds the counts between the bounds, ten for each power of ten,
	// from the least latency to the largest.
	Histogram []LoadBar `json:"histogram"`
}

// LoadBar counts what does not exceed To and exceeds the bar before.
type LoadBar struct {
	To    Milliseconds `json:"toMs"`
	Count uint64       `json:"count"`
}

// LoadCause counts samples that did not succeed, by why.
type LoadCause struct {
	Stage   string `json:"stage"`
	Role    string `json:"role"`
	Outcome string `json:"outcome"`
	Cause   string `json:"cause"` // As in thresholds: alert.certificate_expired.
	Text    string `json:"text"`  // For people.
	Count   uint64 `json:"count"`
}

// LoadAdmitted counts devices that were admitted and must not be, by the id of their
// case in the catalogue.
type LoadAdmitted struct {
	Case  string `json:"case"`
	Count uint64 `json:"count"`
}

// LoadThreshold is a limit, judged.
type LoadThreshold struct {
	Text string `json:"text"`
	Met  bool   `json:"met"`
	// Measured is false where there was nothing to judge; such a limit is not met.
	Measured bool   `json:"measured"`
	Observed string `json:"observed"`
}

// LoadGenerator tells what the run cost its generator. Times add up all shards.
type LoadGenerator struct {
	User       Milliseconds `json:"userMs"`
	System     Milliseconds `json:"systemMs"`
	Lag        LoadLatency  `json:"lag"` // Start of an arrival minus its intended moment.
	Pauses     uint64       `json:"gcPauses"`
	Paused     Milliseconds `json:"gcPausedMs"`
	LongestGC  Milliseconds `json:"gcLongestMs"`
	Stolen     Milliseconds `json:"stolenMs"`
	Throttled  Milliseconds `json:"throttledMs"`
	Memory     uint64       `json:"memory"` // The most resident bytes.
	Goroutines uint64       `json:"goroutines"`
	OpenFiles  uint64       `json:"openFiles"`
	// PerDevice is User and System by the arrivals that started, and Multiple how
	// many times the floor that is. Zero: not known.
	PerDevice Milliseconds `json:"perDeviceMs,omitzero"`
	Multiple  float64      `json:"multiple,omitzero"`
}

// LoadSeries is the run over time.
type LoadSeries struct {
	Step   Milliseconds `json:"stepMs"`
	Points []LoadPoint  `json:"points"`
}

// LoadPoint is one step of a series. Counts are of the step, and of good and bad
// devices together but where it says otherwise.
type LoadPoint struct {
	At        Milliseconds `json:"atMs"` // The step's beginning.
	Due       uint64       `json:"due"`
	Dropped   uint64       `json:"dropped"`
	Connects  uint64       `json:"connects"` // Of arrivals and of devices that came back.
	Tokens    uint64       `json:"tokens"`   // First ones and renewed ones.
	Open      int64        `json:"open"`     // At the step's end, as InFlight.
	InFlight  int64        `json:"inFlight"`
	Lost      uint64       `json:"lost"`
	Sent      uint64       `json:"sent"`
	Received  uint64       `json:"received"`
	Connect99 Milliseconds `json:"connectP99Ms"` // Of good devices, from the intended moment.
	Token99   Milliseconds `json:"tokenP99Ms"`
	Lag99     Milliseconds `json:"lagP99Ms"`
	// Processor time of the generator in the step.
	Processor Milliseconds `json:"processorMs"`
	// Troubles are the causes of the step.
	Troubles []LoadCause `json:"troubles,omitempty"`
}
