// Package target holds what we know of the system under test: its target file,
// the REST interface, and the driver that puts trust anchors on it.
//
// [Load] reads a target file (kind: Target) into a [Target]. A [Driver] adds and
// removes trust anchors; which one is used is said in the file. What the
// platform answers is an observation and never an error: an error of this
// package means that we could not even ask.
package target

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"time"
)

// A Target is a system under test as the run sees it, with its secrets resolved.
// It is read-only once opened.
type Target struct {
	Name           string // the target file, or "embedded reference platform"
	Implementation Implementation
	MQTT           MQTT
	REST           *REST      // nil: the platform has no REST interface that we may use
	Management     Management // nil: none
	Page           *Page      // nil: the platform has no web page that we may use
	Driver         Driver
	Capabilities   []Capability
	Policy         Policy
	Timing         Timing
	Safety         Safety
}

// Implementation says whose platform it is, for the report.
type Implementation struct {
	Organization string `yaml:"organization,omitempty" json:"organization,omitempty"`
	Product      string `yaml:"product,omitempty" json:"product,omitempty"`
	Version      string `yaml:"version,omitempty" json:"version,omitempty"`
	URL          string `yaml:"url,omitempty" json:"url,omitempty"`
}

// MQTT is where devices connect.
type MQTT struct {
	Address    string         // host:port
	ServerName string         // name that the server certificate must bear
	RootCAs    *x509.CertPool // trust store of the devices
	Versions   []uint16       // TLS versions that the platform offers, ascending
	CAFile     string         // path of the trust store, for command lines
}

// Timing bounds every wait: the largest time that a conforming platform may need.
type Timing struct {
	Connect     time.Duration // TCP connect and TLS handshake, each; default 5s
	Response    time.Duration // an answer over MQTT or HTTP; default 10s
	Convergence time.Duration // until a changed trust anchor is in force; default 5s
	// Pause is the least time between two connections that the tester opens; default
	// none. It is for platforms that limit the rate of connections.
	Pause time.Duration
	// Backoff says what to do where good devices or requests are refused for a while.
	Backoff Backoff
}

// Backoff says how often, and after what time, a spec is tried again whose good
// device was not admitted, and a request over REST that the platform found to be
// one too many: the first time after First, then after twice as long each time, up
// to Most. The zero value tries no spec again, and a request after 1, 2, 4 and 8 s.
type Backoff struct {
	Tries       int
	First, Most time.Duration // default 1s and 30s
}

// Wait is how long to wait before the n-th try again, counted from 0.
func (b Backoff) Wait(n int) time.Duration {
	wait := b.First
	for range n {
		if wait = min(2*wait, b.Most); wait == b.Most {
			break
		}
	}
	return min(wait, b.Most)
}

// Capability names something that a platform may or may not have. What is not
// declared makes the specs that need it not-applicable.
type Capability string

// The capabilities.
const (
	// TrustedCertificates: the REST interface manages trust anchors.
	TrustedCertificates Capability = "trustedCertificates"
	// AnchorChanges: the driver enables and disables trust anchors and switches
	// their auto-registration.
	AnchorChanges Capability = "anchorChanges"
	// MaxChainLengthSetting: the management interface sets the maximum chain length.
	MaxChainLengthSetting Capability = "maxChainLengthSetting"
	// MQTTTokens: devices get tokens over s/uat and s/dat.
	MQTTTokens Capability = "mqttTokens"
	// DeviceUsers: the REST interface shows, disables and deletes device users.
	DeviceUsers Capability = "deviceUsers"
	// TenantOptions: the REST interface reads and writes tenant options.
	TenantOptions Capability = "tenantOptions"
	// BulkRegistration: the REST interface registers devices by a CSV file.
	BulkRegistration Capability = "bulkRegistration"
	// SingleRegistration: the REST interface registers devices one by one.
	SingleRegistration Capability = "singleRegistration"
	// Clock: the management interface puts the platform's clock forward.
	Clock Capability = "clock"
	// WebPage: a person manages trust anchors on a web page.
	WebPage Capability = "webPage"
	// SecondTenant: the target file names a second tenant.
	SecondTenant Capability = "secondTenant"
	// UserWithoutRole: the target file names a user that may not manage trust anchors.
	UserWithoutRole Capability = "userWithoutRole"
)

// declarable are the capabilities that a target file lists; the others follow
// from what it contains.
var declarable = []Capability{
	TrustedCertificates, MQTTTokens, DeviceUsers, TenantOptions, BulkRegistration, SingleRegistration, MaxChainLengthSetting, Clock,
	WebPage,
}

// An Opener is a driver that must be started. Open returns the capabilities that
// it brings beside those of the target file.
type Opener interface {
	Open(ctx context.Context) ([]Capability, error)
}

// Open starts the driver, where it is a program. Nothing is sent to the platform.
// Close the target in any case.
func (t *Target) Open(ctx context.Context) error {
	opener, ok := t.Driver.(Opener)
	if !ok {
		return nil
	}
	found, err := opener.Open(ctx)
	if err != nil {
		return err
	}
	for _, c := range found {
		if !t.Has(c) {
			t.Capabilities = append(t.Capabilities, c)
		}
	}
	if m, ok := t.Driver.(Management); ok && t.Management == nil && (t.Has(MaxChainLengthSetting) || t.Has(Clock)) {
		t.Management = m
	}
	return nil
}

// Close ends the driver, where it is a program, and drops idle connections.
func (t *Target) Close() error {
	if t.REST != nil {
		t.REST.Close()
	}
	if closer, ok := t.Driver.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// Users manages the users of devices; nil where the target does not declare them.
func (t *Target) Users() UserManager {
	if !t.Has(DeviceUsers) {
		return nil
	}
	if users, ok := t.Driver.(UserManager); ok {
		return users
	}
	if t.REST != nil {
		return &Cumulocity{REST: t.REST}
	}
	return nil
}

// Declarable reports whether a target file can list the capability.
func Declarable(c Capability) bool { return slices.Contains(declarable, c) }

// Has reports whether the target declares the capability.
func (t *Target) Has(c Capability) bool { return slices.Contains(t.Capabilities, c) }

// Endpoints returns every host:port that the target names, MQTT first.
func (t *Target) Endpoints() []string {
	endpoints := []string{t.MQTT.Address}
	if t.REST != nil {
		endpoints = append(endpoints, hostPort(t.REST.BaseURL))
	}
	if m, ok := t.Management.(*HTTPManagement); ok {
		endpoints = append(endpoints, hostPort(m.BaseURL))
	}
	if t.Page != nil && !slices.Contains(endpoints, hostPort(t.Page.URL)) {
		endpoints = append(endpoints, hostPort(t.Page.URL))
	}
	return endpoints
}

// An UnreachableError says that an address of the target accepts no connection:
// nothing was judged.
type UnreachableError struct {
	Address string
	Err     error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("reach %s: %v", e.Address, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Reach opens and closes a TCP connection to every endpoint. Its error, if any,
// is an [*UnreachableError].
func (t *Target) Reach(ctx context.Context) error {
	dialer := net.Dialer{Timeout: t.Timing.Connect}
	for _, address := range t.Endpoints() {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return &UnreachableError{Address: address, Err: err}
		}
		_ = conn.Close() // nothing was sent that could be lost
	}
	return nil
}

// hostPort returns the host and port of a base URL, with the scheme's default port.
func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "http" {
		return net.JoinHostPort(u.Hostname(), "80")
	}
	return net.JoinHostPort(u.Hostname(), "443")
}
