package suites

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
)

// A pace keeps connections apart that a platform wants apart. It is safe for
// concurrent use.
type pace struct {
	least time.Duration

	mu   sync.Mutex
	next time.Time // guarded by mu; when the next connection may begin
}

// wait returns when the next connection may begin, and how long that took.
func (p *pace) wait(ctx context.Context) time.Duration {
	if p.least == 0 {
		return 0
	}
	now := time.Now()
	p.mu.Lock()
	at := now
	if p.next.After(at) {
		at = p.next
	}
	p.next = at.Add(p.least)
	p.mu.Unlock()
	select {
	case <-time.After(at.Sub(now)):
	case <-ctx.Done():
	}
	return time.Since(now)
}

// A steadiness is whether the platform admits good devices at one time and refuses
// the same kind at another: because there are too many of them, for one. Then
// that it refuses a bad device in the same form proves nothing. It is safe for
// concurrent use.
type steadiness struct {
	mu    sync.Mutex
	kinds map[string]*kind // guarded by mu
}

// A kind is good devices of one case over one TLS version.
type kind struct {
	admitted bool
	refused  []string // the forms of refusals
}

// kind names the kind of a good device that connects in a standard way; "" for all
// others.
func (e *Env) kind(c device.Config) string {
	if e.session.shelf.presents(c) != Good {
		return ""
	}
	return Good + " over TLS " + versionName(cmp.Or(c.MaxVersion, tls.VersionTLS13))
}

func (s *steadiness) note(name string, o device.Outcome) {
	if name == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kinds[name]
	if k == nil {
		k = &kind{}
		s.kinds[name] = k
	}
	switch {
	case o.Admitted():
		k.admitted = true
	case o.Refused():
		k.refused = append(k.refused, form(string(o.Layer), o.Alert != nil, alertCode(o), o.ReturnCode))
	}
}

func alertCode(o device.Outcome) int {
	if o.Alert == nil {
		return 0
	}
	return int(o.Alert.Code)
}

// form names a refusal as coarsely as it has to be: whether a connection is closed
// before or after CONNECT hangs on how fast both sides are.
func form(layer string, alert bool, code int, returnCode *byte) string {
	switch {
	case alert:
		return fmt.Sprintf("alert %d", code)
	case returnCode != nil:
		return fmt.Sprintf("CONNACK %d", *returnCode)
	case layer == reports.LayerTCPConnect:
		return "no connection"
	}
	return "closed without alert"
}

// admits reports whether good devices of that kind have been admitted.
func (s *steadiness) admits(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kinds[name]
	return k != nil && k.admitted
}

// wavers reports whether good devices of any kind were admitted at one time and
// refused at another.
func (s *steadiness) wavers() bool { return len(s.doubtful()) > 0 }

// doubtful returns the forms in which good devices were refused that are admitted
// at other times.
func (s *steadiness) doubtful() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	forms := make(map[string]bool)
	for _, k := range s.kinds {
		if k.admitted {
			for _, f := range k.refused {
				forms[f] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(forms))
}

// doubt makes inconclusive what passed because a device was refused, where good
// devices were refused in the same form. It returns what it changed.
func (s *steadiness) doubt(results []reports.Result) (changed int) {
	forms := s.doubtful()
	for i, r := range results {
		if r.Verdict != reports.Pass {
			continue
		}
		for _, e := range r.Evidence {
			if e.Role != reports.RoleCase || e.Layer == reports.LayerAdmitted || e.Layer == reports.LayerRESTStatus {
				continue
			}
			if f := formOf(e); slices.Contains(forms, f) {
				results[i].Verdict = reports.Inconclusive
				results[i].Reason = fmt.Sprintf("the device was refused (%s), but so were good devices that are admitted at other times; timing.pause in the target file keeps connections apart", f)
				changed++
				break
			}
		}
	}
	return changed
}

// formOf is the form of a refusal in evidence.
func formOf(e reports.Evidence) string {
	var code int
	if e.Alert != nil {
		code = e.Alert.Code
	}
	var returnCode *byte
	if e.ReturnCode != nil {
		b := byte(*e.ReturnCode)
		returnCode = &b
	}
	return form(e.Layer, e.Alert != nil, code, returnCode)
}
