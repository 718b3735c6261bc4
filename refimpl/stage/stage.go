// Package stage lets a tester slow the reference platform down, or stop it, at named
// stages of what it does: to see what a load generator or a device makes of a platform
// that is slow there and nowhere else.
package stage

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// A Name names a stage.
type Name string

// The stages.
const (
	Accept    Name = "accept"    // before a TCP connection is served
	Handshake Name = "handshake" // before the chain is judged
	Connack   Name = "connack"   // before CONNACK
	Suback    Name = "suback"    // before SUBACK
	Token     Name = "token"     // before a token is published
	HTTP      Name = "http"      // before a REST request is answered
)

// Names returns all stages in the order in which a device comes to them.
func Names() []Name { return []Name{Accept, Handshake, Connack, Suback, Token, HTTP} }

// A Setting is what happens at one stage. The zero value is nothing.
type Setting struct {
	// Delay holds everybody up for so long.
	Delay time.Duration
	// Stalled holds everybody up until the setting changes.
	Stalled bool
}

// Settings are those of all stages; a stage that is not named has the zero Setting.
type Settings map[Name]Setting

// Knobs are the settings in force. The zero value holds nobody up. Knobs are safe for
// concurrent use.
type Knobs struct {
	mu       sync.Mutex // guards both
	settings Settings
	// changed is closed when the settings change; nil while nobody waits for that.
	changed chan struct{}
}

// Settings returns the settings in force.
func (k *Knobs) Settings() Settings {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.settings)
}

// Set replaces the settings; whoever is stalled goes by the new ones at once.
func (k *Knobs) Set(s Settings) error {
	var errs []error
	for name, setting := range s {
		if !slices.Contains(Names(), name) {
			errs = append(errs, fmt.Errorf("no stage %q", name))
		}
		if setting.Delay < 0 {
			errs = append(errs, fmt.Errorf("stage %s: delay %v is negative", name, setting.Delay))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.settings = maps.Clone(s)
	if k.changed != nil {
		close(k.changed)
		k.changed = nil
	}
	return nil
}

// Wait holds the caller up as long as the stage's setting says, or until done is closed.
func (k *Knobs) Wait(done <-chan struct{}, name Name) {
	for {
		setting, changed := k.look(name)
		switch {
		case setting.Stalled:
			select {
			case <-changed:
				continue
			case <-done:
				return
			}
		case setting.Delay > 0:
			timer := time.NewTimer(setting.Delay)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-done:
			}
		}
		return
	}
}

// look returns the setting of a stage and, if it stalls, what is closed when it changes.
func (k *Knobs) look(name Name) (Setting, <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	setting := k.settings[name]
	if setting.Stalled && k.changed == nil {
		k.changed = make(chan struct{})
	}
	return setting, k.changed
}
