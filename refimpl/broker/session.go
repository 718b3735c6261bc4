package broker

import "sync"

// sessions are the admitted clients, one a device and tenant.
type sessions struct {
	mu   sync.Mutex // guards live
	live map[deviceKey]*client
}

// A deviceKey keeps devices of the same name in different tenants apart.
type deviceKey struct{ tenant, device string }

func newSessions() sessions { return sessions{live: map[deviceKey]*client{}} }

func (a admission) key() deviceKey { return deviceKey{a.tenant, a.device} }

// add enters a client and ends the one that had the same device identifier (MQTT-3.1.4-2).
func (s *sessions) add(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.live[c.admission.key()]; old != nil {
		old.end()
	}
	s.live[c.admission.key()] = c
}

// remove forgets a client, unless another has taken its place.
func (s *sessions) remove(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live[c.admission.key()] == c {
		delete(s.live, c.admission.key())
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
