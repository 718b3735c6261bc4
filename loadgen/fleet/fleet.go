// Package fleet makes the devices of a load run: good ones under one CA, from the
// seed or from a packed file, and among them bad ones from the catalogue of cases.
//
// A device depends on the seed, the moment and its number alone. It is made when it
// is first asked for, or ahead by [Fleet.Prepare]; the package connects nothing.
package fleet

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// A Member is one device of a fleet.
type Member struct {
	device.Identity
	ClientID string
	// Case is the id of the case that a bad device presents; "" for a good one.
	Case string
}

// A Fleet is safe for concurrent use.
type Fleet struct {
	plan   *loadgen.Plan
	shards int
	good   source
	bad    *badDevices
	made   []atomic.Pointer[Member]
}

// source makes good devices by number.
type source interface {
	device(i int) (chain [][]byte, key crypto.Signer, err error)
	clientID(i int) (string, error)
	// above are the CA certificates of every device, issuer … trust anchor.
	above() ([][]byte, error)
}

// New returns the fleet of a job. It reads the packed file, if there is one, and
// makes nothing yet.
func New(job *loadgen.Job) (*Fleet, error) {
	factory := job.Factory()
	f := &Fleet{plan: &job.Plan, shards: job.Shards, made: make([]atomic.Pointer[Member], job.Plan.Devices)}
	var err error
	if job.Fleet != "" {
		f.good, err = openPacked(job.Fleet, job.Plan.Devices)
	} else {
		f.good = newSeeded(factory, &job.Plan)
	}
	if err == nil && job.Plan.Mix.Share > 0 {
		f.bad, err = newBadDevices(factory, job.Plan.Mix.Cases)
	}
	if err != nil {
		return nil, fmt.Errorf("make fleet: %w", err)
	}
	return f, nil
}

// Device returns a device by its number, from 0. It is kept until Forget.
func (f *Fleet) Device(i int) (*Member, error) {
	if m := f.made[i].Load(); m != nil {
		return m, nil
	}
	m, err := f.make(i)
	if err != nil {
		return nil, fmt.Errorf("make device %d: %w", i, err)
	}
	f.made[i].CompareAndSwap(nil, m) // whoever comes second has made the same bytes
	return m, nil
}

// Forget lets go of a device; it is made anew if it is asked for again.
func (f *Fleet) Forget(i int) { f.made[i].Store(nil) }

func (f *Fleet) make(i int) (*Member, error) {
	if before, bad := f.plan.IsBad(i); bad {
		return f.bad.member(before)
	}
	chain, key, err := f.good.device(i)
	if err != nil {
		return nil, err
	}
	clientID, err := f.good.clientID(i)
	if err != nil {
		return nil, err
	}
	return &Member{Identity: device.Identity{Chain: chain, Key: key}, ClientID: clientID}, nil
}

// Prepare makes all devices of a shard, on every processor that the process may
// use. It tells progress how many more are made, from several goroutines, and ends
// early with the error of ctx.
func (f *Fleet) Prepare(ctx context.Context, shard int, progress func(made int)) error {
	var (
		next    atomic.Int64
		workers sync.WaitGroup
		failed  = make([]error, runtime.GOMAXPROCS(0))
	)
	next.Store(int64(shard))
	for w := range failed {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(int64(f.shards))) - f.shards
				if i >= len(f.made) {
					return
				}
				if _, err := f.Device(i); err != nil {
					failed[w] = err
					return
				}
				progress(1)
			}
		})
	}
	workers.Wait()
	return errors.Join(append(failed, ctx.Err())...)
}

// Anchors returns what the platform must trust before the first device comes, and
// how long a chain it must accept, device and anchor included.
func (f *Fleet) Anchors() (anchors []certfactory.Anchor, maxLength int, err error) {
	above, err := f.good.above()
	if err != nil {
		return nil, 0, fmt.Errorf("make trust anchor: %w", err)
	}
	if len(above) == 0 {
		return nil, 0, errors.New("the fleet has no CA certificate to be trusted")
	}
	root := above[len(above)-1]
	anchors = []certfactory.Anchor{{
		Name: "chainmail load " + certfactory.Fingerprint(root)[:10], DER: root,
		AutoRegistration: f.plan.Registration == loadgen.RegistrationAuto,
	}}
	maxLength = 1 + len(above)
	if f.bad == nil {
		return anchors, maxLength, nil
	}
	more, longest, err := f.bad.anchors()
	return append(anchors, more...), max(maxLength, longest), err
}

// BadClientIDs returns the Client Identifiers of the bad devices from one number up to
// another. It makes each of them.
func (f *Fleet) BadClientIDs(from, to int) ([]string, error) {
	var ids []string
	for i := from; i < to; i++ {
		before, bad := f.plan.IsBad(i)
		if !bad {
			continue
		}
		m, err := f.bad.member(before)
		if err != nil {
			return nil, fmt.Errorf("name device %d: %w", i, err)
		}
		ids = append(ids, m.ClientID)
	}
	return ids, nil
}

// ClientIDs returns the Client Identifiers of the good devices from one number up
// to another, for registration.
func (f *Fleet) ClientIDs(from, to int) ([]string, error) {
	var ids []string
	for i := from; i < to; i++ {
		if _, bad := f.plan.IsBad(i); bad {
			continue
		}
		id, err := f.good.clientID(i)
		if err != nil {
			return nil, fmt.Errorf("name device %d: %w", i, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
