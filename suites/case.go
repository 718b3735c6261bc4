package suites

import (
	"context"
	"slices"

	"github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
)

// FromCase returns the spec that runs a case of the catalogue, over every TLS
// version. A case that is to be refused is run as a minimal pair: its good twin
// is tried before and after, and must be admitted.
func FromCase(family string, c cases.Case, catches ...string) Spec {
	s := Spec{
		ID: family + "/" + c.ID, Title: c.How, Expected: "the device is admitted",
		Clauses: c.Clauses, Level: clause.Should, OverTLS: true, Catches: catches, Case: c.ID,
		Anchors: func(e *Env) ([]certfactory.Anchor, error) { return anchorsOf(e, c) },
	}
	if c.Expectation.Must() {
		s.Level = clause.Must
	}
	if c.Expectation.Refuse() {
		s.Expected = "the device is refused: " + c.Fault
	}
	s.Run = func(ctx context.Context, e *Env) { e.runCase(ctx, c) }
	return s
}

// FromCases returns the specs of all cases of some groups of the catalogue.
// Catches names, by case, the deviations that each finds.
func FromCases(family string, groups []string, catches map[string][]string) []Spec {
	var specs []Spec
	for _, c := range cases.All() {
		if slices.Contains(groups, c.Group) {
			specs = append(specs, FromCase(family, c, catches[c.ID]...))
		}
	}
	return specs
}

// Labels under which the presentations of a case are built.
const (
	labelCase   = "case"
	labelBefore = "before"
	labelAfter  = "after"
)

// anchorsOf builds what the case will present and returns the anchors it needs.
func anchorsOf(e *Env, c cases.Case) ([]certfactory.Anchor, error) {
	p, err := c.Build(e.Bench(labelCase))
	if err != nil {
		return nil, err
	}
	anchors := p.Anchors
	if twin, ok := cases.ByID(c.Control); ok && c.Expectation.Refuse() {
		for _, label := range []string{labelBefore, labelAfter} {
			p, err := twin.Build(e.Bench(label))
			if err != nil {
				return nil, err
			}
			anchors = append(anchors, p.Anchors...)
		}
	}
	return anchors, nil
}

// runCase tries a case and judges it.
func (e *Env) runCase(ctx context.Context, c cases.Case) {
	p := e.Build(c.ID, labelCase)
	e.Length(ctx, p.MaxLength, c.MaxLength > 0)
	e.Trust(ctx, p.Anchors...)
	if !c.Expectation.Refuse() {
		outcome := e.Try(ctx, reports.RoleCase, p)
		gomega.Expect(outcome).To(expect.BeAdmitted())
		return
	}
	e.Control(ctx, reports.RoleControlBefore, e.Build(c.Control, labelBefore))
	outcome := e.Try(ctx, reports.RoleCase, p)
	if !outcome.Admitted() { // a bad device let in is a contradiction whatever comes after
		e.Control(ctx, reports.RoleControlAfter, e.Build(c.Control, labelAfter))
	}
	gomega.Expect(outcome).To(expect.BeRefused())
	e.remarkAlert(outcome, c)
}

// Control tries a good twin; the spec is inconclusive unless it is admitted.
func (e *Env) Control(ctx context.Context, role string, p certfactory.Presentation) {
	e.Trust(ctx, p.Anchors...)
	outcome := e.Try(ctx, role, p)
	if !outcome.Admitted() {
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
