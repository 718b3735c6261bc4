package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// clock compares the platform's clock with ours, by the HTTP Date header.
func (p *prober) clock(ctx context.Context, r *Report) error {
	finding := Finding{Section: Timing, Name: "clock skew", State: Noted, Found: "not seen", Detail: "there is no HTTP interface whose Date header could be read"}
	if p.t.REST != nil {
		started := time.Now()
		response, err := p.t.REST.Do(ctx, target.Request{Method: http.MethodGet, Path: "/"})
		if err == nil {
			finding = skew(response.Header.Get("Date"), started, time.Now())
		}
	}
	p.note(r, finding)
	return nil
}

// skewBound is how far clocks may be apart before it is worth a word: the header
// has whole seconds, and certificates of a run are valid from an hour before it.
const skewBound = 5 * time.Second

// skew says how far a Date header is from the middle of the request.
func skew(date string, sent, got time.Time) Finding {
	f := Finding{Section: Timing, Name: "clock skew", State: Noted, Found: "not seen", Detail: "the HTTP answer has no Date header"}
	at, err := http.ParseTime(date)
	if err != nil {
		return f
	}
	middle := sent.Add(got.Sub(sent) / 2)
	d := at.Add(500 * time.Millisecond).Sub(middle) // the header is cut to whole seconds
	f.Detail = "by the HTTP Date header, which has whole seconds"
	switch {
	case d.Abs() <= skewBound:
		f.Found = "none seen"
	case d > 0:
		f.Found = d.Round(time.Second).String() + " ahead of ours"
	default:
		f.Found = (-d).Round(time.Second).String() + " behind ours"
	}
	if d.Abs() > skewBound {
		f.Hint = "certificates that are valid here may not be valid there: put one of the clocks right"
	}
	return f
}

// admission adds a trust anchor and sees when a good device is admitted.
func (p *prober) admission(ctx context.Context, r *Report) error {
	finding := Finding{Section: Capability, Name: "driver " + p.t.Driver.Name(), Declared: yes, State: Unknown, Found: no}
	defer func() { p.note(r, finding) }()
	started := time.Now()
	answer, err := p.add(ctx)
	if err != nil {
		finding.Detail = err.Error()
		return nil
	}
	if !answer.Accepted {
		finding.Detail = "the platform refuses our trust anchor: " + answer.Detail
		return nil
	}
	good, err := p.device("probe-good", 0)
	if err != nil {
		return err
	}
	outcome, err := p.until(ctx, good, device.Outcome.Admitted)
	if err != nil {
		return err
	}
	p.admits = outcome.Admitted()
	if !p.admits {
		finding.Detail = "a trust anchor was added, and its device not admitted: " + outcome.Detail
		finding.Hint = "without a good device that is admitted no refusal can be judged"
		return nil
	}
	finding.State, finding.Found, finding.Detail = Agrees, yes, "a trust anchor was added and its device admitted"
	p.note(r, Finding{Section: Timing, Name: "convergence", State: Noted, Found: short(time.Since(started)), Detail: "from the trust anchor to the first device"})
	p.note(r, Finding{Section: Timing, Name: "connect", State: Noted, Found: short(outcome.Times.TCP + outcome.Times.TLS), Detail: "TCP and TLS of that device"})
	return nil
}

// versions finds out which TLS versions a good device can use.
func (p *prober) versions(ctx context.Context, r *Report) error {
	if !p.admits {
		return nil
	}
	declared := map[uint16]bool{}
	for _, v := range p.t.MQTT.Versions {
		declared[v] = true
	}
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		good, err := p.device("probe-tls"+fmt.Sprint(v), 0)
		if err != nil {
			return err
		}
		outcome, err := p.try(ctx, good, func(c *device.Config) { c.MinVersion, c.MaxVersion = v, v })
		if err != nil {
			return err
		}
		if outcome.Admitted() && v >= tls.VersionTLS12 {
			r.Versions = append(r.Versions, v)
		}
		f := capabilityFinding(declared[v], outcome.Admitted(), outcome.Detail)
		f.Section, f.Name = Transport, tls.VersionName(v)
		if v < tls.VersionTLS12 && f.State == Undeclared {
			f.State, f.Hint = Noted, "RFC 8996 deprecates it"
		}
		p.note(r, f)
	}
	return nil
}

// refusals finds out in which form devices are refused, and for what.
func (p *prober) refusals(ctx context.Context, r *Report) error {
	if !p.admits {
		return nil
	}
	stranger := p.f.Root("chainmail probe stranger " + p.f.Tag("probe stranger"))
	leaf := p.f.Device(stranger, p.name("probe-untrusted"))
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		return err
	}
	untrusted, err := p.try(ctx, certfactory.Presentation{Chain: chain, Key: leaf.Signer(), ClientID: leaf.Name()})
	if err != nil {
		return err
	}
	p.refusal(r, refusalChain, p.t.Policy.Refusal.Chain, &r.Policy.Refusal.Chain, untrusted, "a device under an anchor that nobody uploaded")

	other, err := p.device("probe-other-name", 0)
	if err != nil {
		return err
	}
	other.ClientID = p.name("probe-not-its-name")
	outcome, err := p.try(ctx, other)
	if err != nil {
		return err
	}
	found := target.ClientIDCommonName
	if outcome.Admitted() {
		found = target.ClientIDAny
	} else {
		p.refusal(r, "refusal.identity", p.t.Policy.Refusal.Identity, &r.Policy.Refusal.Identity, outcome, "a good device under a Client Identifier that is not its name")
	}
	r.Policy.ClientID = found
	p.note(r, compared("clientId", p.t.Policy.ClientID, found, "a good device under a Client Identifier that is not its name: "+outcome.Detail))
	return p.anchorOptional(ctx, r)
}

// refusalChain is the name of the finding about chains.
const refusalChain = "refusal.chain"

// refusal notes in which form a device was refused.
func (p *prober) refusal(r *Report, name string, declared target.Form, into *target.Form, o device.Outcome, who string) {
	if o.Admitted() || !o.Refused() {
		p.note(r, Finding{Section: Policy, Name: name, Declared: string(declared), Found: "none", State: Unknown, Detail: who + ": " + o.Detail})
		return
	}
	*into = target.FormOf(o.Alert != nil, o.ReturnCode != nil)
	f := compared(name, string(declared), string(*into), who+": "+o.Detail)
	if declared == "" {
		f.State = Noted
	}
	if name == refusalChain { // a refused identity has come as far as CONNECT in any case
		f.Hint = into.Allows()
	}
	p.note(r, f)
}

// anchorOptional finds out whether a device may leave its trust anchor out.
func (p *prober) anchorOptional(ctx context.Context, r *Report) error {
	good, err := p.device("probe-alone", 0)
	if err != nil {
		return err
	}
	good.Chain = good.Chain[:1]
	outcome, err := p.try(ctx, good)
	if err != nil {
		return err
	}
	f := Finding{
		Section: Policy, Name: "anchor in the chain", State: Noted, Found: "required",
		Detail: "a device that presents its own certificate alone: " + outcome.Detail,
	}
	if outcome.Admitted() {
		f.Found = "optional where it issued the device certificate"
		f.Hint = "that is the profile device-certificates-2024 (or broker)"
	}
	p.note(r, f)
	return nil
}

// longest is how long a chain is tried at most: one more than any platform that
// is known of allows by default.
const longest = 11

// lengths finds the longest chain that is accepted.
func (p *prober) lengths(ctx context.Context, r *Report) error {
	if !p.admits {
		return nil
	}
	accepted, detail := 2, ""
	for n := 3; n <= longest; n++ {
		d, err := p.device(fmt.Sprintf("probe-length-%d", n), n-2)
		if err != nil {
			return err
		}
		outcome, err := p.try(ctx, d)
		if err != nil {
			return err
		}
		if !outcome.Admitted() {
			detail = fmt.Sprintf("a chain of %d: %s", n, outcome.Detail)
			break
		}
		accepted = n
	}
	f := lengthFinding(p.t.Policy.MaxChainLength, accepted)
	if f.Detail == "" {
		f.Detail = detail
	}
	if f.State != Agrees {
		r.Policy.MaxChainLength = accepted
	}
	p.note(r, f)
	return nil
}

// lengthFinding compares the longest chain that is accepted with what is
// declared; 0 is nothing.
func lengthFinding(declared, accepted int) Finding {
	f := compared("maxChainLength", fmt.Sprint(declared), fmt.Sprint(accepted), "")
	if accepted == longest {
		f.Found, f.Detail = fmt.Sprintf("%d or more", longest), "longer ones were not tried"
		if declared >= longest {
			f.State = Agrees
		}
	}
	if declared == 0 {
		f.Declared, f.State = "", Noted
		f.Hint = "not said: a run takes it for the default of its profile, 2 or (device-certificates-2024) 10"
	}
	return f
}

// compared is a finding about a policy.
func compared(name, declared, found, detail string) Finding {
	f := Finding{Section: Policy, Name: name, Declared: declared, Found: found, State: Agrees, Detail: strings.TrimSpace(detail)}
	if declared != found {
		f.State = Differs
	}
	return f
}
