package suites

import (
	"github.com/chainmail-iot/chainmail/certfactory"
)

// Good is the case of a good device under the standard trust anchor of the run:
// what specs use that are about something else than the chain.
const Good = "valid-direct"

// GoodDevice builds a good device under the standard trust anchor.
func (e *Env) GoodDevice(label string) certfactory.Presentation { return e.Build(Good, label) }

// OwnAnchor makes a trust anchor that no other spec uses, so that a spec may
// disable or delete it.
func (e *Env) OwnAnchor(label string) (*certfactory.Certificate, certfactory.Anchor) {
	root := e.Factory.Root(e.Bench(label).CommonName("anchor"))
	der, err := root.DER()
	if err != nil {
		e.Fault(err)
	}
	return root, certfactory.Anchor{Name: root.Name(), DER: der, AutoRegistration: true}
}

// DeviceOf builds a good device under a trust anchor of the spec's own. It
// names no anchors: whether that one is trusted is the spec's business.
func (e *Env) DeviceOf(root *certfactory.Certificate, label string, opts ...certfactory.Option) certfactory.Presentation {
	return e.DeviceNamed(root, e.Bench(label).CommonName("dev"), opts...)
}

// DeviceNamed is DeviceOf for a common name that the spec gives.
func (e *Env) DeviceNamed(root *certfactory.Certificate, name string, opts ...certfactory.Option) certfactory.Presentation {
	leaf := e.Factory.Device(root, name, opts...)
	chain, err := certfactory.Chain(leaf)
	if err != nil {
		e.Fault(err)
	}
	return certfactory.Presentation{Chain: chain, Key: leaf.Signer(), ClientID: name, MaxLength: len(chain)}
}
