// Package cases is the catalogue of what a device may present to a platform and
// of what may be uploaded there as trusted, good and bad, each row with what the
// specification expects of it.
//
// A [Case] is one row about a connection: it builds a presentation on a [Bench].
// An [UploadCase] is one row about an upload. Each refusing row names its control,
// a good row that differs from it in the declared fault alone; a platform that
// refuses the control too has shown nothing. The package judges no platform and
// opens no connection.
package cases

import (
	"slices"
	"strings"
	"sync"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// An Expectation is what a row wants of a platform, and how hard.
type Expectation string

// The expectations. Accept and Refuse are musts: the specification says so, or
// path validation by RFC 5280 §6 does. A row of Either is tried and reported
// but can neither pass nor fail.
const (
	Accept       Expectation = "accept"
	AcceptShould Expectation = "accept-should"
	Either       Expectation = "either"
	RefuseShould Expectation = "refuse-should"
	Refuse       Expectation = "refuse"
)

// Accept reports whether the row wants to be accepted, must or should.
func (e Expectation) Accept() bool { return e == Accept || e == AcceptShould }

// Refuse reports whether the row wants to be refused, must or should.
func (e Expectation) Refuse() bool { return e == Refuse || e == RefuseShould }

// Must reports whether a broken expectation is a failure and not a warning.
func (e Expectation) Must() bool { return e == Accept || e == Refuse }

// Tags of a row.
const (
	TagRobustness  = "robustness"   // large or hostile: a single connection, bounded
	TagCostly      = "costly"       // takes seconds to build
	TagTLS12Only   = "tls1.2-only"  // the key cannot sign a TLS 1.3 handshake
	TagNoProof     = "no-proof"     // the handshake cannot be signed with the key in the certificate
	TagAnchorFault = "anchor-fault" // the fault is in the anchor: refusing its upload satisfies the row
	TagOwnAnchor   = "own-anchor"   // the anchor differs from the control's, but is fit to be uploaded
	TagCanary      = "canary"       // names the canary of the bench, which the platform should not fetch
)

// A Case is one row of the catalogue: what a device presents and what is
// expected of the platform. It is a plain value; only Build does anything.
type Case struct {
	// ID is stable and never reused, in kebab case.
	ID string
	// Group is the section of the catalogue.
	Group string
	// Clauses are the ids of the clauses that the row is about.
	Clauses []string
	// Basis is the sentence of the specification, quoted, or the section of an RFC
	// that makes the expectation what it is.
	Basis string
	// How says in a sentence how the presentation is made.
	How string
	// Fault declares what differs from the control: the fields, separated by
	// commas, then a colon and a few words ("leaf.validity: ended an hour ago").
	// Rows that want no refusal have none.
	Fault string

	Expectation Expectation
	// MaxLength is the maximum chain length that the platform must be set to.
	// 0 is the length of the chain, at least 2.
	MaxLength int
	// Control is the id of the good twin of a refusing row.
	Control string
	// Reason is what the reference platform calls its refusal: "" if it admits the
	// device, "tls" where the TLS library refuses by itself.
	Reason string
	// RFCAlert are the alerts that RFC 8446 §6.2 would choose: a hint, no demand.
	RFCAlert []string
	// Tags are of the constants.
	Tags []string

	// Build makes the presentation.
	Build func(*Bench) (certfactory.Presentation, error)
}

// Differs returns the fields in which the row may differ from its control.
func (c Case) Differs() []string {
	fields, _, ok := strings.Cut(c.Fault, ": ")
	if !ok {
		return nil
	}
	return strings.Split(fields, ", ")
}

// Tagged reports whether the row has that tag.
func (c Case) Tagged(tag string) bool { return slices.Contains(c.Tags, tag) }

// All returns every row about a connection in the order of the catalogue, as a
// slice of the caller's own.
func All() []Case { return slices.Clone(catalogue()) }

// catalogue makes the rows once: they are asked for by id a thousand times a run.
var catalogue = sync.OnceValue(func() []Case {
	var all []Case
	for _, g := range groups() {
		for _, c := range g.rows {
			c.Group = g.name
			if c.MaxLength > 0 {
				c.Build = limited(c.MaxLength, c.Build)
			}
			all = append(all, c)
		}
	}
	return all
})

// limited has the presentation ask for the row's own maximum length.
func limited(n int, build builder) builder {
	return func(b *Bench) (certfactory.Presentation, error) {
		p, err := build(b)
		p.MaxLength = n
		return p, err
	}
}

// ByID returns the row of that id.
func ByID(id string) (Case, bool) {
	all := catalogue()
	if i := slices.IndexFunc(all, func(c Case) bool { return c.ID == id }); i >= 0 {
		return all[i], true
	}
	return Case{}, false
}

type group struct {
	name string
	rows []Case
}

func groups() []group {
	return []group{
		{"composition", composition()},
		{"length", length()},
		{"tenancy", tenancy()},
		{"path-length", pathLength()},
		{"basic-constraints", basicConstraints()},
		{"key-usage", keyUsage()},
		{"names", names()},
		{"common-name", commonName()},
		{"signatures", signatures()},
		{"keys", keys()},
		{"validity", validity()},
		{"extensions", extensions()},
		{"serial", serialNumbers()},
		{"encoding", encoding()},
		{"possession", possession()},
	}
}
