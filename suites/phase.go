package suites

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// DefaultJobs is how many specs run side by side unless a Config says otherwise:
// specs wait for the platform most of the time, so that they are more than
// processors.
const DefaultJobs = 8

// stuckBound is how long a body that was told to end is waited for.
const stuckBound = 30 * time.Second

// A phase is specs of one company, under one maximum chain length: they run side
// by side, or one after the other if they are to be alone.
type phase struct {
	beside Company
	length int // the maximum chain length that they need; 0: they need none
	items  []*item
}

// An item is a variant on its way to a result.
type item struct {
	variant variant
	phase   *phase
	begun   bool          // it was launched
	trial   *trial        // nil until it is over
	over    chan struct{} // closed when the trial is over, or will not be begun any more
}

// phases puts the variants into the order in which they run: the seed shuffles
// them, and those that change what others see come last.
func (p *Plan) phases(lengths map[string]int) []*phase {
	shuffled := slices.Clone(p.variants)
	order := rand.New(rand.NewPCG(p.order(), 0))
	order.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	var all []*phase
	for _, v := range shuffled {
		beside, length := v.spec.Beside, 0
		if beside == Uploading && target.Disturbs(p.config.Target.Driver) {
			beside = Alone
		}
		if beside != Alone && p.config.Target.Has(target.MaxChainLengthSetting) {
			length = lengths[v.id()]
		}
		i := slices.IndexFunc(all, func(ph *phase) bool { return ph.beside == beside && ph.length == length })
		if i < 0 {
			i = len(all)
			all = append(all, &phase{beside: beside, length: length})
		}
		all[i].items = append(all[i].items, &item{variant: v, phase: all[i], over: make(chan struct{})})
	}
	slices.SortFunc(all, func(a, b *phase) int {
		rank := func(c Company) int { return slices.Index([]Company{Connecting, Uploading, Alone}, c) }
		return cmp.Or(cmp.Compare(rank(a.beside), rank(b.beside)), cmp.Compare(a.length, b.length))
	})
	return all
}

// launch sees to it that an item is run: ahead, with all of its phase, or now. Running
// knows of what runs ahead.
func (p *Plan) launch(ctx context.Context, i *item, s *session, running *sync.WaitGroup) {
	if i.begun {
		return
	}
	running.Wait() // for the phase before
	jobs := cmp.Or(max(p.config.Jobs, 0), DefaultJobs)
	if jobs == 1 || i.phase.beside == Alone {
		i.begun = true
		p.run(ctx, i, s)
		return
	}
	items := i.phase.items
	queue := make(chan *item, len(items))
	for _, i := range items {
		i.begun = true
		queue <- i
	}
	close(queue)
	for range min(jobs, len(items)) {
		running.Go(func() {
			for i := range queue {
				p.run(ctx, i, s)
			}
		})
	}
}

// run runs one item, unless the run is over.
func (p *Plan) run(ctx context.Context, i *item, s *session) {
	defer close(i.over)
	for n := 0; ctx.Err() == nil; n++ {
		before := i.trial
		i.trial = p.try(ctx, i.variant, s)
		if before != nil {
			i.trial.remarks = append(before.remarks, i.trial.remarks...)
			i.trial.started, i.trial.took, i.trial.waited = before.started, before.took+i.trial.took, before.waited+i.trial.waited
		}
		// What changes the platform cannot be begun anew.
		if i.phase.beside != Connecting || !i.trial.unsteady || n == p.config.Target.Timing.Backoff.Tries {
			return
		}
		wait := p.config.Target.Timing.Backoff.Wait(n)
		s.backOff(wait)
		i.trial.remarks = append(i.trial.remarks, fmt.Sprintf("tried again after %v: %s", wait, i.trial.reason))
		i.trial.waited, i.trial.took = i.trial.waited+wait, i.trial.took+wait
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// try runs one variant. A body that does not end though it was told to is left
// behind, and what it may still do to its trial with it.
func (p *Plan) try(ctx context.Context, v variant, s *session) *trial {
	started := time.Now()
	t := &trial{started: started}
	e := &Env{Target: p.config.Target, Factory: p.factory, variant: v, trial: t, session: s}
	bound := p.bound
	if p.config.Slow && !p.config.Target.Has(target.Clock) {
		bound += v.spec.Waits
	}
	ctx, cancel := context.WithTimeoutCause(ctx, bound, errLate)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.perform(ctx)
	}()
	select {
	case <-ended:
		return t
	case <-ctx.Done():
	}
	select {
	case <-ended:
		return t
	case <-time.After(stuckBound):
	}
	stuck := &trial{started: started, took: time.Since(started)}
	stuck.note(reports.Inconclusive, errLate.Error())
	return stuck
}
