package target

import (
	"fmt"
	"net"
)

// Safety keeps tests away from what nobody meant to test.
type Safety struct {
	// AllowRemote lets the target have addresses other than loopback.
	AllowRemote bool `yaml:"allowRemote,omitempty"`
	// AllowLoad lets a load plan run against a target that is not on loopback.
	AllowLoad bool `yaml:"allowLoad,omitempty"`
	// MaxConnections is how many devices a load plan may have connected at once.
	// 0: as many as it likes.
	MaxConnections int `yaml:"maxConnections,omitempty"`
	// MaxRate is how many devices of a load plan may arrive in a second. 0: as many
	// as it likes.
	MaxRate float64 `yaml:"maxRate,omitempty"`
}

func (l *loader) safety() Safety {
	s := l.f.Safety
	if s.MaxConnections < 0 {
		l.wrong("", fmt.Sprintf("maxConnections is %d: want at least 1, or none", s.MaxConnections), "safety", "maxConnections")
	}
	if s.MaxRate < 0 {
		l.wrong("", fmt.Sprintf("maxRate is %g: want more than 0, or none", s.MaxRate), "safety", "maxRate")
	}
	return s
}

// address checks that host may be tested at all.
func (l *loader) address(host string, path ...any) {
	if l.f.Safety.AllowRemote || loopback(host) {
		return
	}
	l.wrong("set safety.allowRemote: true if this platform may be tested",
		fmt.Sprintf("%s is not a loopback address", host), path...)
}

// loopback reports whether host is this machine as seen from nowhere else.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// A NotAllowedError says that the target file keeps a load plan away.
type NotAllowedError struct {
	Target string // path of the target file
	Text   string // what is not allowed
	Hint   string // what to do
}

func (e *NotAllowedError) Error() string { return e.Target + ": " + e.Text }

// AllowsLoad returns nil if so many connections at once and so many arrivals a
// second may be put on the target, and a [*NotAllowedError] otherwise. Limits hold
// on loopback as well.
func (t *Target) AllowsLoad(connections int, rate float64) error {
	switch s := t.Safety; {
	case !s.AllowLoad && !t.onLoopback():
		return &NotAllowedError{
			t.Name, t.MQTT.Address + " is not on loopback, and the target file does not allow load",
			"if this platform may be loaded, set safety: {allowLoad: true, maxConnections: …, maxRate: …} in its file",
		}
	case s.MaxConnections > 0 && connections > s.MaxConnections:
		return &NotAllowedError{
			t.Name, fmt.Sprintf("the plan has %d devices connected at once, safety.maxConnections allows %d", connections, s.MaxConnections),
			"lower devices or limits.open of the plan",
		}
	case s.MaxRate > 0 && rate > s.MaxRate:
		return &NotAllowedError{
			t.Name, fmt.Sprintf("the plan has up to %g arrivals a second, safety.maxRate allows %g", rate, s.MaxRate),
			"lower arrival of the plan",
		}
	}
	return nil
}

// onLoopback reports whether every endpoint of the target is on loopback.
func (t *Target) onLoopback() bool {
	for _, endpoint := range t.Endpoints() {
		if host, _, err := net.SplitHostPort(endpoint); err != nil || !loopback(host) {
			return false
		}
	}
	return true
}
