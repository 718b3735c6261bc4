package pacer

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Spec is the arrival section of a plan. Exactly one of Rate, Ramp and Steps is
// given.
type Spec struct {
	// Rate is constant.
	Rate Rate `yaml:"rate,omitempty"`
	// Ramp rises or falls evenly, and then stays. A ramp to 0 ends the arrivals.
	Ramp *Ramp `yaml:"ramp,omitempty"`
	// Steps follow each other. The arrivals end with the last one, unless it has no
	// end.
	Steps []Step `yaml:"steps,omitempty"`
	// Poisson makes the arrivals independent of each other: the rate is then their
	// mean, and the gaps are random, by the seed. Default: evenly spaced.
	Poisson bool `yaml:"poisson,omitempty"`
}

// Ramp is a rate that changes evenly.
type Ramp struct {
	From Rate          `yaml:"from"` // default 0/s
	To   Rate          `yaml:"to"`
	Over time.Duration `yaml:"over"` // required
}

// Step is a rate for some time.
type Step struct {
	Rate Rate `yaml:"rate"` // 0/s is a pause
	// For is how long. The last step may leave it out: until the end of the run.
	For time.Duration `yaml:"for,omitempty"`
}

// Rate is a number of arrivals a second, written as 200/s, 12000/min or 720000/h.
type Rate float64

// maxRate is beyond what any machine can start; it keeps the arithmetic exact.
const maxRate = 1e7

// ParseRate reads a rate.
func ParseRate(text string) (Rate, error) {
	number, unit, ok := strings.Cut(text, "/")
	per, known := map[string]float64{"s": 1, "min": 60, "h": 3600}[unit]
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	switch {
	case !ok || !known || err != nil:
		return 0, fmt.Errorf("%q is no rate: write it as 200/s, 12000/min or 720000/h", text)
	case math.IsNaN(n) || n < 0 || n/per > maxRate:
		return 0, fmt.Errorf("rate %q is not between 0/s and %.0f/s", text, maxRate)
	}
	return Rate(n / per), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Rate) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRate(string(text))
	return err
}

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String returns the rate as it is written.
func (r Rate) String() string { return strconv.FormatFloat(float64(r), 'g', -1, 64) + "/s" }

// New returns the Pacer that spec describes, or all that is wrong with it. Only
// Poisson arrivals depend on the seed.
func New(spec Spec, seed uint64) (Pacer, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	e := spec.even()
	if spec.Poisson {
		return &poisson{even: e, seed: seed}, nil
	}
	return e, nil
}

func (s Spec) even() *even {
	forever := math.Inf(1)
	switch {
	case s.Ramp != nil:
		from, to := float64(s.Ramp.From), float64(s.Ramp.To)
		text := fmt.Sprintf("ramp %s to %s over %s", rate(from), rate(to), s.Ramp.Over)
		return newEven(text, piece{from: from, to: to, lasts: s.Ramp.Over.Seconds()}, piece{from: to, to: to, lasts: forever})
	case len(s.Steps) > 0:
		var pieces []piece
		var words []string
		for _, step := range s.Steps {
			lasts, word := step.For.Seconds(), fmt.Sprintf("%s for %s", step.Rate, step.For)
			if step.For == 0 {
				lasts, word = forever, step.Rate.String()
			}
			pieces = append(pieces, piece{from: float64(step.Rate), to: float64(step.Rate), lasts: lasts})
			words = append(words, word)
		}
		return newEven("steps "+strings.Join(words, ", "), pieces...)
	default:
		return newEven("constant "+s.Rate.String(), piece{from: float64(s.Rate), to: float64(s.Rate), lasts: forever})
	}
}

func (s Spec) validate() error {
	var errs []error
	given := 0
	if s.Rate != 0 {
		given++
		errs = append(errs, s.Rate.validate("rate"))
	}
	if s.Ramp != nil {
		given++
		errs = append(errs, s.Ramp.validate())
	}
	if len(s.Steps) > 0 {
		given++
		errs = append(errs, validateSteps(s.Steps))
	}
	switch {
	case given == 0:
		errs = append(errs, errors.New("nobody comes: want a rate above 0/s, a ramp or steps"))
	case given > 1:
		errs = append(errs, errors.New("want one of rate, ramp and steps"))
	}
	return errors.Join(errs...)
}

func (r Rate) validate(what string) error {
	if f := float64(r); !(f >= 0 && f <= maxRate) {
		return fmt.Errorf("%s %s is not between 0/s and %.0f/s", what, r, maxRate)
	}
	return nil
}

func (r Ramp) validate() error {
	errs := []error{r.From.validate("ramp: from"), r.To.validate("ramp: to")}
	if r.Over <= 0 {
		errs = append(errs, fmt.Errorf("ramp: over is %s: want how long the ramp takes", r.Over))
	}
	if r.From == 0 && r.To == 0 {
		errs = append(errs, errors.New("ramp: from 0/s to 0/s has no arrivals"))
	}
	return errors.Join(errs...)
}

func validateSteps(steps []Step) error {
	var errs []error
	var any bool
	for i, step := range steps {
		errs = append(errs, step.Rate.validate(fmt.Sprintf("steps: rate of step %d", i+1)))
		if step.For < 0 || step.For == 0 && i < len(steps)-1 {
			errs = append(errs, fmt.Errorf("steps: step %d lasts %s: only the last may leave out how long", i+1, step.For))
		}
		any = any || step.Rate > 0
	}
	if !any {
		errs = append(errs, errors.New("steps: none has arrivals"))
	}
	return errors.Join(errs...)
}
