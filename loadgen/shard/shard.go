// Package shard plays a part of a fleet: it is the load generator proper.
//
// A shard is a function of the job and its own number. It makes its devices, says
// that it is ready, and from the moment that everybody starts at takes one device
// each time the pacer says so, whatever became of the ones before: a visit. What
// visits measure goes into a recorder, which is cut into chunks for the store. The
// store is all that a shard shares with anybody; where there is one shard it runs
// just so.
package shard

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/loadgen/fleet"
	"github.com/chainmail-iot/chainmail/loadgen/machine"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/pacer"
	"github.com/chainmail-iot/chainmail/loadgen/store"
)

// Config says which shard of what is to be played. All fields but Prepared are
// required.
type Config struct {
	// Store holds the job, and takes what is measured.
	Store store.Store
	// Index is the number of the shard, from 0.
	Index int
	// Prepared is told how many more devices have been made, from several goroutines.
	Prepared func(made int)
}

// Shard is a shard that is being played.
type Shard struct {
	config  Config
	job     *loadgen.Job
	digest  [32]byte
	attempt int
	pacer   pacer.Pacer
	fleet   *fleet.Fleet
	base    device.Config // of every device
	http    *client       // nil: no requests
	payload []byte        // of every message that is published
	rec     *measure.Recorder
	meter   *machine.Meter
	start   time.Time
	limit   int64         // of devices that are here at once
	here    atomic.Int64  // devices that are connecting or connected
	present []atomic.Bool // by device of the shard: it is here
	caches  []atomic.Pointer[tls.ClientSessionCache]
	crowd   crowd
	// stepping are the visits whose steps are under way for the first time.
	stepping sync.WaitGroup
	// leave is closed when devices are to go.
	leave chan struct{}
	// ctx is over when what is under way is given up.
	ctx context.Context
}

// Run plays the shard until its devices have gone and its last chunk is in the
// store. When ctx is over it gives up what is under way, and still puts the chunk.
// The error is for what kept the shard from doing its part, never for the platform.
func Run(ctx context.Context, c Config) error {
	s, err := open(ctx, c)
	if err != nil {
		return fmt.Errorf("open shard %d: %w", c.Index, err)
	}
	if err := s.run(ctx); err != nil {
		return fmt.Errorf("play shard %d: %w", c.Index, err)
	}
	return nil
}

// open reads the job and makes the devices.
func open(ctx context.Context, c Config) (*Shard, error) {
	data, err := c.Store.Get(ctx, loadgen.JobObject)
	if err != nil {
		return nil, err
	}
	job, digest, err := loadgen.DecodeJob(data)
	if err != nil {
		return nil, err
	}
	if c.Index < 0 || c.Index >= job.Shards {
		return nil, fmt.Errorf("the run has %d shards, from 0", job.Shards)
	}
	s := &Shard{config: c, job: job, digest: digest, leave: make(chan struct{})}
	if s.pacer, err = job.Plan.Pacer(job.Factory().Seed()); err != nil {
		return nil, err
	}
	if err := s.connections(); err != nil {
		return nil, err
	}
	s.limit = int64((job.Plan.MostOpen() - c.Index + job.Shards - 1) / job.Shards)
	s.present = make([]atomic.Bool, job.Devices(c.Index))
	if job.Plan.TLS.Resumption {
		s.caches = make([]atomic.Pointer[tls.ClientSessionCache], len(s.present))
	}
	if s.fleet, err = fleet.New(job); err != nil {
		return nil, err
	}
	progress := c.Prepared
	if progress == nil {
		progress = func(int) {}
	}
	return s, s.fleet.Prepare(ctx, c.Index, progress)
}

func (s *Shard) run(ctx context.Context) error {
	if err := s.announce(ctx); err != nil {
		return err
	}
	started, err := s.await(ctx)
	if err != nil {
		return err
	}
	s.start = started.Start
	s.rec = measure.NewRecorder(s.identity(), s.start)
	s.meter = machine.NewMeter()
	var giveUp context.CancelFunc
	s.ctx, giveUp = context.WithCancel(ctx)
	defer giveUp()

	collector := machine.NewCollector(int(s.limit), s.here.Load)
	defer collector.Stop()
	cuts := s.cutting(giveUp)
	supervised := s.supervise(giveUp)
	s.arrivals()
	s.rest()
	s.stay()
	why := supervised.finish()
	return cuts.finish(why)
}

// announce tells that the shard is ready. It takes the next number of attempts, so
// that what a shard that died has left stays beside.
func (s *Shard) announce(ctx context.Context) error {
	prefix := fmt.Sprintf("%s%d.", loadgen.ReadyPrefix, s.config.Index)
	before, err := s.config.Store.List(ctx, prefix)
	if err != nil {
		return err
	}
	s.attempt = len(before)
	ready := loadgen.Ready{Shard: s.config.Index, Attempt: s.attempt, PID: os.Getpid(), Devices: len(s.present)}
	return put(ctx, s.config.Store, fmt.Sprintf("%s%d", prefix, s.attempt), ready)
}

// await waits until everybody starts.
func (s *Shard) await(ctx context.Context) (loadgen.Go, error) {
	var started loadgen.Go
	for {
		err := get(ctx, s.config.Store, loadgen.GoObject, &started)
		if !errors.Is(err, store.ErrNotFound) {
			return started, err
		}
		select {
		case <-ctx.Done():
			return started, fmt.Errorf("wait for the start: %w", context.Cause(ctx))
		case <-time.After(startPoll):
		}
	}
}

func (s *Shard) identity() measure.Identity {
	return measure.Identity{
		Plan: s.digest, Seed: s.job.Seed, Start: s.start, Interval: s.job.Plan.Interval,
		Shard: uint32(s.config.Index), Shards: uint32(s.job.Shards), Attempt: uint32(s.attempt),
	}
}

// arrivals takes a device whenever one is due, until all have come or they are to
// go. It never waits for a device.
func (s *Shard) arrivals() {
	all := s.job.Plan.Arrivals(s.pacer)
	timer := time.NewTimer(0)
	defer timer.Stop()
	own := 0
	for n, at := range pacer.Shard(s.pacer, s.config.Index, s.job.Shards) {
		if n >= all {
			return
		}
		due := s.start.Add(at)
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-s.leave:
				return
			}
		}
		select {
		case <-s.leave:
			return
		default:
		}
		s.arrive(own%len(s.present), due)
		own++
	}
}

// arrive starts the visit of a device, or drops the arrival.
func (s *Shard) arrive(own int, due time.Time) {
	number := own*s.job.Shards + s.config.Index
	role := measure.Good
	if _, bad := s.job.Plan.IsBad(number); bad {
		role = measure.Bad
	}
	switch {
	case s.here.Load() >= s.limit:
		s.rec.Drop(role, measure.Cause{Kind: measure.KindLimit})
		return
	case s.present[own].Swap(true):
		s.rec.Drop(role, measure.Cause{Kind: measure.KindBusy})
		return
	}
	s.here.Add(1)
	v := &visit{s: s, own: own, number: number, role: role}
	s.crowd.add()
	s.stepping.Add(1)
	go v.arrive(due)
}

// stay returns when every device has gone: when they were told to, or by
// themselves where the plan lets them.
func (s *Shard) stay() {
	plan := &s.job.Plan
	if plan.Journey.Hold != loadgen.HoldToTheEnd && plan.Duration == 0 {
		select {
		case <-s.crowd.empty():
		case <-s.leave:
		}
	} else {
		<-s.leave
	}
	s.dismiss(s.crowd.disperse())
	<-s.crowd.empty()
}

// leavers is how many devices leave at once at the end. Each waits for the platform to
// close: one after the other ten thousand would take longer over it than over coming.
const leavers = 64

// dismiss ends visits because the run is over.
func (s *Shard) dismiss(all []*visit) {
	var next atomic.Int64
	var leaving sync.WaitGroup
	for range min(leavers, len(all)) {
		leaving.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				all[i].dismiss()
			}
		})
	}
	leaving.Wait()
}
