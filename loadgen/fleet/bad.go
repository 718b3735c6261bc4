package fleet

import (
	"fmt"
	"slices"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// DefaultCases are the cases of bad devices unless a plan names others: what is
// wrong is in the device's own certificate or its key, so that one trust anchor
// serves them all, and each must be refused by every platform.
func DefaultCases() []string {
	return []string{
		"expired-leaf", "not-yet-valid-leaf", "sig-bitflip-leaf", "sig-wrong-key", "anchor-unknown", "self-signed-device",
		"cn-mismatch", "cn-missing", "key-wrong", "ext-unknown-critical-leaf",
	}
}

// badDevices builds the cases in turn, each device on a bench of its own.
type badDevices struct {
	factory *certfactory.Factory
	cases   []cases.Case
}

func newBadDevices(factory *certfactory.Factory, ids []string) (*badDevices, error) {
	if len(ids) == 0 {
		ids = DefaultCases()
	}
	b := &badDevices{factory: factory}
	for _, id := range ids {
		c, ok := cases.ByID(id)
		if !ok {
			return nil, fmt.Errorf("mix.cases: there is no case %q", id)
		}
		if !c.Expectation.Refuse() || !c.Expectation.Must() {
			return nil, fmt.Errorf("mix.cases: case %q need not be refused", id)
		}
		b.cases = append(b.cases, c)
	}
	return b, nil
}

func (b *badDevices) build(n int) (certfactory.Presentation, cases.Case, error) {
	c := b.cases[n%len(b.cases)]
	p, err := c.Build(cases.NewBench(b.factory, fmt.Sprintf("load/%d", n)))
	if err != nil {
		err = fmt.Errorf("build case %s: %w", c.ID, err)
	}
	return p, c, err
}

// member makes the bad device of that number among the bad ones.
func (b *badDevices) member(n int) (*Member, error) {
	p, c, err := b.build(n)
	if err != nil {
		return nil, err
	}
	return &Member{Identity: device.Identity{Chain: p.Chain, Key: p.Key}, ClientID: p.ClientID, Case: c.ID}, nil
}

// anchors collects what the cases need. A case whose devices need an anchor each,
// or one that is not plainly trusted, cannot be played by thousands.
func (b *badDevices) anchors() (anchors []certfactory.Anchor, maxLength int, err error) {
	for n, c := range b.cases {
		p, _, err := b.build(n)
		if err != nil {
			return nil, 0, err
		}
		again, _, err := b.build(n + len(b.cases))
		if err != nil {
			return nil, 0, err
		}
		if err := shared(p.Anchors, again.Anchors); err != nil {
			return nil, 0, fmt.Errorf("mix.cases: case %q %w", c.ID, err)
		}
		for _, a := range p.Anchors {
			if !slices.ContainsFunc(anchors, func(there certfactory.Anchor) bool { return string(there.DER) == string(a.DER) }) {
				anchors = append(anchors, a)
			}
		}
		maxLength = max(maxLength, p.MaxLength)
	}
	return anchors, maxLength, nil
}

func shared(one, other []certfactory.Anchor) error {
	if len(one) != len(other) {
		return fmt.Errorf("needs trust anchors that differ by device")
	}
	for i, a := range one {
		if string(a.DER) != string(other[i].DER) {
			return fmt.Errorf("needs a trust anchor for each device")
		}
		if a.Tenant != 0 || a.Disabled {
			return fmt.Errorf("needs a trust anchor of another tenant, or a disabled one")
		}
	}
	return nil
}
