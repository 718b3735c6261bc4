// Package measure counts what the devices of a load run met, and how long it
// took.
//
// Each shard has one [Recorder], to which its devices tell their samples. At
// the end of every interval the Recorder is cut: what it gathered becomes a
// [Chunk], which is all that leaves the shard. [Fold] puts the chunks of every
// shard together again, in any order, as [Totals]: the same as if one shard had
// measured everything, with the holes where chunks are missing.
//
// The package draws no conclusions. Limits are of loadgen/threshold, the words
// for people are of reports. It does not know where chunks are kept either.
package measure

import "time"

// Role says what a device is in a run for.
type Role uint8

// The roles.
const (
	Good Role = iota // has a chain that must be admitted
	Bad              // has a chain that must be refused
	roles
)

// Stage is a step of a device, or a sum of steps.
type Stage uint8

// The stages. Tcp to Token follow each other, and each begins where the one
// before it ended, so that a delay shows in its own stage alone. Http, Publish
// and Renewal have moments of their own at which they are due. Reconnect, Connect
// and Ready are sums that count from the moment at which the device was intended
// to come: the latency of an open loop.
const (
	StageTCP        Stage = iota // name resolution and TCP handshake
	StageTLS                     // TLS handshake
	StageConnack                 // CONNECT to CONNACK
	StageSuback                  // SUBSCRIBE to SUBACK
	StageToken                   // asking for a token to having it
	StageHTTP                    // an HTTP request with the token
	StagePublish                 // PUBLISH to its acknowledgement; with QoS 0 to being handed to TCP
	StageRenewal                 // asking for the next token to having it
	StageReconnect               // from when a reconnect was due to CONNACK
	StageHold                    // a connection from CONNACK to its end; its latency is how long it lived
	StageDisconnect              // DISCONNECT to the platform's closing
	StageConnect                 // intended moment to CONNACK
	StageReady                   // intended moment to the last step before the hold
	stages
)

// Sum reports whether the stage is a sum of others. What goes wrong in it is
// told, with its cause, by the one in which it went wrong.
func (s Stage) Sum() bool { return s == StageReconnect || s == StageConnect || s == StageReady }

// Outcome is how a stage ended. Latencies of different outcomes are never put
// into one histogram.
type Outcome uint8

// The outcomes.
const (
	OK      Outcome = iota // the step succeeded
	Refused                // the platform said no
	Failed                 // a time-out, the transport, a breach of a protocol, our own limits
	Aborted                // we ended it: the run was over
	outcomes
)

// Result is what one arrival came to; each has exactly one.
type Result uint8

// The results. Whether a result is the right one depends on the role: Ready is
// for good devices, Denied and Admitted for bad ones, the rest for both.
const (
	ResultReady    Result = iota // a good device did all its steps
	ResultFailed                 // a good device did not, for whatever cause
	ResultDenied                 // a bad device was refused, as it must be
	ResultAdmitted               // a bad device got CONNACK 0
	ResultUnclear                // a bad device was neither refused nor admitted: a time-out shows nothing
	ResultDropped                // could not start when its moment came
	ResultAborted                // was under way when the run ended
	results
)

// Roles lists what there is, in the order of the reports.
func Roles() []Role { return list(roles) }

// Stages lists what there is, in the order of the reports.
func Stages() []Stage { return list(stages) }

// Outcomes lists what there is, in the order of the reports.
func Outcomes() []Outcome { return list(outcomes) }

// Results lists what there is, in the order of the reports.
func Results() []Result { return list(results) }

func list[T ~uint8](n T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = T(i)
	}
	return all
}

// String returns the word of thresholds and reports.
func (r Role) String() string { return word(r, "good", "bad") }

// String returns the word of thresholds and reports.
func (s Stage) String() string {
	return word(s, "tcp", "tls", "connack", "suback", "token", "http", "publish", "renewal", "reconnect", "hold", "disconnect",
		"connect", "ready")
}

// String returns the word of thresholds and reports.
func (o Outcome) String() string { return word(o, "ok", "refused", "failed", "aborted") }

// String returns the word of thresholds and reports.
func (r Result) String() string {
	return word(r, "ready", "failed", "denied", "admitted", "unclear", "dropped", "aborted")
}

func word[T ~uint8](i T, words ...string) string {
	if int(i) < len(words) {
		return words[i]
	}
	return "unknown"
}

// Sample is one stage of one device, done.
type Sample struct {
	Stage   Stage
	Role    Role
	Outcome Outcome
	// Cause says why the outcome is not OK; the zero value where it is.
	Cause Cause
	// Intended is when the stage was due. Zero: when it started. The latency of
	// the sample runs from here to Ended, whatever kept it from starting.
	Intended time.Time
	Started  time.Time
	Ended    time.Time
	// Sent and Received are bytes of payload on the wire, as far as the stage knows.
	Sent, Received uint32
}

// latency is never negative: clocks that step must not make a latency huge.
func (s *Sample) latency() time.Duration {
	from := s.Intended
	if from.IsZero() {
		from = s.Started
	}
	return max(s.Ended.Sub(from), 0)
}
