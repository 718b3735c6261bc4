package refimpl

import (
	"cmp"
	"fmt"
	"reflect"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/broker"
)

// Limits bound what whoever reaches the doors may take of the platform. A field that is 0 has
// its default. What happens at each limit is in LimitTable.
type Limits struct {
	// MQTT are those of the MQTT door.
	MQTT MQTTLimits `yaml:"mqtt"`
	// REST are those of the REST door. The management API has the same, but for the connections.
	REST RESTLimits `yaml:"rest"`
	// AnchorsPerTenant is how many trust anchors a tenant may have. Default 2000.
	AnchorsPerTenant int `yaml:"anchorsPerTenant"`
	// LogLines is how many refusals for one reason are logged in ten seconds. Default 20.
	LogLines int `yaml:"logLines"`
}

// MQTTLimits are how long and how much an MQTT client may take. Connections is three quarters
// of the files that the process may have open by default.
type MQTTLimits struct {
	broker.Timeouts `yaml:",inline"`
	broker.Limits   `yaml:",inline"`
}

// RESTLimits are how long and how much an HTTP client may take.
type RESTLimits struct {
	// Connections is how many may be open at a time. Default a fifth of the files that the
	// process may have open.
	Connections int `yaml:"connections"`
	// PerAddress is how many of them may come from one IP address. Default any number.
	PerAddress int `yaml:"connectionsPerAddress"`
	// Header bounds the time for the TLS handshake, and for the header of a request. Default 10 s.
	Header time.Duration `yaml:"header"`
	// Body bounds the time for a whole request. Default 30 s.
	Body time.Duration `yaml:"body"`
	// Answer bounds the time from the header of a request to the end of its answer. It should
	// be longer than Body, so that who is too slow can be told. Default 40 s.
	Answer time.Duration `yaml:"answer"`
	// Idle bounds the silence between two requests. Default 2 min.
	Idle time.Duration `yaml:"idle"`
	// HeaderBytes bounds the header of a request. Default 64 KiB.
	HeaderBytes int `yaml:"headerBytes"`
	// JSONBytes bounds a body of JSON. Default 1 MiB.
	JSONBytes int `yaml:"jsonBytes"`
	// BodyBytes bounds any other body: a file with many thousand devices. Default 32 MiB.
	BodyBytes int `yaml:"bodyBytes"`
}

// A LimitRow is one line of the table of limits.
type LimitRow struct {
	// Key is the path in the configuration file, below limits.
	Key string
	// Default is what holds where nothing is said.
	Default string
	// Effect says what happens at the limit.
	Effect string
}

// LimitTable returns every limit with its default and what happens there.
func LimitTable() []LimitRow {
	return []LimitRow{
		{"mqtt.connections", "3/4 of open files", "who waits longest to be admitted makes room; if nobody waits, the new one is closed"},
		{"mqtt.connectionsPerAddress", "none", "the new connection is closed"},
		{"mqtt.handshake", "10s", "TLS handshake: closed, reason timed-out"},
		{"mqtt.connect", "10s", "silence before CONNECT: closed, reason timed-out"},
		{"mqtt.packet", "10s", "a packet begun and not finished: closed"},
		{"mqtt.write", "5s", "a client that does not read: closed; no other waits for it"},
		{"mqtt.drain", "1s", "what is left of a connection that the platform ends: closed"},
		{"mqtt.chainBytes", "131072", "alert bad_certificate, reason oversize, no signature checked; TLS itself ends at 262144"},
		{"mqtt.packetBytes", "16184", "closed before the packet is read"},
		{"mqtt.connectBytes", "327690", "CONNECT: closed before it is read, reason oversize"},
		{"mqtt.subscriptions", "64", "SUBACK 0x80 for any more of a client"},
		{"mqtt.messagesInFlight", "256", "QoS 1 and 2 unacknowledged, each way: closed; nothing else is queued for a client"},
		{"rest.connections", "1/5 of open files", "who was silent longest makes room"},
		{"rest.connectionsPerAddress", "none", "the new connection is closed"},
		{"rest.header", "10s", "TLS handshake, or header of a request: closed"},
		{"rest.body", "30s", "a whole request: status 400, then closed"},
		{"rest.answer", "40s", "a client that does not read its answer: closed"},
		{"rest.idle", "2m0s", "silence between two requests: closed"},
		{"rest.headerBytes", "65536", "status 431, closed"},
		{"rest.jsonBytes", "1048576", "status 413 before the rest has come, closed"},
		{"rest.bodyBytes", "33554432", "a file of devices: status 413 before the rest has come, closed"},
		{"anchorsPerTenant", "2000", "status 422 for the next upload"},
		{"logLines", "20", "refusals for one reason in 10s: counted, and the count is logged"},
	}
}

// DefaultConnections is how many MQTT connections a platform in a process like this one
// has room for where its configuration does not say.
func DefaultConnections() int { return connectionsOf(openFiles()) }

func connectionsOf(openFiles int) int { return openFiles * 3 / 4 }

// withDefaults fills in what is not set, for a process that may have so many files open.
func (l Limits) withDefaults(openFiles int) (Limits, error) {
	l.MQTT.Connections = cmp.Or(l.MQTT.Connections, connectionsOf(openFiles))
	l.MQTT = MQTTLimits{l.MQTT.Timeouts.WithDefaults(), l.MQTT.Limits.WithDefaults()}
	r := &l.REST
	r.Connections = cmp.Or(r.Connections, openFiles/5)
	r.Header, r.Body = cmp.Or(r.Header, 10*time.Second), cmp.Or(r.Body, 30*time.Second)
	r.Answer, r.Idle = cmp.Or(r.Answer, 40*time.Second), cmp.Or(r.Idle, 2*time.Minute)
	r.HeaderBytes, r.JSONBytes, r.BodyBytes = cmp.Or(r.HeaderBytes, 64<<10), cmp.Or(r.JSONBytes, 1<<20), cmp.Or(r.BodyBytes, 32<<20)
	l.AnchorsPerTenant, l.LogLines = cmp.Or(l.AnchorsPerTenant, 2000), cmp.Or(l.LogLines, 20)
	return l, notNegative("limits", reflect.ValueOf(l))
}

// notNegative looks at every number of a struct.
func notNegative(path string, v reflect.Value) error {
	if v.CanInt() {
		if v.Int() < 0 {
			return fmt.Errorf("%s: %v is less than 0", path, v)
		}
		return nil
	}
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("yaml")
		if key == ",inline" {
			key = path
		} else {
			key = path + "." + key
		}
		if err := notNegative(key, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}
