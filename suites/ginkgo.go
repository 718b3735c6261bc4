package suites

import (
	"context"
	"hash/fnv"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/extensions/globals"
	"github.com/onsi/ginkgo/v2/formatter"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// attempts is how many attempts the longest body makes: a control before, a
// case, a control after, and looks behind the scenes. It bounds a spec.
const attempts = 8

// driving serialises runs: Ginkgo keeps its tree in package variables.
var driving sync.Mutex

// quiet takes the place of *testing.T. Ginkgo's own notion of success is not
// used: it calls zero specs, and all specs skipped, a success.
type quiet struct{}

func (quiet) Fail() {}

// drive runs the variants in one Ginkgo suite, in this process, and returns a
// result for each that was run. Bodies that may run side by side run ahead, in a
// pool; Ginkgo, which is serial, goes through their trials in order and judges.
func (p *Plan) drive(ctx context.Context, s *session, phases []*phase) []reports.Result {
	driving.Lock()
	defer driving.Unlock()
	defer globals.Reset()
	out := formatter.ColorableStdOut
	formatter.ColorableStdOut = io.Discard
	defer func() { formatter.ColorableStdOut = out }()
	gomega.RegisterFailHandler(breakOff)

	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait() // the target is not tidied up under a running spec
	defer cancel()
	items := make(map[string]*item, len(p.variants))
	// Specs go phase by phase, which is ours to order; what one finds stops no other.
	ginkgo.Describe("conform", ginkgo.Ordered, ginkgo.ContinueOnFailure, func() {
		for _, ph := range phases {
			for _, i := range ph.items {
				items[i.variant.id()] = i
				ginkgo.It(i.variant.id(), labels(i.variant), func(spec ginkgo.SpecContext) {
					stop := context.AfterFunc(spec, cancel) // Ginkgo hears signals of its own
					defer stop()
					p.launch(ctx, i, s, &running)
					<-i.over
					i.confess()
				})
			}
		}
	})
	results := make([]reports.Result, 0, len(p.variants))
	ginkgo.ReportAfterEach(func(r ginkgo.SpecReport) {
		i, ours := items[r.LeafNodeText]
		if !ours || !i.begun {
			return // never tried, because the run was interrupted: a missing result says so
		}
		if <-i.over; i.trial == nil {
			return
		}
		result := p.result(i.variant, i.trial, r)
		results = append(results, result)
		if p.config.Judged != nil {
			p.config.Judged(result)
		}
	})
	ginkgo.RunSpecs(quiet{}, "chainmail", suiteConfig(), reporterConfig())
	return results
}

// confess tells Ginkgo how the trial ended.
func (i *item) confess() {
	if i.trial == nil {
		ginkgo.Skip("interrupted")
	}
	switch state, message, panicked := i.trial.state(); state {
	case types.SpecStateFailed:
		ginkgo.Fail(message)
	case types.SpecStatePanicked:
		panic(panicked)
	}
}

// suiteConfig leaves the order of specs and the bounds of time to us.
func suiteConfig() types.SuiteConfig {
	suite, _ := ginkgo.GinkgoConfiguration()
	suite.RandomSeed, suite.RandomizeAllSpecs, suite.Timeout = 0, false, 0
	suite.FocusStrings, suite.SkipStrings, suite.LabelFilter, suite.DryRun = nil, nil, "", false
	suite.FailFast, suite.MustPassRepeatedly, suite.FlakeAttempts = false, 0, 0
	return suite
}

func reporterConfig() types.ReporterConfig {
	_, reporter := ginkgo.GinkgoConfiguration()
	reporter.Succinct, reporter.JSONReport, reporter.JUnitReport = true, "", ""
	return reporter
}

// bound is how long a spec may take before it is inconclusive.
func bound(t target.Timing) time.Duration {
	bound := attempts * (2*t.Connect + t.Response)
	for n := range t.Backoff.Tries {
		bound += t.Backoff.Wait(n)
	}
	return bound
}

// order is the seed of the order in which specs run.
func (p *Plan) order() uint64 {
	h := fnv.New64a()
	_, _ = h.Write(p.config.Seed[:]) // never fails
	return h.Sum64()
}

// labels are what Ginkgo's own tools could select by.
func labels(v variant) ginkgo.Labels {
	l := ginkgo.Labels{
		"spec:" + strings.NewReplacer("/", ".", "@", ".").Replace(v.id()),
		"level:" + string(v.spec.Level), "family:" + v.spec.Family(),
	}
	for _, id := range v.spec.Clauses {
		l = append(l, "clause:"+id)
	}
	return l
}
