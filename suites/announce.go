package suites

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// An announcement is what a spec is going to need of the platform.
type announcement struct {
	anchors   []certfactory.Anchor
	maxLength int // maximum chain length; 0: any
}

// prepare uploads the anchors that the selected specs announce, and returns the
// maximum chain length that each variant announces. A platform that does not
// answer is left to the specs, which then are inconclusive.
func (p *Plan) prepare(ctx context.Context, s *session) (lengths map[string]int, err error) {
	announced, err := p.announced(ctx, s)
	if err != nil {
		return nil, err
	}
	lengths = make(map[string]int, len(announced))
	var anchors []certfactory.Anchor
	for i, a := range announced {
		lengths[p.variants[i].id()] = a.maxLength
		anchors = append(anchors, a.anchors...)
	}
	err = s.prepare(ctx, anchors)
	if errors.Is(err, target.ErrNoAnswer) || ctx.Err() != nil {
		return lengths, nil
	}
	return lengths, err
}

// announced asks the specs, as many at a time as there are processors, what they
// need: it is here that most certificates of a run are made, and all keys that
// take long to find.
func (p *Plan) announced(ctx context.Context, s *session) ([]announcement, error) {
	announced := make([]announcement, len(p.variants))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, v := range p.variants {
		if slices.ContainsFunc(v.spec.Needs, func(c target.Capability) bool { return !p.config.Target.Has(c) }) {
			continue
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return nil // interrupted: nothing will be uploaded
			}
			var err error
			announced[i], err = v.spec.announce(&Env{Target: p.config.Target, Factory: p.factory, variant: v, trial: &trial{}, session: s})
			if err != nil {
				return fmt.Errorf("prepare %s: %w", v.id(), err)
			}
			return nil
		})
	}
	return announced, group.Wait()
}

// announce asks a spec what it needs.
func (s Spec) announce(e *Env) (a announcement, err error) {
	if s.Anchors != nil {
		if a.anchors, err = s.Anchors(e); err != nil {
			return a, err
		}
	}
	if s.MaxLength != nil {
		a.maxLength, err = s.MaxLength(e)
	}
	return a, err
}
