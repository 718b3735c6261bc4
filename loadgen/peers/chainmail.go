package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/coordinator"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/pacer"
	"github.com/chainmail-iot/chainmail/loadgen/shard"
	"github.com/chainmail-iot/chainmail/loadgen/store"
)

// actAsChainmail is `chainmail load` with one shard, all that it measures and writes
// down included.
func (s *scene) actAsChainmail(devices int) error {
	roots, err := os.ReadFile(s.path(caFile))
	if err != nil {
		return err
	}
	plan := loadgen.Default()
	plan.Devices, plan.Arrival, plan.Duration = devices, pacer.Spec{Rate: rate}, 24*time.Hour
	plan.Journey.Subscribe = "s/dat"
	plan.Timeouts = loadgen.Timeouts{Connect: time.Minute, Handshake: time.Minute, Response: time.Minute} // the others wait as long
	job := &loadgen.Job{
		Plan: plan, Seed: certfactory.NewSeed().String(), Moment: time.Now(), Shards: 1, Fleet: s.path(fleetFile),
		Target: loadgen.Endpoint{Address: s.address, ServerName: "localhost", Roots: string(roots)},
	}
	shared, err := store.NewDir(s.path("run"))
	if err != nil {
		return err
	}
	defer os.RemoveAll(s.path("run"))
	var talk script
	var once sync.Once
	var short error // why the devices are not what was asked for
	var prepared sync.WaitGroup
	prepared.Add(devices)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	_, err = coordinator.Run(ctx, coordinator.Config{
		Job: job, Store: waiting{shared, func() error {
			prepared.Wait()
			return talk.ready()
		}},
		ReadyBound: time.Hour,
		Play: func(index int) (coordinator.Player, error) {
			return coordinator.InProcess(shard.Config{Store: shared, Index: index, Prepared: func(n int) { prepared.Add(-n) }}), nil
		},
		Observe: func(f *measure.Figures) {
			if f.Ended(measure.Good) < uint64(devices) {
				return
			}
			once.Do(func() {
				if ready := f.Results[measure.Good][measure.ResultReady]; ready < uint64(devices) {
					short = fmt.Errorf("%d of %d devices have subscribed: %v", ready, devices, f.Causes)
					stop()
					return
				}
				go func() { talk.done(); stop() }()
			})
		},
	})
	return errors.Join(err, short)
}

// waiting is a store in which the word to start is put when the peer has been told
// to begin.
type waiting struct {
	store.Store
	begin func() error
}

func (w waiting) Put(ctx context.Context, name string, data []byte) error {
	if name == loadgen.GoObject {
		if err := w.begin(); err != nil {
			return err
		}
		began, err := json.Marshal(loadgen.Go{Start: time.Now()})
		if err != nil {
			return err
		}
		data = began
	}
	return w.Store.Put(ctx, name, data)
}
