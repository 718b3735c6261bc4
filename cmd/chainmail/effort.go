package main

import (
	"crypto/tls"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// effort is how much of a run is run, and how fast.
type effort struct {
	skip     []string
	tls      string
	keyCache string
	jobs     int
	slow     bool
}

// flags adds what sets the effort.
func (e *effort) flags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&e.skip, "skip", nil, "do not run these, named as for --only")
	flags.StringVar(&e.tls, "tls", "", "run the specs over this TLS version only: 1.2 or 1.3 (default each that the target offers)")
	flags.IntVar(&e.jobs, "jobs", suites.DefaultJobs, "how many specs that only connect run side by side")
	flags.BoolVar(&e.slow, "slow", false, "wait for the end of tokens where the platform's clock cannot be put forward: up to an hour each")
	flags.StringVar(&e.keyCache, "key-cache", "", "folder where the search for RSA keys is remembered: the next run of the same seed is quicker")
}

// words are the flags that select the same runs again.
func (e effort) words() []string {
	var words []string
	if len(e.skip) > 0 {
		words = append(words, "--skip", quote(strings.Join(e.skip, ",")))
	}
	if e.tls != "" {
		words = append(words, "--tls", e.tls)
	}
	if e.slow {
		words = append(words, "--slow")
	}
	return words
}

// clockOf writes the platform's clock as reports do.
func clockOf(c suites.Clock) *reports.Clock {
	if c.HTTP == nil && c.Token == nil {
		return nil
	}
	in := func(d *time.Duration) *int64 {
		if d == nil {
			return nil
		}
		return new(d.Milliseconds())
	}
	return &reports.Clock{HTTP: in(c.HTTP), Token: in(c.Token)}
}

// narrow leaves of the target's TLS versions the one that was asked for, once all
// that was asked for makes sense.
func (e effort) narrow(t *target.Target) error {
	if e.jobs < 1 {
		return usage("1 runs one spec after the other", "--jobs is %d: want at least 1", e.jobs)
	}
	if e.tls == "" {
		return nil
	}
	version, ok := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[e.tls]
	if !ok {
		return usage("leave it out for both", "--tls is %q: want 1.2 or 1.3", e.tls)
	}
	if !slices.Contains(t.MQTT.Versions, version) {
		return usage("its target file says so under mqtt.tls", "--tls: %s does not offer TLS %s", t.Name, e.tls)
	}
	t.MQTT.Versions = []uint16{version}
	return nil
}
