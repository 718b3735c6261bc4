package certfactory

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// PoolSize is the number of RSA keys that the devices of a [Fleet] share: device
// i has key i modulo PoolSize. A key of its own for each of 10,000 devices would
// take half an hour to search for. All other kinds of key are made for one device.
const PoolSize = 16

// A Fleet is any number of good devices under one CA, each made when it is asked
// for. Seed, issuer and kind of key decide every byte of a device; how many there
// are does not, so that a larger fleet begins with the smaller one. It is safe for
// concurrent use.
type Fleet struct {
	factory *Factory
	issuer  *Certificate
	alg     Alg
	name    string // of keys and, in short, of devices
	tag     string
	made    []atomic.Pointer[member]
	above   func() ([][]byte, error) // issuer … root, shared by all devices
}

// member is all that is kept of a device.
type member struct {
	chain [][]byte
	key   crypto.Signer
}

// Fleet describes n devices under an issuer, with keys of that kind. It takes no
// time: see [Fleet.Prepare].
func (f *Factory) Fleet(issuer *Certificate, n int, alg Alg) *Fleet {
	name := "fleet " + alg.String() + issuer.under("/")
	return &Fleet{
		factory: f, issuer: issuer, alg: alg, name: name, tag: f.Tag(name),
		made:  make([]atomic.Pointer[member], n),
		above: sync.OnceValues(func() ([][]byte, error) { return Chain(issuer) }),
	}
}

// Len returns the number of devices.
func (fl *Fleet) Len() int { return len(fl.made) }

// Above returns the CA certificates that every device presents after its own, the
// self-signed one last.
func (fl *Fleet) Above() ([][]byte, error) { return fl.above() }

// CommonName returns the common name of a device, which is its Client Identifier
// too. It is unique by seed, issuer and kind of key.
func (fl *Fleet) CommonName(i int) string { return fmt.Sprintf("device-%06d-%s", i, fl.tag) }

// Device returns the whole chain and the key of a device, and keeps them. Neither
// must be changed. It panics where i is out of range, as a slice does.
func (fl *Fleet) Device(i int) (chain [][]byte, key crypto.Signer, err error) {
	if m := fl.made[i].Load(); m != nil {
		return m.chain, m.key, nil
	}
	m := new(member)
	if m.chain, m.key, err = fl.Make(i); err != nil {
		return nil, nil, err
	}
	// Whoever comes second has made the same bytes and lets them go.
	if !fl.made[i].CompareAndSwap(nil, m) {
		m = fl.made[i].Load()
	}
	return m.chain, m.key, nil
}

// Make is Device for those who keep what they ask for by themselves: the fleet
// does not.
func (fl *Fleet) Make(i int) (chain [][]byte, key crypto.Signer, err error) {
	above, err := fl.above()
	if err != nil {
		return nil, nil, err
	}
	key = fl.factory.Key(fl.alg, fl.keyName(i))
	if key == nil {
		return nil, nil, fmt.Errorf("make device %d: no key of kind %v", i, fl.alg)
	}
	der, err := fl.factory.Device(fl.issuer, fl.CommonName(i), Label(fl.label(i)), WithSigner(key)).DER()
	if err != nil {
		return nil, nil, fmt.Errorf("make device %d: %w", i, err)
	}
	return append([][]byte{der}, above...), key, nil
}

// label tells apart the serial numbers of two fleets of one CA.
func (fl *Fleet) label(i int) string { return fmt.Sprintf("%s/%d", fl.name, i) }

func (fl *Fleet) keyName(i int) string {
	if fl.alg.rsaBits() > 0 {
		return fmt.Sprintf("%s/pool/%d", fl.name, i%PoolSize)
	}
	return fl.label(i)
}

// Prepare makes all devices that were not asked for yet, on every processor that
// the process may use. It ends early with the error of ctx.
func (fl *Fleet) Prepare(ctx context.Context) error {
	var (
		next    atomic.Int64
		workers sync.WaitGroup
		failed  = make([]error, runtime.GOMAXPROCS(0))
	)
	for w := range failed {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= fl.Len() {
					return
				}
				if _, _, err := fl.Device(i); err != nil {
					failed[w] = err
					return
				}
			}
		})
	}
	workers.Wait()
	return errors.Join(append(failed, ctx.Err())...)
}
