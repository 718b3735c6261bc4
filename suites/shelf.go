package suites

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// A shelf holds the presentations of a run. Each is built once, by who asks for
// it first: what was announced before the run is what the body presents. It is
// safe for concurrent use.
type shelf struct {
	cases   map[string]cases.Case // the catalogue, which costs to list
	uploads map[string]cases.UploadCase

	mu    sync.Mutex                                          // guards what follows
	built map[string]func() (certfactory.Presentation, error) // by case and bench
	named map[[sha256.Size]byte]named                         // by device certificate
}

// A named presentation is that of a case.
type named struct {
	id           string
	presentation certfactory.Presentation
}

func newShelf() *shelf {
	s := &shelf{
		cases: make(map[string]cases.Case), uploads: make(map[string]cases.UploadCase),
		built: make(map[string]func() (certfactory.Presentation, error)),
		named: make(map[[sha256.Size]byte]named),
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
	if len(p.Chain) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.named[sha256.Sum256(p.Chain[0])] = named{id, p}
	}
	return p, nil
}

// presents returns the case that a device presents as it was built here; "" where it
// presents anything else, or says more of itself than its Client Identifier.
func (s *shelf) presents(c device.Config) string {
	if c.Identity == nil || len(c.Identity.Chain) == 0 || c.Username != "" || c.Password != "" {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.named[sha256.Sum256(c.Identity.Chain[0])]
	if n.presentation.ClientID != c.ClientID || !slices.EqualFunc(n.presentation.Chain, c.Identity.Chain, bytes.Equal) {
		return ""
	}
	return n.id
}
