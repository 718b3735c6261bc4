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
	"github.com/onsi/gomega"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
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
// result for each that was run.
func (p *Plan) drive(ctx context.Context, f *certfactory.Factory, s *session) []reports.Result {
	driving.Lock()
	defer driving.Unlock()
	defer globals.Reset()
	out := formatter.ColorableStdOut
	formatter.ColorableStdOut = io.Discard
	defer func() { formatter.ColorableStdOut = out }()
	gomega.RegisterFailHandler(ginkgo.Fail)

	trials := make(map[string]*trial, len(p.variants))
	results := make([]reports.Result, 0, len(p.variants))
	for _, v := range p.variants {
		t := &trial{}
		trials[v.id()] = t
		env := &Env{Target: p.config.Target, Factory: f, variant: v, trial: t, session: s}
		ginkgo.It(v.id(), labels(v), ginkgo.SpecTimeout(p.bound()), func(spec ginkgo.SpecContext) {
			either, cancel := joined(spec, ctx)
			defer cancel()
			env.body(either)
		})
	}
	byID := make(map[string]variant, len(p.variants))
	for _, v := range p.variants {
		byID[v.id()] = v
	}
	ginkgo.ReportAfterEach(func(r ginkgo.SpecReport) {
		v, ours := byID[r.LeafNodeText]
		if !ours || trials[v.id()].started.IsZero() {
			return // never tried, because the run was interrupted: a missing result says so
		}
		result := p.result(v, trials[v.id()], r)
		results = append(results, result)
		if p.config.Judged != nil {
			p.config.Judged(result)
		}
	})
	suite, reporter := ginkgo.GinkgoConfiguration()
	suite.RandomSeed, suite.RandomizeAllSpecs = p.order(), true
	suite.FocusStrings, suite.SkipStrings, suite.LabelFilter, suite.DryRun = nil, nil, "", false
	suite.FailFast, suite.MustPassRepeatedly, suite.FlakeAttempts = false, 0, 0
	reporter.Succinct, reporter.JSONReport, reporter.JUnitReport = true, "", ""
	ginkgo.RunSpecs(quiet{}, "chainmail", suite, reporter)
	return results
}

// bound is how long a spec may take before it is inconclusive.
func (p *Plan) bound() time.Duration {
	t := p.config.Target.Timing
	return attempts * (2*t.Connect + t.Response)
}

// order is the seed of the order in which specs run.
func (p *Plan) order() int64 {
	h := fnv.New64a()
	_, _ = h.Write(p.config.Seed[:]) // never fails
	return int64(h.Sum64() >> 1)
}

// joined returns a context that ends with either of two.
func joined(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(a)
	if b.Err() != nil { // AfterFunc would say so only a moment later
		cancel(context.Cause(b))
	}
	stop := context.AfterFunc(b, func() { cancel(context.Cause(b)) })
	return ctx, func() { stop(); cancel(nil) }
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
