package cases

import (
	"crypto"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// A Bench is where one presentation is built. It names the device, so that two
// presentations, and two runs against one platform, never meet; and it hands out
// the CA certificates that all presentations of one run share, so that a run
// uploads few anchors. It is safe for concurrent use.
type Bench struct {
	factory *certfactory.Factory
	tag     string
	root    *certfactory.Certificate
	canary  string
}

// DefaultCanary is the address that rows tagged [TagCanary] name if the bench was
// given no other: the discard port, where nobody listens.
const DefaultCanary = "http://127.0.0.1:9/canary"

// NewBench returns the bench of that name. Factory and name decide every byte of
// what is built there.
func NewBench(f *certfactory.Factory, name string) *Bench {
	return &Bench{
		factory: f,
		tag:     f.Tag("bench " + name),
		root:    f.Root(runName(f, "root")),
		canary:  DefaultCanary,
	}
}

// WithCanary returns a bench like this one whose certificates name another
// address to fetch from. Who listens there sees whether a platform fetches what a
// certificate tells it to.
func (b *Bench) WithCanary(url string) *Bench {
	other := *b
	other.canary = url
	return &other
}

// Factory returns the factory of the bench.
func (b *Bench) Factory() *certfactory.Factory { return b.factory }

// Root returns the standard root of the run: the same certificate on every bench
// of one factory.
func (b *Bench) Root() *certfactory.Certificate { return b.root }

// CommonName returns the stem with a suffix that is unique by seed and bench: at
// most 64 characters (X.520's upper bound), none of them a colon.
func (b *Bench) CommonName(stem string) string {
	const room = 64 - len("-") - 10
	text := []rune(strings.ReplaceAll(stem, ":", ""))
	return string(text[:min(len(text), room)]) + "-" + b.tag
}

// runName is the common name of a CA certificate that the whole run shares.
func runName(f *certfactory.Factory, stem string) string {
	return "chainmail " + stem + " " + f.Tag("run")
}

// sharedRoot returns another root of the run. Two rows that name the same stem
// must give the same options.
func (b *Bench) sharedRoot(stem string, opts ...certfactory.Option) *certfactory.Certificate {
	return b.factory.Root(runName(b.factory, stem), opts...)
}

// key returns a P-256 key that belongs to no certificate.
func (b *Bench) key(name string) crypto.Signer {
	return b.factory.Key(certfactory.P256, "loose/"+b.tag+"/"+name)
}
