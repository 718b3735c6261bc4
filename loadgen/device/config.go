package device

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
	"unicode/utf8"
)

// Identity is what a device presents in the TLS handshake. The entries of Chain are sent as they are, in this order, and may
// hold any bytes; Key signs the handshake and need not fit the first entry. With an empty Chain an empty Certificate message
// is sent and Key is not used.
type Identity struct {
	Chain [][]byte
	Key   crypto.Signer
}

// Config says whom to connect to and as whom. It may be shared by any number of attempts; Connect does not change it.
type Config struct {
	// Address is host:port of the MQTT listener. Required.
	Address string
	// ServerName is the name that the server's certificate must bear, sent as SNI unless it is an IP address. Optional: the
	// host of Address.
	ServerName string
	// RootCAs are the trust anchors for the server's certificate. Optional: the system's.
	RootCAs *x509.CertPool
	// MinVersion and MaxVersion bound the TLS version, as tls.VersionTLS12. Optional: TLS 1.2 and TLS 1.3.
	MinVersion, MaxVersion uint16
	// Identity is presented when the server asks for a certificate. Optional: an empty Certificate message.
	Identity *Identity
	// ClientID is the Client Identifier.
	ClientID string
	// Username and Password are left out of CONNECT when empty. They never appear in an Outcome or an error.
	Username, Password string
	// KeepAlive is announced in CONNECT in whole seconds, rounded up, and kept by PINGREQs. Optional: 60 s. Negative: none.
	KeepAlive time.Duration
	// Settle is how long to listen, once a TLS 1.3 handshake is done, for an alert before CONNECT is sent. It tells a
	// refusal in TLS from one in MQTT where the server gives no alert. Optional: not at all.
	Settle time.Duration
	// BeforeConnect is called once the handshake is over, right before CONNECT is sent. Optional.
	BeforeConnect func(context.Context)
	// Timeouts bound the phases.
	Timeouts Timeouts
	// Dialer opens the TCP connection; network is always "tcp". Optional: a net.Dialer without TCP keep-alive.
	Dialer func(ctx context.Context, network, address string) (net.Conn, error)
	// Ended is called once, when the Network Connection of an admitted device has ended, in the goroutine that read from it. It
	// spares whoever holds thousands of devices a goroutine for each that waits for Closed. Optional.
	Ended func(End)
	// TLS and MQTT hold what is rarely needed.
	TLS  TLSOptions
	MQTT MQTTOptions
}

// Timeouts bound the phases of an attempt and the answers awaited later. Each is optional and must not be negative.
type Timeouts struct {
	// Connect bounds name resolution and the TCP handshake. Default 5 s.
	Connect time.Duration
	// Handshake bounds the TLS handshake. Default 10 s.
	Handshake time.Duration
	// Response bounds each awaited packet, from CONNACK on, and each write. Default 10 s.
	Response time.Duration
	// Close is how long, after a refusal or DISCONNECT, the platform is watched closing the connection. Default 250 ms.
	Close time.Duration
}

// TLSOptions are what of TLS is rarely set.
type TLSOptions struct {
	// CurvePreferences are the key exchanges on offer. Optional: X25519, P-256, P-384, P-521, without the post-quantum hybrids
	// that constrained devices do not send and that cost a load generator a fifth of its processor.
	CurvePreferences []tls.CurveID
	// Sessions lets a session be resumed, which keeps the platform from seeing the certificate again. One cache serves one
	// identity: shared, a device would resume as another. Optional: no resumption.
	Sessions tls.ClientSessionCache
	// Time is the clock by which the server's certificate is judged. Optional: time.Now.
	Time func() time.Time
	// Verifier judges the server's certificate and remembers the chains that were good. Optional: crypto/tls judges each anew.
	Verifier *Verifier
}

// MQTTOptions are what of MQTT is rarely set.
type MQTTOptions struct {
	// ProtocolLevel of CONNECT: 3 goes with the protocol name "MQIsdp", every other value with "MQTT". Optional: 4, MQTT 3.1.1.
	ProtocolLevel byte
	// KeepSession sends Clean Session 0.
	KeepSession bool
	// Will is the Will Message. Optional.
	Will *Message
	// Mute sends no PINGREQ except by Ping, so that the platform's guard over the Keep Alive can be seen at work.
	Mute bool
	// MaxPacket bounds the Remaining Length of a packet from the platform, in bytes; a longer one ends the connection before it
	// is read. Optional: 1 MiB.
	MaxPacket int
}

const (
	defaultKeepAlive        = 60 * time.Second
	defaultConnectTimeout   = 5 * time.Second
	defaultHandshakeTimeout = 10 * time.Second
	defaultResponseTimeout  = 10 * time.Second
	defaultCloseTimeout     = 250 * time.Millisecond
	defaultMaxPacket        = 1 << 20
	defaultProtocolLevel    = 4
	maxStringLength         = 1<<16 - 1 // MQTT 3.1.1 §1.5.3
	maxKeepAlive            = (1<<16 - 1) * time.Second
)

// classicCurves is a function for want of constant slices.
func classicCurves() []tls.CurveID {
	return []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
}

// completed returns c with its defaults filled in, or all that is wrong with it.
func (c Config) completed() (Config, error) {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		err = fmt.Errorf("address %q: %w", c.Address, err)
	}
	if err := errors.Join(err, c.checkStrings(), c.checkIdentity(), c.checkTimes()); err != nil {
		return Config{}, err
	}
	fill(&c.ServerName, host)
	fill(&c.MinVersion, tls.VersionTLS12)
	fill(&c.MaxVersion, max(tls.VersionTLS13, c.MinVersion))
	fill(&c.KeepAlive, defaultKeepAlive)
	fill(&c.Timeouts.Connect, defaultConnectTimeout)
	fill(&c.Timeouts.Handshake, defaultHandshakeTimeout)
	fill(&c.Timeouts.Response, defaultResponseTimeout)
	fill(&c.Timeouts.Close, defaultCloseTimeout)
	fill(&c.MQTT.ProtocolLevel, defaultProtocolLevel)
	fill(&c.MQTT.MaxPacket, defaultMaxPacket)
	if c.KeepAlive < 0 {
		c.KeepAlive = 0
	}
	if c.TLS.CurvePreferences == nil {
		c.TLS.CurvePreferences = classicCurves()
	}
	if c.Dialer == nil {
		c.Dialer = (&net.Dialer{KeepAlive: -1}).DialContext
	}
	if c.MinVersion > c.MaxVersion {
		return Config{}, fmt.Errorf("lowest TLS version %s is above the highest, %s",
			tls.VersionName(c.MinVersion), tls.VersionName(c.MaxVersion))
	}
	return c, nil
}

func (c *Config) checkIdentity() error {
	if c.Identity != nil && len(c.Identity.Chain) > 0 && c.Identity.Key == nil {
		return errors.New("identity has a chain and no key")
	}
	return nil
}

func (c *Config) checkTimes() error {
	var errs []error
	for _, bound := range []struct {
		name string
		d    time.Duration
	}{
		{"settle time", c.Settle},
		{"connect time-out", c.Timeouts.Connect},
		{"handshake time-out", c.Timeouts.Handshake},
		{"response time-out", c.Timeouts.Response},
		{"close time-out", c.Timeouts.Close},
	} {
		if bound.d < 0 {
			errs = append(errs, fmt.Errorf("%s %s is negative", bound.name, bound.d))
		}
	}
	if c.KeepAlive > maxKeepAlive {
		errs = append(errs, fmt.Errorf("keep alive %s exceeds %s", c.KeepAlive, maxKeepAlive))
	}
	if c.MQTT.MaxPacket < 0 {
		errs = append(errs, fmt.Errorf("largest packet %d is negative", c.MQTT.MaxPacket))
	}
	return errors.Join(errs...)
}

// checkStrings refuses what the wire cannot carry. A Client Identifier that is merely bad (not UTF-8, say) is let by: sending
// such a one may be the point. Values are not quoted, for two of them are secrets.
func (c *Config) checkStrings() error {
	var errs []error
	for _, field := range []struct{ name, value string }{
		{"client id", c.ClientID},
		{"username", c.Username},
		{"password", c.Password},
	} {
		if len(field.value) > maxStringLength {
			errs = append(errs, fmt.Errorf("%s has %d bytes, more than %d", field.name, len(field.value), maxStringLength))
		}
	}
	if will := c.MQTT.Will; will != nil {
		errs = append(errs, checkTopic("will topic", will.Topic), checkQoS(will.QoS))
		if len(will.Payload) > maxStringLength {
			errs = append(errs, fmt.Errorf("will payload has %d bytes, more than %d", len(will.Payload), maxStringLength))
		}
	}
	return errors.Join(errs...)
}

// checkTopic applies to topic names and filters alike; whether they are allowed is the platform's business.
func checkTopic(what, topic string) error {
	switch {
	case topic == "":
		return fmt.Errorf("%s is empty", what)
	case len(topic) > maxStringLength:
		return fmt.Errorf("%s has %d bytes, more than %d", what, len(topic), maxStringLength)
	case !utf8.ValidString(topic):
		return fmt.Errorf("%s is not UTF-8", what)
	}
	return nil
}

func checkQoS(qos byte) error {
	if qos > 2 {
		return fmt.Errorf("QoS %d is not 0, 1 or 2", qos)
	}
	return nil
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
