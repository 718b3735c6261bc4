package loadgen

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/pacer"
	"github.com/chainmail-iot/chainmail/loadgen/threshold"
)

// Bounds of what makes sense in a plan.
const (
	maxDevices     = 10_000_000
	maxChainLength = 10
	maxKeepAlive   = (1<<16 - 1) * time.Second // MQTT 3.1.1 §3.1.2.10
	maxPayload     = 1 << 20
	minInterval    = 50 * time.Millisecond
)

// checker holds a plan against what a plan can say.
type checker struct {
	plan  *Plan
	wrong func(hint, text, key string)
}

func (c *checker) check() {
	c.fleet()
	c.tls()
	c.journey()
	c.arrival()
	c.mix()
	c.reconnect()
	c.times()
	for _, text := range c.plan.Thresholds {
		if _, err := threshold.Parse(text); err != nil {
			c.wrong("", err.Error(), "thresholds")
		}
	}
}

// not notes that a key has another value than it can have.
func (c *checker) not(ok bool, key string, value any, want string) {
	if !ok {
		c.wrong("", fmt.Sprintf("%s is %v: want %s", key, value, want), key)
	}
}

func (c *checker) fleet() {
	p := c.plan
	c.not(p.Devices >= 1 && p.Devices <= maxDevices, "devices", p.Devices, fmt.Sprintf("1 to %d", maxDevices))
	kinds := []certfactory.Alg{certfactory.P256, certfactory.Ed25519, certfactory.RSA2048}
	alg, err := certfactory.ParseAlg(p.Key)
	c.not(err == nil && slices.Contains(kinds, alg), "key", p.Key, "p256, ed25519 or rsa2048")
	c.not(p.ChainLength >= 2 && p.ChainLength <= maxChainLength, "chainLength", p.ChainLength, "2 to 10")
	c.not(p.Registration == RegistrationAuto || p.Registration == RegistrationBulk, "registration", p.Registration, "auto or bulk")
}

func (c *checker) tls() {
	lowest, okLowest := versions()[c.plan.TLS.Min]
	highest, okHighest := versions()[c.plan.TLS.Max]
	c.not(okLowest, "tls.min", c.plan.TLS.Min, `"1.2" or "1.3"`)
	c.not(okHighest, "tls.max", c.plan.TLS.Max, `"1.2" or "1.3"`)
	if okLowest && okHighest && lowest > highest {
		c.wrong("", "tls.min is above tls.max", "tls.min")
	}
	if len(c.plan.TLS.Curves) == 0 {
		c.wrong("", "tls.curves is empty: want at least one", "tls.curves")
	}
	for _, name := range c.plan.TLS.Curves {
		if _, ok := curves()[name]; !ok {
			c.wrong("", fmt.Sprintf("tls.curves has %q: want x25519, p256, p384, p521 or x25519mlkem768", name), "tls.curves")
		}
	}
}

func (c *checker) journey() {
	j := &c.plan.Journey
	c.not(j.Think >= 0, "journey.think", j.Think, "a duration, 0s for none")
	c.not(j.HTTP.Requests >= 0, "journey.http.requests", j.HTTP.Requests, "0 or more")
	c.not(strings.HasPrefix(j.HTTP.Path, "/"), "journey.http.path", j.HTTP.Path, "a path that begins with /")
	if j.HTTP.Requests > 0 && !j.Token {
		c.wrong("set journey.token: true", "journey.http needs a token", "journey.http")
	}
	if j.Renewal && !j.Token {
		c.wrong("set journey.token: true", "journey.renewal needs a token", "journey.renewal")
	}
	if j.Renewal && j.Hold == 0 {
		c.wrong("hold the devices longer", "journey.renewal needs devices that are held", "journey.renewal")
	}
	c.not(j.Publish.Every >= 0, "journey.publish.every", j.Publish.Every, "a duration, 0s for no messages")
	c.not(j.Publish.Messages >= 0, "journey.publish.messages", j.Publish.Messages, "0 or more")
	c.not(j.Publish.QoS >= 0 && j.Publish.QoS <= 2, "journey.publish.qos", j.Publish.QoS, "0, 1 or 2")
	c.not(j.Publish.Payload >= 0 && j.Publish.Payload <= maxPayload, "journey.publish.payload", j.Publish.Payload, fmt.Sprintf("0 to %d bytes", maxPayload))
	c.not(j.Publish.Topic != "" && !strings.ContainsAny(j.Publish.Topic, "+#\x00"), "journey.publish.topic", fmt.Sprintf("%q", j.Publish.Topic), "a topic name, without wildcards")
	if j.Publish.Every > 0 && j.Hold == 0 {
		c.wrong("hold the devices longer", "journey.publish needs devices that are held", "journey.publish")
	}
}

func (c *checker) arrival() {
	p := c.plan
	c.not(p.Duration >= 0, "duration", p.Duration, "a duration, 0s for as long as it takes")
	at, err := pacer.New(p.Arrival, 0)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			c.wrong("", "arrival: "+strings.TrimSuffix(line, "\n"), "arrival")
		}
		return
	}
	if p.Devices < 1 || p.Devices > maxDevices || p.Duration < 0 {
		return
	}
	if p.Journey.Hold == HoldToTheEnd && !p.Arrival.Poisson || p.Duration == 0 {
		last, ok := at.At(p.Devices - 1)
		switch {
		case !ok:
			c.wrong("let the rate go on, or take fewer devices", fmt.Sprintf("arrival ends before %d devices have come", p.Devices), "arrival")
		case p.Duration > 0 && last > p.Duration:
			c.wrong("let them come faster, or the run last longer",
				fmt.Sprintf("duration is %v: %d devices take %v to come", p.Duration, p.Devices, last.Round(time.Millisecond)), "duration")
		}
	}
	if p.Duration == 0 && p.Journey.Hold == HoldToTheEnd && (p.Journey.Renewal || p.Journey.Publish.Every > 0) {
		c.wrong("say how long the run lasts, or how long a device holds",
			"journey.hold is end and there is no duration: the run ends as soon as all devices have come, before anything is renewed or published", "duration")
	}
}

func (c *checker) mix() {
	c.not(c.plan.Mix.Share >= 0 && c.plan.Mix.Share <= 1, "mix.share", c.plan.Mix.Share, "0 to 1")
	if c.plan.Mix.Share == 0 && len(c.plan.Mix.Cases) > 0 {
		c.wrong("set mix.share", "mix.cases without a share of devices that present them", "mix.cases")
	}
}

func (c *checker) reconnect() {
	r := &c.plan.Reconnect
	policies := []string{ReconnectNone, ReconnectFixed, ReconnectExponential}
	c.not(slices.Contains(policies, r.Policy), "reconnect.policy", r.Policy, "none, fixed or exponential")
	c.not(r.Delay >= 0, "reconnect.delay", r.Delay, "a duration")
	c.not(r.Max >= r.Delay, "reconnect.max", r.Max, "at least the delay")
	c.not(r.Jitter >= 0 && r.Jitter <= 1, "reconnect.jitter", r.Jitter, "0 to 1")
	c.not(r.Attempts >= 0, "reconnect.attempts", r.Attempts, "0 or more")
}

func (c *checker) times() {
	p := c.plan
	c.not(p.KeepAlive >= 0 && p.KeepAlive <= maxKeepAlive, "keepAlive", p.KeepAlive, "0s to 18h12m15s")
	c.not(p.Timeouts.Connect > 0, "timeouts.connect", p.Timeouts.Connect, "a duration above zero")
	c.not(p.Timeouts.Handshake > 0, "timeouts.handshake", p.Timeouts.Handshake, "a duration above zero")
	c.not(p.Timeouts.Response > 0, "timeouts.response", p.Timeouts.Response, "a duration above zero")
	c.not(p.Interval >= minInterval, "interval", p.Interval, "at least "+minInterval.String())
	c.not(p.Limits.Open >= 0, "limits.open", p.Limits.Open, "0 or more")
	c.not(p.Limits.Lag >= time.Microsecond, "limits.lag", p.Limits.Lag, "at least 1µs")
}

// versions are the TLS versions by the words of a plan.
func versions() map[string]uint16 {
	return map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
}

// curves are the key exchanges by the words of a plan.
func curves() map[string]tls.CurveID {
	return map[string]tls.CurveID{
		"x25519": tls.X25519, "p256": tls.CurveP256, "p384": tls.CurveP384, "p521": tls.CurveP521,
		"x25519mlkem768": tls.X25519MLKEM768,
	}
}

// Versions returns the lowest and the highest TLS version of a plan that was
// checked.
func (t *TLS) Versions() (lowest, highest uint16) { return versions()[t.Min], versions()[t.Max] }

// CurveIDs returns the key exchanges of a plan that was checked.
func (t *TLS) CurveIDs() []tls.CurveID {
	var ids []tls.CurveID
	for _, name := range t.Curves {
		ids = append(ids, curves()[name])
	}
	return ids
}
