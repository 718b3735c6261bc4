package broker

import (
	"sync"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// sessions are the admitted clients, one a device and tenant.
type sessions struct {
	mu   sync.Mutex // guards live
	live map[deviceKey]*client
}

// A deviceKey keeps devices of the same name in different tenants apart.
type deviceKey struct{ tenant, device string }

// key is where a client stands in the table.
func (c *client) key() deviceKey {
	if c.has(deviation.OneNamePerPlatform) {
		return deviceKey{device: c.admission.device}
	}
	return deviceKey{c.admission.tenant, c.admission.device}
}

func newSessions() sessions { return sessions{live: map[deviceKey]*client{}} }

// add enters a client and ends the one that had the same device identifier (MQTT-3.1.4-2).
func (s *sessions) add(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.live[c.key()]; old != nil && !c.has(deviation.KeepsOldSession) {
		old.end()
	}
	s.live[c.key()] = c
}

// others returns the sessions of a client's tenant that match, save its own.
func (s *sessions) others(c *client, match func(*client) bool) []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*client
	for _, other := range s.live {
		if other != c && other.admission.tenant == c.admission.tenant && match(other) {
			found = append(found, other)
		}
	}
	return found
}

// count is how many clients are admitted.
func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live)
}

// remove forgets a client, unless another has taken its place.
func (s *sessions) remove(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live[c.key()] == c {
		delete(s.live, c.key())
	}
}

// end ends all sessions that match.
func (s *sessions) end(match func(admission) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.live {
		if match(c.admission) {
			c.end()
		}
	}
}
