// Package web holds the specs of the family web: what a person does on the
// platform's web page, in a real browser, and that it is the same trust as over
// REST ("Upload your CA certificate", via UI).
//
// The page is any vendor's: [target.Selectors] say where it has what is needed.
// A page is driven as a person would, one step after the other; what a step
// cannot find leaves the spec inconclusive, for a wrong selector looks the same
// as a missing control. What is judged is what came of it.
//
// The browser is the tester's own Chromium or Chrome. All specs of a run share
// one; where there is none they are not applicable.
package web

import (
	"context"

	. "github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/clause"
	"github.com/chainmail-iot/chainmail/suites/expect"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// family is the first part of every id here.
const family = "web"

// Specs returns the specs of the family.
func Specs() []suites.Spec {
	return []suites.Spec{
		{
			ID: family + "/add-certificate", Title: "a PEM file is dropped on the page, named, set to auto-registration and Enabled, and added",
			Expected: "the platform has the trust anchor, as it was filled in",
			Clauses:  []string{"DC-UI-01"}, Level: clause.Must, Needs: needs(), Run: addCertificate,
		},
		{
			ID: family + "/list", Title: "an enabled and a disabled certificate are added on the page", Expected: "both are in the list, each with its status",
			Clauses: []string{"DC-UI-02"}, Level: clause.Must, Needs: needs(), Run: list,
		},
		{
			ID: family + "/change", Title: "auto-registration and status of a listed certificate are switched off and on again", Expected: "the platform has what was switched",
			Clauses: []string{"DC-UI-03", "DC-REG-03"}, Level: clause.Must, Needs: needs(), Run: change,
		},
		{
			ID: family + "/trust-page-and-rest", Title: "trust anchors are added and changed on the page and over REST by turns, and devices connect",
			Expected: "each side shows what the other did, and devices are admitted and refused by it",
			Clauses:  []string{"DC-TRUST-10", "DC-TRUST-07"}, Level: clause.Must, Needs: needs(), Run: pageAndREST,
		},
	}
}

func needs() []target.Capability {
	return []target.Capability{target.WebPage, target.TrustedCertificates}
}

func addCertificate(ctx context.Context, e *suites.Env) {
	_, anchor := e.OwnAnchor("case")
	anchor.Name += " by hand" // so that a name which is taken from the certificate shows
	open(ctx, e).add(anchor, setting{enabled: true, autoRegistration: true})
	Expect(overREST(ctx, e, anchor, setting{true, true})).To(expect.Be(setting{true, true}, "the trust anchor over REST"))
	Expect(nameOverREST(ctx, e, anchor)).To(expect.Be(anchor.Name, "the name of the trust anchor over REST"))
}

func list(ctx context.Context, e *suites.Env) {
	_, enabled := e.OwnAnchor("enabled")
	_, disabled := e.OwnAnchor("disabled")
	p := open(ctx, e)
	p.add(enabled, setting{enabled: true})
	Expect(p.status(enabled)).To(expect.Be(on, "the status of the enabled certificate in the list"))
	p.add(disabled, setting{})
	Expect(p.status(disabled)).To(expect.Be(off, "the status of the disabled certificate in the list"))
}

func change(ctx context.Context, e *suites.Env) {
	_, anchor := e.OwnAnchor("case")
	e.Trust(ctx, anchor)
	p := open(ctx, e)
	for _, wanted := range []setting{{false, false}, {true, true}} {
		p.load() // so that the page shows the platform's state, and not what was clicked
		p.change(anchor, wanted)
		Expect(overREST(ctx, e, anchor, wanted)).To(expect.Be(wanted, "the trust anchor over REST"))
	}
}

// pageAndREST goes once in each direction.
func pageAndREST(ctx context.Context, e *suites.Env) {
	root, anchor := e.OwnAnchor("page")
	p := open(ctx, e)
	p.add(anchor, setting{enabled: true, autoRegistration: true})
	Expect(overREST(ctx, e, anchor, setting{true, true})).To(expect.Be(setting{true, true}, "over REST, the trust anchor that the page added"))
	Expect(e.Try(ctx, reports.RoleCase, e.DeviceOf(root, "page"))).To(expect.BeAdmitted())
	e.ChangeAnchor(ctx, anchor, target.AnchorChange{Enabled: new(false)})
	p.load()
	Expect(p.status(anchor)).To(expect.Be(off, "on the page, the status that REST disabled"))

	root, anchor = e.OwnAnchor("rest")
	e.Trust(ctx, anchor)
	p.load()
	Expect(p.status(anchor)).To(expect.Be(on, "on the page, the status of the trust anchor that REST added"))
	e.Control(ctx, reports.RoleControlBefore, e.DeviceOf(root, "before"))
	p.change(anchor, setting{false, true})
	Expect(overREST(ctx, e, anchor, setting{false, true})).To(expect.Be(setting{false, true}, "over REST, the trust anchor that the page disabled"))
	e.Refuse(ctx, e.DeviceOf(root, "rest"), e.GoodDevice("after"))
}

// add adds a certificate as the specification tells a person to.
func (p *page) add(a certfactory.Anchor, wanted setting) {
	p.e.WillAdd(a)
	s := p.selectors
	if s.AddOpen != target.NoSelector && !p.visible(s.Drop) {
		p.press(s.AddOpen, "")
	}
	p.drop(s.Drop, "caCert.pem", string(certfactory.PEM(a.DER)))
	p.set(s.AutoRegistration, "", wanted.autoRegistration)
	p.set(s.Status, "", wanted.enabled)
	p.fill(s.Name, a.Name)
	p.press(s.Add, "")
}

// change sets what a listed certificate has.
func (p *page) change(a certfactory.Anchor, wanted setting) {
	s := p.selectors
	p.find(a.Name)
	p.set(s.RowAutoRegistration, a.Name, wanted.autoRegistration)
	p.set(s.RowStatus, a.Name, wanted.enabled)
	if s.RowSave != target.NoSelector {
		p.press(s.RowSave, a.Name)
	}
}

// status waits for a certificate to be in the list and returns its status there.
func (p *page) status(a certfactory.Anchor) state {
	Expect(p.listed(a.Name)).To(expect.Bring("the certificate in the list"))
	return p.state(p.selectors.RowStatus, a.Name)
}
