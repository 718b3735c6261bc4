package cases

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

type (
	presentation = certfactory.Presentation
	certificate  = certfactory.Certificate
	option       = certfactory.Option
	builder      = func(*Bench) (certfactory.Presentation, error)
)

// A plan is a path before its certificates are made, together with what is to be
// done to the presentation once they are.
type plan struct {
	*Bench
	root *certificate
	// cas are the options of the intermediates, that nearest the device first.
	cas [][]option
	// caStem names the intermediates after the run and not after the bench.
	caStem     string
	leaf       []option
	commonName string
	device     *certificate   // nil: the leaf under root and intermediates
	path       []*certificate // device … root, once they are described
	edits      []func(*plan, *presentation) error
}

// A step changes a plan.
type step func(*plan)

// direct is a device certificate under the root of the run.
func direct(steps ...step) builder { return below(0, steps...) }

// below is a device certificate under so many intermediates under the root of
// the run. The whole path is sent; the root is the anchor.
func below(intermediates int, steps ...step) builder {
	return func(b *Bench) (presentation, error) {
		p := &plan{Bench: b, root: b.Root(), cas: make([][]option, intermediates), commonName: b.CommonName("device")}
		for _, s := range steps {
			s(p)
		}
		return p.present()
	}
}

func (p *plan) present() (presentation, error) {
	p.describe()
	chain, err := certfactory.Chain(p.device)
	if err != nil {
		return presentation{}, err
	}
	pr := presentation{Chain: chain, Key: p.device.Signer(), ClientID: p.commonName}
	if err := p.upload(&pr, p.root); err != nil {
		return presentation{}, err
	}
	for _, edit := range p.edits {
		if err := edit(p, &pr); err != nil {
			return presentation{}, err
		}
	}
	if pr.MaxLength == 0 {
		pr.MaxLength = max(2, len(pr.Chain))
	}
	return pr, nil
}

// describe fills in the device and the path above it.
func (p *plan) describe() {
	if p.device == nil {
		issuer := p.root
		for i := len(p.cas) - 1; i >= 0; i-- {
			issuer = p.factory.Intermediate(issuer, p.caName(i), p.cas[i]...)
		}
		p.device = p.factory.Device(issuer, p.commonName, p.leaf...)
	}
	for c := p.device; c != nil; c = c.Issuer() {
		p.path = append(p.path, c)
	}
}

func (p *plan) caName(i int) string {
	if p.caStem != "" {
		return runName(p.factory, fmt.Sprintf("%s %d", p.caStem, i))
	}
	return fmt.Sprintf("chainmail ca %d %s", i, p.tag)
}

// leaf gives the device certificate options.
func leaf(opts ...option) step {
	return func(p *plan) { p.leaf = append(p.leaf, opts...) }
}

// ca gives an intermediate options: 0 is the one that issued the device
// certificate.
func ca(i int, opts ...option) step {
	return func(p *plan) { p.cas[i] = append(p.cas[i], opts...) }
}

// root puts the path under another root of the run, which becomes the anchor.
func root(stem string, opts ...option) step {
	return func(p *plan) { p.root = p.sharedRoot(stem, opts...) }
}

// neverUploaded puts the path under a root that no presentation of the run has
// uploaded, so that a platform cannot know it from another one.
func neverUploaded(p *plan) { root("root never uploaded")(p) }

// deviceIs presents another certificate as that of the device.
func deviceIs(c func(*plan) *certificate) step {
	return func(p *plan) { p.device = c(p) }
}

// sharedCAs makes the intermediates the same for the whole run, as anchors should be.
func sharedCAs(stem string) step {
	return func(p *plan) { p.caStem = stem }
}

// then edits the presentation after it was made.
func then(edit func(*plan, *presentation) error) step {
	return func(p *plan) { p.edits = append(p.edits, edit) }
}

// uploading makes anchors of certificates of the path, and of those alone.
func uploading(places ...int) step {
	return then(func(p *plan, pr *presentation) error {
		pr.Anchors = nil
		for _, i := range places {
			if err := p.upload(pr, p.path[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// uploadingRoot makes an anchor of the root of the run, and of that alone.
func uploadingRoot(p *plan) {
	then(func(p *plan, pr *presentation) error {
		pr.Anchors = nil
		return p.upload(pr, p.Root())
	})(p)
}

func (p *plan) upload(pr *presentation, c *certificate) error {
	der, err := c.DER()
	if err != nil {
		return err
	}
	pr.Anchors = append(pr.Anchors, certfactory.Anchor{Name: c.Name(), DER: der, AutoRegistration: true})
	return nil
}

// sending sends these places of the path in this order.
func sending(places ...int) step {
	return then(func(_ *plan, pr *presentation) error {
		whole := pr.Chain
		pr.Chain = nil
		for _, i := range places {
			pr.Chain = append(pr.Chain, whole[i])
		}
		return nil
	})
}

// sendingAfter puts another certificate behind the first entries of what is sent.
func sendingAfter(entries int, other func(*plan) *certificate) step {
	return then(func(p *plan, pr *presentation) error {
		der, err := other(p).DER()
		pr.Chain = slices.Insert(pr.Chain, entries, der)
		return err
	})
}

// sendingInstead edits the bytes of one entry of what is sent.
func sendingInstead(i int, edit func([]byte) []byte) step {
	return then(func(_ *plan, pr *presentation) error {
		pr.Chain[i] = edit(pr.Chain[i])
		return nil
	})
}

// signing has another key sign the handshake.
func signing(key func(*plan) crypto.Signer) step {
	return then(func(p *plan, pr *presentation) error {
		pr.Key = key(p)
		return nil
	})
}

// asking sets the client id, made from the common name.
func asking(clientID func(commonName string) string) step {
	return then(func(p *plan, pr *presentation) error {
		pr.ClientID = clientID(p.commonName)
		return nil
	})
}

// Options with a word of their own.

// valid sets the validity period, reckoned from now.
func valid(from, to time.Duration) option {
	return certfactory.With(func(t *x509.Certificate) {
		// The factory begins every validity period an hour before its moment.
		now := t.NotBefore.Add(time.Hour)
		t.NotBefore, t.NotAfter = now.Add(from), now.Add(to)
	})
}

const day = 24 * time.Hour

// usage sets keyUsage.
func usage(u x509.KeyUsage) option {
	return certfactory.With(func(t *x509.Certificate) { t.KeyUsage = u })
}
