package suites

import (
	"fmt"
	"sync"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// A shelf holds the presentations of a run. Each is built once, by who asks for
// it first: what was announced before the run is what the body presents. It is
// safe for concurrent use.
type shelf struct {
	cases   map[string]cases.Case // the catalogue, which costs to list
	uploads map[string]cases.UploadCase

	mu    sync.Mutex
	built map[string]func() (certfactory.Presentation, error) // guarded by mu; by case and bench
}

func newShelf() *shelf {
	s := &shelf{
		cases: make(map[string]cases.Case), uploads: make(map[string]cases.UploadCase),
		built: make(map[string]func() (certfactory.Presentation, error)),
	}
	for _, c := range cases.All() {
		s.cases[c.ID] = c
	}
	for _, c := range cases.AllUploads() {
		s.uploads[c.ID] = c
	}
	return s
}

// take returns the presentation of a case on the bench of that name. It waits
// only for the one that is asked for, not for others in the making.
func (s *shelf) take(f *certfactory.Factory, id, bench string) (certfactory.Presentation, error) {
	key := id + " " + bench
	s.mu.Lock()
	build, ok := s.built[key]
	if !ok {
		build = sync.OnceValues(func() (certfactory.Presentation, error) { return s.build(f, id, bench) })
		s.built[key] = build
	}
	s.mu.Unlock()
	return build()
}

func (s *shelf) build(f *certfactory.Factory, id, bench string) (certfactory.Presentation, error) {
	c, ok := s.cases[id]
	if !ok {
		return certfactory.Presentation{}, fmt.Errorf("no case %q in the catalogue", id)
	}
	p, err := c.Build(cases.NewBench(f, bench))
	if err != nil {
		return p, fmt.Errorf("build case %s: %w", id, err)
	}
	return p, nil
}
