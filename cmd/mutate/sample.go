package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// sample returns the mutants that contain a text, in the order of the seed. Those
// of functions that are argued as a whole are left out.
func sample(all []mutant, known arguments, only string, seed uint64) []mutant {
	chosen := slices.DeleteFunc(slices.Clone(all), func(m mutant) bool {
		return known.ofFunction(m) != "" || !strings.Contains(m.key(), only)
	})
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	return chosen
}

// specSeed makes the seed of the specs: the same for every mutant of a run, so
// that RSA keys are searched for once.
func specSeed(seed uint64) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("chainmail mutate "), seed))
	return certfactory.Seed(sum[:16]).String()
}

// A tried verdict knows its place in the sample.
type tried struct {
	place int
	verdict
}

// tryAll tries mutants in the order of the sample until as many have been built
// as are wanted. What is argued is not tried. It returns what it has where an
// error ends it early.
func (o options) tryAll(ctx context.Context, l *lab, chosen []mutant, known arguments, stderr io.Writer) ([]verdict, error) {
	fmt.Fprintf(stderr, "%d mutants; the judges judge the code as it is\n", len(chosen))
	if err := l.control(ctx); err != nil {
		return nil, err
	}
	wanted := o.n
	if wanted == 0 {
		wanted = len(chosen)
	}
	var mu sync.Mutex // guards done and built
	var done []tried
	built := 0
	enough := func() bool { mu.Lock(); defer mu.Unlock(); return built >= wanted }
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(o.jobs, 1))
	for place, m := range chosen {
		if enough() || ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if enough() {
				return nil
			}
			v := verdict{mutant: m, Fate: argued, By: known.of(m)}
			if v.By == "" {
				var err error
				if v, err = l.try(ctx, place, m); err != nil {
					return err
				}
			}
			mu.Lock()
			defer mu.Unlock()
			done = append(done, tried{place, v})
			if v.Fate != unbuilt {
				built++
				fmt.Fprintf(stderr, "%4d %s (%s, %.0f s) %s:%d %s\n", built, v.Fate, v.By, v.Seconds, m.File, m.Line, m.Mutation)
			}
			return nil
		})
	}
	err := group.Wait()
	return firstBuilt(done, wanted), err
}

// firstBuilt cuts the verdicts, in the order of the sample, after so many that
// were built: how many ran side by side makes no difference.
func firstBuilt(done []tried, wanted int) []verdict {
	slices.SortFunc(done, func(a, b tried) int { return cmp.Compare(a.place, b.place) })
	var verdicts []verdict
	for _, t := range done {
		if wanted == 0 {
			break
		}
		if t.Fate != unbuilt {
			wanted--
		}
		verdicts = append(verdicts, t.verdict)
	}
	return verdicts
}
