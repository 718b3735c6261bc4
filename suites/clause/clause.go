// Package clause is the catalogue of what the specification asks of a platform,
// a device and a certificate tool, taken apart into clauses that can each be
// proven.
//
// A [Clause] has a stable id (DC-CHAIN-05), a [Level] and a [Party] that it
// binds. Specs cite clauses; reports roll verdicts up to them. The package
// proves nothing itself and imports nothing of ours.
package clause

import (
	"slices"
	"strings"
)

// Level is how hard a clause binds, in the words of RFC 2119.
type Level string

// The levels, hardest first.
const (
	Must   Level = "must"
	Should Level = "should"
	May    Level = "may"
)

// Party is who has to comply with a clause.
type Party string

// The parties. Platform clauses are run against the system under test, device
// clauses against our own device, tool clauses against the certificate factory.
const (
	Platform Party = "platform"
	Device   Party = "device"
	Tool     Party = "tool"
)

// A Clause is one thing that the specification asks.
type Clause struct {
	ID      string // DC-<family>-<number>, never reused
	Level   Level
	Binds   Party
	Text    string // what is asked, in one sentence of ours
	Section string // where the specification, or an RFC, asks it
}

// Family returns the middle part of the id: "CHAIN" of DC-CHAIN-05.
func (c Clause) Family() string {
	parts := strings.Split(c.ID, "-")
	if len(parts) < 3 {
		return ""
	}
	return parts[1]
}

// deviceProofs names the tests of our own device, in package loadgen/device, that
// fail when a clause which binds devices is broken.
var deviceProofs = map[string][]string{
	"DC-TLS-07": {"TestBreaksOffFromForeignServers"},
	"DC-TLS-08": {"TestNeverSendsItsKey"},
}

// Proof says how a clause is proven that binds somebody else than the platform,
// which no run against a platform can do; "" for what binds the platform.
func (c Clause) Proof() string {
	switch c.Binds {
	case Device:
		return "binds the device: proven on our own device, by loadgen/device." + strings.Join(deviceProofs[c.ID], ", ")
	case Tool:
		return "binds the certificate tool: proven on our own, by the tests that certfactory/clauses_test.go names"
	}
	return ""
}

// ByID returns the clause of that id, and false where there is none.
func ByID(id string) (Clause, bool) {
	for _, c := range All() {
		if c.ID == id {
			return c, true
		}
	}
	return Clause{}, false
}

// unwaivable are the clauses without which a certificate means nothing.
var unwaivable = []string{"DC-TLS-06", "DC-TLS-09", "DC-CHAIN-07", "DC-CHAIN-12", "DC-CHAIN-14"}

// Unwaivable reports whether nobody may excuse a device that is admitted against
// the clause: with an expired, untrusted or unsigned certificate, with somebody
// else's, or with none.
func (c Clause) Unwaivable() bool { return slices.Contains(unwaivable, c.ID) }
