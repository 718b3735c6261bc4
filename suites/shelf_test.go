package suites

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// What cannot be built is an error, and never a device without a certificate, which
// any platform refuses.
func TestCaseThatCannotBeBuilt(t *testing.T) {
	s := newShelf()
	s.cases["broken"] = cases.Case{ID: "broken", Build: func(*cases.Bench) (certfactory.Presentation, error) {
		return certfactory.Presentation{}, errors.New("out of keys")
	}}
	f := certfactory.New(certfactory.NewSeed(), time.Now())
	for id, want := range map[string]string{"broken": "build case broken: out of keys", "unheard-of": `no case "unheard-of"`} {
		for range 2 { // the second time it is not built again
			if _, err := s.take(f, id, "bench"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", id, err, want)
			}
		}
	}
}
