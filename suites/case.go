package suites

import (
	"context"
	"crypto/tls"
	"slices"
	"strings"

	"github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// FromCases returns the specs of all cases of some groups of the catalogue.
func FromCases(family string, groups ...string) []Spec {
	var specs []Spec
	for _, c := range cases.All() {
		if slices.Contains(groups, c.Group) {
			specs = append(specs, FromCase(family, c))
		}
	}
	return specs
}

// FromCase returns the spec that runs a case of the catalogue, over every TLS
// version. A case that is to be refused is run as a minimal pair: its good twin
// is tried before and after, and must be admitted. A case that may go either way
// is tried and reported.
func FromCase(family string, c cases.Case) Spec {
	s := Spec{
		ID: family + "/" + c.ID, Title: c.How, Clauses: c.Clauses, Level: levelOf(c.Expectation),
		OverTLS: true, Costly: c.Tagged(cases.TagCostly),
		Case:    c.ID,
		Anchors: func(e *Env) ([]certfactory.Anchor, error) { return announce(e, c) },
		MaxLength: func(e *Env) (int, error) {
			p, err := e.build(c.ID, labelCase)
			return p.MaxLength, err
		},
		Beside: Connecting,
	}
	switch {
	case c.Tagged(cases.TagRobustness): // what is large or hostile may break the platform: nobody else is to be judged by it
		s.Beside = Alone
	case c.Tagged(cases.TagAnchorFault): // its trust anchor is uploaded by the body
		s.Beside = Uploading
	}
	if c.Tagged(cases.TagTLS12Only) {
		s.MaxTLS = tls.VersionTLS12
	}
	switch {
	case c.Expectation.Refuse():
		s.Expected, s.Run = "the device is refused", func(ctx context.Context, e *Env) { e.refusing(ctx, c) }
	case c.Expectation.Accept():
		s.Expected, s.Run = "the device is admitted", func(ctx context.Context, e *Env) { e.accepting(ctx, c) }
	default:
		s.Expected, s.Run = "either: what happens is recorded", func(ctx context.Context, e *Env) { e.recording(ctx, c) }
	}
	return s
}

// Labels under which the presentations of a case are built.
const (
	labelCase   = "case"
	labelBefore = "before"
	labelAfter  = "after"
)

// aboutLength reports whether a case is refused for its length alone, so that a
// longer maximum will not do.
func aboutLength(c cases.Case) bool {
	return c.Expectation.Refuse() && (c.Clauses[0] == "DC-CHAIN-10" || c.Clauses[0] == "DC-CHAIN-11")
}

// offered reports whether the platform's answer to the trust anchors of a case is
// part of what is observed: where the fault is in them, or where the case may go
// either way.
func offered(c cases.Case) bool {
	return c.Tagged(cases.TagAnchorFault) || c.Expectation == cases.Either
}

// announce builds what the case will present and returns the anchors it needs. A
// faulty anchor is left out: it might spoil the others that go with it.
func announce(e *Env, c cases.Case) ([]certfactory.Anchor, error) {
	var anchors []certfactory.Anchor
	if !c.Tagged(cases.TagAnchorFault) {
		p, err := e.build(c.ID, labelCase)
		if err != nil {
			return nil, err
		}
		anchors = p.Anchors
	}
	if c.Control == "" {
		return anchors, nil
	}
	for _, label := range []string{labelBefore, labelAfter} {
		p, err := e.build(c.Control, label)
		if err != nil {
			return nil, err
		}
		anchors = slices.Concat(anchors, p.Anchors)
	}
	return anchors, nil
}

// stand puts what a case needs onto the platform: the maximum chain length and
// the trust anchors. It reports whether an anchor that was only offered was
// refused.
func (e *Env) stand(ctx context.Context, c cases.Case, p certfactory.Presentation) (refused bool) {
	e.Length(ctx, p.MaxLength, aboutLength(c))
	if !offered(c) {
		e.Trust(ctx, p.Anchors...)
		return false
	}
	for _, a := range p.Anchors {
		if answer := e.Offer(ctx, a); !answer.Accepted {
			e.Observe("the trust anchor was refused: %s", answer.Detail)
			return true
		}
	}
	return false
}

// accepting tries a case that is to be admitted.
func (e *Env) accepting(ctx context.Context, c cases.Case) {
	p := e.Build(c.ID, labelCase)
	e.stand(ctx, c, p)
	e.Admit(ctx, p)
}

// Admit tries a device that the platform must admit. Where it does not, a plain
// good device shows whether it admits any just now, and a second try whether it
// was chance: a platform that takes so many devices in a while and no more has not
// refused the device for what it is.
func (e *Env) Admit(ctx context.Context, p certfactory.Presentation) {
	outcome := e.Try(ctx, reports.RoleCase, p)
	if outcome.Refused() {
		if chance := e.chance(ctx, p); chance != "" {
			e.trial.unsteady = true
			e.Inconclusive("refused (%s), %s", outcome.Detail, chance)
		}
	}
	gomega.Expect(outcome).To(expect.BeAdmitted())
}

// Refuse tries a device that the platform must refuse, and after that a good one,
// without which the refusal says nothing. A bad device that is let in is a
// contradiction whatever would come after.
func (e *Env) Refuse(ctx context.Context, p, good certfactory.Presentation) device.Outcome {
	return e.RefuseAs(ctx, e.Device(p), good)
}

// RefuseAs is Refuse for a device that connects in a way of its own.
func (e *Env) RefuseAs(ctx context.Context, config device.Config, good certfactory.Presentation) device.Outcome {
	outcome := e.Attempt(ctx, reports.RoleCase, config)
	if outcome.Refused() {
		e.Control(ctx, reports.RoleControlAfter, good)
	}
	gomega.Expect(outcome).To(expect.BeRefused())
	return outcome
}

// refusing tries a case that is to be refused between two tries of its control.
// A platform that does not take a faulty anchor has refused the case.
func (e *Env) refusing(ctx context.Context, c cases.Case) {
	p := e.Build(c.ID, labelCase)
	e.Length(ctx, p.MaxLength, aboutLength(c))
	e.Control(ctx, reports.RoleControlBefore, e.Build(c.Control, labelBefore))
	if e.stand(ctx, c, p) {
		e.Control(ctx, reports.RoleControlAfter, e.Build(c.Control, labelAfter))
		return
	}
	outcome := e.Refuse(ctx, p, e.Build(c.Control, labelAfter))
	e.remarkAlert(outcome, c)
	e.remarkForm(outcome, c.Clauses[0])
}

// recording tries a case that may go either way. That the platform did not fall
// over it is seen by a good device afterwards.
func (e *Env) recording(ctx context.Context, c cases.Case) {
	p := e.Build(c.ID, labelCase)
	if !e.stand(ctx, c, p) {
		e.Try(ctx, reports.RoleCase, p)
	}
	e.Control(ctx, reports.RoleControlAfter, e.GoodDevice(labelAfter))
}

// chance looks whether a refusal came by chance, and says why it may have.
func (e *Env) chance(ctx context.Context, p certfactory.Presentation) string {
	good := e.GoodDevice(labelAfter)
	e.Trust(ctx, good.Anchors...)
	config := e.Device(good)
	if e.Attempt(ctx, reports.RoleControlAfter, config).Admitted() {
		if e.Try(ctx, "case-again", p).Admitted() {
			return "but admitted when tried again"
		}
		return ""
	}
	if e.session.steady.admits(e.kind(config)) {
		return "but so was a plain good device right after it, and such are admitted at other times"
	}
	config.MinVersion, config.MaxVersion = e.Target.MQTT.Versions[0], e.Target.MQTT.Versions[len(e.Target.MQTT.Versions)-1]
	e.Attempt(ctx, roleAnyVersion, config)
	if e.session.steady.wavers() {
		return "but so are plain good devices that are admitted at other times"
	}
	return ""
}

// Control tries a good twin; the spec is inconclusive unless it is admitted.
func (e *Env) Control(ctx context.Context, role string, p certfactory.Presentation) {
	e.Trust(ctx, p.Anchors...)
	if outcome := e.Try(ctx, role, p); !outcome.Admitted() {
		e.trial.unsteady = true
		e.Inconclusive("the good twin was not admitted (%s): %s", role, outcome.Detail)
	}
}

// remarkAlert notes an alert that RFC 8446 §6.2 would not choose. Stock TLS
// libraries cannot choose theirs, so it changes no verdict.
func (e *Env) remarkAlert(o device.Outcome, c cases.Case) {
	if o.Alert == nil || len(c.RFCAlert) == 0 || slices.Contains(c.RFCAlert, o.Alert.Name) {
		return
	}
	e.Remark("alert %s, where RFC 8446 §6.2 would choose %v", o.Alert.Name, c.RFCAlert)
}

// remarkForm notes a refusal in another form than the target file says: it is
// worth a look, and no contradiction.
func (e *Env) remarkForm(o device.Outcome, clause string) {
	declared := e.Target.Policy.Refusal.Chain
	if strings.HasPrefix(clause, "DC-ID-") {
		declared = e.Target.Policy.Refusal.Identity
	}
	if seen := target.FormOf(o.Alert != nil, o.ReturnCode != nil); declared != "" && seen != declared {
		e.Remark("refused by %s, where the target file says %s", seen, declared)
	}
}
