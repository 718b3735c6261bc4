// Package loadgen holds what a load run is about: the [Plan] that a person writes,
// and the [Job] that a coordinator makes of it for the shards. It runs nothing: a
// shard is in the package shard below this one, a coordinator in coordinator.
//
// Arrivals are open: a pacer, which knows nothing but time, says when the next
// device is due, and it starts whether or not the ones before it are done. What a
// device does depends on the plan, the seed and its number alone, never on how
// many shards there are.
package loadgen

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/pacer"
)

// Plan says what the devices of a load run are, when they come and what they do.
// [Default] has every default; a plan file has only what differs.
type Plan struct {
	// Name is that of a ready-made plan, or what its author calls it. About says in
	// a line what it is for. Both optional.
	Name  string `yaml:"name,omitempty"`
	About string `yaml:"about,omitempty"`
	// Devices is the number of devices, each with its own key and certificate.
	Devices int `yaml:"devices"`
	// Key is the kind of a device's key: p256, ed25519 or rsa2048, of which 16 keys
	// are shared by all devices, since each takes long to find.
	Key string `yaml:"key"`
	// ChainLength is the number of certificates that a device presents, its own and
	// the trust anchor included: 2 to 10.
	ChainLength int `yaml:"chainLength"`
	// Registration says how device users come to be: auto, by the trust anchor's flag
	// when a device first connects, or bulk, by CSV before the first arrival.
	Registration string `yaml:"registration"`
	TLS          TLS    `yaml:"tls"`
	// Arrival says when devices come.
	Arrival pacer.Spec `yaml:"arrival"`
	// Duration is how long the run lasts from the first arrival's moment. 0: until
	// every device has come once and done what its journey asks for.
	Duration time.Duration `yaml:"duration"`
	Journey  Journey       `yaml:"journey"`
	Mix      Mix           `yaml:"mix"`
	// KeepAlive is what CONNECT announces and PINGREQs keep, MQTT 3.1.1 §3.1.2.10. 0s: none.
	KeepAlive time.Duration `yaml:"keepAlive"`
	Reconnect Reconnect     `yaml:"reconnect"`
	Timeouts  Timeouts      `yaml:"timeouts"`
	// Interval is how often a shard puts what it measured into the store; a shard that
	// is killed loses no more than that.
	Interval time.Duration `yaml:"interval"`
	Limits   Limits        `yaml:"limits"`
	// Thresholds must all be met for exit code 0: "token.p99 < 500ms", "failed < 0.1%".
	Thresholds []string `yaml:"thresholds"`
}

// TLS are the knobs of the handshake.
type TLS struct {
	// Min and Max bound the version: "1.2", "1.3".
	Min string `yaml:"min"`
	Max string `yaml:"max"`
	// Curves are the key exchanges on offer, the preferred first: x25519, p256, p384,
	// p521, x25519mlkem768. The default leaves out the post-quantum hybrid, which
	// constrained devices do not send and which costs a fifth of the processor.
	Curves []string `yaml:"curves,flow"`
	// Resumption lets a device that comes again resume its own session. The platform
	// then does not see its certificate again. Default: off.
	Resumption bool `yaml:"resumption"`
	// VerifyEach checks all signatures of the server's chain on every connection, and
	// not once for each distinct chain. Default: off. Name and dates are checked
	// either way.
	VerifyEach bool `yaml:"verifyEach"`
}

// Journey is what a device does once it is connected, in this order.
type Journey struct {
	// Think is a pause before each further step.
	Think time.Duration `yaml:"think"`
	// Subscribe is a topic filter that the device subscribes to first. Optional.
	Subscribe string `yaml:"subscribe,omitempty"`
	// Token subscribes to s/dat, asks for a token and awaits it.
	Token   bool    `yaml:"token"`
	HTTP    HTTP    `yaml:"http"`
	Hold    Hold    `yaml:"hold"`
	Publish Publish `yaml:"publish"`
	// Renewal asks for a new token after half of the token's life, for as long as the
	// device is held.
	Renewal bool `yaml:"renewal"`
	// Disconnect ends with DISCONNECT; without it the device just goes away.
	Disconnect bool `yaml:"disconnect"`
}

// Thinking is how long a device pauses in all on its way through the journey.
func (j *Journey) Thinking() time.Duration {
	steps := 0
	if j.Subscribe != "" {
		steps++
	}
	if j.Token {
		steps += 1 + j.HTTP.Requests
	}
	return time.Duration(steps) * j.Think
}

// HTTP are requests that a device makes with its token, each over a connection of
// its own.
type HTTP struct {
	Requests int `yaml:"requests"` // 0: none
	// Path is asked for with GET; 200 is the answer expected.
	Path string `yaml:"path"`
}

// Publish are messages that a device sends while it is held.
type Publish struct {
	// Every is the time between two messages of a device. 0s: it sends none.
	Every time.Duration `yaml:"every"`
	// Messages is how many each device sends. 0: for as long as it is held.
	Messages int    `yaml:"messages"`
	Topic    string `yaml:"topic"`
	Payload  int    `yaml:"payload"` // in bytes
	QoS      int    `yaml:"qos"`     // 0, 1 or 2
}

// Mix gives a share of the devices chains that must be refused.
type Mix struct {
	// Share of the devices, from 0 to 1, spread evenly among them.
	Share float64 `yaml:"share"`
	// Cases are ids of the catalogue, see "chainmail list cases", taken in turn.
	// Default: those that need nothing but one trust anchor.
	Cases []string `yaml:"cases,omitempty"`
}

// The values of Reconnect.Policy.
const (
	ReconnectNone        = "none"
	ReconnectFixed       = "fixed"
	ReconnectExponential = "exponential"
)

// Reconnect says what a device does when its connection is lost while it is held.
type Reconnect struct {
	// Policy is none, fixed (after Delay each time) or exponential (after Delay, twice
	// that, and so on up to Max).
	Policy string        `yaml:"policy"`
	Delay  time.Duration `yaml:"delay"`
	Max    time.Duration `yaml:"max"`
	// Jitter is the part of a delay, from 0 to 1, that is left to chance.
	Jitter float64 `yaml:"jitter"`
	// Attempts is how often a device tries before it gives up. 0: until the run ends.
	Attempts int `yaml:"attempts"`
}

// Timeouts bound what a device waits for.
type Timeouts struct {
	Connect   time.Duration `yaml:"connect"`   // TCP
	Handshake time.Duration `yaml:"handshake"` // TLS
	Response  time.Duration `yaml:"response"`  // an answer over MQTT or HTTP
}

// Limits keep a run honest.
type Limits struct {
	// Open is how many devices of the run may be connected or connecting at once. An
	// arrival beyond that is dropped and counted. 0: as many as there are.
	Open int `yaml:"open"`
	// Lag is how late the 99th percentile of arrivals may start. Beyond it the
	// generator was the bottleneck and the run is disturbed, exit code 7.
	Lag time.Duration `yaml:"lag"`
}

// Default returns the plan that has every default, and no devices.
func Default() Plan {
	return Plan{
		Key: "p256", ChainLength: 2, Registration: RegistrationAuto,
		TLS:       TLS{Min: "1.2", Max: "1.3", Curves: []string{"x25519", "p256", "p384", "p521"}},
		Journey:   Journey{HTTP: HTTP{Path: "/user/currentUser"}, Publish: Publish{Topic: "s/us", Payload: 64}, Hold: HoldToTheEnd, Disconnect: true},
		KeepAlive: time.Minute,
		Reconnect: Reconnect{Policy: ReconnectNone, Delay: time.Second, Max: 30 * time.Second, Jitter: 0.5},
		Timeouts:  Timeouts{Connect: 10 * time.Second, Handshake: 10 * time.Second, Response: 10 * time.Second},
		Interval:  time.Second,
		Limits:    Limits{Lag: 100 * time.Millisecond},
	}
}

// The values of Registration.
const (
	RegistrationAuto = "auto"
	RegistrationBulk = "bulk"
)

// Hold is how long a device stays connected after its last step.
type Hold time.Duration

// HoldToTheEnd holds every device until the run is over; each comes once.
const HoldToTheEnd Hold = -1

// UnmarshalText reads "end" or a duration.
func (h *Hold) UnmarshalText(text []byte) error {
	if string(text) == "end" {
		*h = HoldToTheEnd
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no time to hold: want end, or a duration such as 30s", text)
	}
	*h = Hold(d)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (h Hold) MarshalText() ([]byte, error) {
	if h == HoldToTheEnd {
		return []byte("end"), nil
	}
	return []byte(time.Duration(h).String()), nil
}

// Alg is the kind of key of a plan that was checked.
func (p *Plan) Alg() certfactory.Alg {
	alg, _ := certfactory.ParseAlg(p.Key) // known once checked
	return alg
}

// Pacer returns the pacer of the run. Poisson arrivals depend on the seed.
func (p *Plan) Pacer(seed certfactory.Seed) (pacer.Pacer, error) {
	return pacer.New(p.Arrival, binary.BigEndian.Uint64(seed[:8]))
}

// Arrivals returns how many arrivals the run has, in all shards together: one of
// each device, or with a duration and devices that leave all that are due in it.
func (p *Plan) Arrivals(at pacer.Pacer) int {
	if p.Duration == 0 || p.Journey.Hold == HoldToTheEnd {
		return p.Devices
	}
	return pacer.Count(at, p.Duration-1)
}

// MostOpen is how many devices can be connected at once.
func (p *Plan) MostOpen() int {
	if p.Limits.Open > 0 {
		return min(p.Limits.Open, p.Devices)
	}
	return p.Devices
}

// IsBad reports whether a device is to be refused, and how many bad ones come
// before it: bad devices are spread evenly among the good.
func (p *Plan) IsBad(device int) (before int, bad bool) {
	before = int(math.Floor(float64(device) * p.Mix.Share))
	return before, int(math.Floor(float64(device+1)*p.Mix.Share)) > before
}
