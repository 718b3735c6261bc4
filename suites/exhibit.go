package suites

import (
	"crypto"
	"slices"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// An Exhibit is what one attempt of a spec sent, so that it can be sent again: a
// device that connects, or a request.
type Exhibit struct {
	Role    string
	Seen    string // what came of it, in one line
	Device  *Presented
	Request *target.Request
}

// Presented is what a device presented. The key is one of the test, never the
// platform's.
type Presented struct {
	Chain                  [][]byte
	Key                    crypto.Signer
	ClientID               string
	MinVersion, MaxVersion uint16 // of TLS
}

// Exhibits are all that a spec has sent, in order, and what had to stand on the
// platform for it.
type Exhibits struct {
	Anchors   []certfactory.Anchor
	MaxLength int // maximum chain length that was set; 0: none
	Attempts  []Exhibit
}

// showDevice keeps what a device presented.
func (t *trial) showDevice(role string, c device.Config, o device.Outcome) {
	p := &Presented{ClientID: c.ClientID, MinVersion: c.MinVersion, MaxVersion: c.MaxVersion}
	if c.Identity != nil {
		p.Chain, p.Key = c.Identity.Chain, c.Identity.Key
	}
	t.exhibits.Attempts = append(t.exhibits.Attempts, Exhibit{Role: role, Seen: o.Detail, Device: p})
}

// showRequest keeps a request. A token that it bears is left out: whoever sends it
// again needs one of his own.
func (t *trial) showRequest(role, seen string, r target.Request) {
	t.exhibits.Attempts = append(t.exhibits.Attempts, Exhibit{Role: role, Seen: seen, Request: &r})
}

// showAnchor keeps a trust anchor that had to stand.
func (t *trial) showAnchor(a certfactory.Anchor) {
	if !slices.ContainsFunc(t.exhibits.Anchors, func(b certfactory.Anchor) bool { return key(a) == key(b) }) {
		t.exhibits.Anchors = append(t.exhibits.Anchors, a)
	}
}

// exhibit has what a trial sent put away, where it is of use to somebody, and
// names the files.
func (p *Plan) exhibit(r reports.Result, t *trial) []string {
	if p.config.Exhibit == nil {
		return nil
	}
	return p.config.Exhibit(r, t.exhibits)
}
