package device

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Connect plays one device up to CONNACK. The Device is nil unless the Outcome says admitted.
//
// The error tells what stopped the tester, and never what the platform did: a faulty Config, no port or file left, a key that
// crypto/tls cannot use, a cancelled ctx. The Outcome then holds what was seen until there. A deadline of ctx is a bound like
// those of [Timeouts]: when it passes, the Outcome says TimedOut and there is no error.
func Connect(ctx context.Context, cfg Config) (*Device, Outcome, error) {
	cfg, err := cfg.completed()
	if err != nil {
		return nil, Outcome{}, fmt.Errorf("configure device: %w", err)
	}
	a := attempt{cfg: &cfg, out: Outcome{Times: Times{Started: time.Now()}}}
	d, err := a.run(ctx)
	if err != nil {
		a.out.Detail = "the tester was stopped"
		return nil, a.out, fmt.Errorf("connect to %s: %w", cfg.Address, err)
	}
	a.out.Detail = a.out.describe(a.cause)
	return d, a.out, nil
}

// errEnded stops an attempt whose outcome is complete.
var errEnded = errors.New("attempt ended")

// attempt is one Connect under way.
type attempt struct {
	cfg   *Config
	out   Outcome
	cause string
	cred  *credential
	wire  *wire
	conn  *tls.Conn
	in    *packetReader
}

func (a *attempt) run(ctx context.Context) (*Device, error) {
	if err := a.dial(ctx); err != nil {
		return nil, exceptEnded(err)
	}
	stop := context.AfterFunc(ctx, a.wire.interrupt)
	for _, step := range []func(context.Context) error{a.handshake, a.settle, a.connect} {
		if err := step(ctx); err != nil {
			stop()
			_ = a.wire.Close() // the outcome is known
			return nil, exceptEnded(err)
		}
	}
	if !stop() {
		_ = a.wire.Close()
		return nil, fmt.Errorf("stop after CONNACK: %w", context.Cause(ctx))
	}
	_ = a.wire.SetDeadline(time.Time{}) // fails only on a closed connection, which the reader reports
	a.wire.forgiving.Store(false)
	return newDevice(a.cfg, a.conn, a.wire, a.in), nil
}

func exceptEnded(err error) error {
	if err == errEnded {
		return nil
	}
	return err
}

func (a *attempt) dial(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, a.cfg.Timeouts.Connect)
	defer cancel()
	conn, err := a.cfg.Dialer(bounded, "tcp", a.cfg.Address)
	a.out.Times.TCP = time.Since(a.out.Times.Started)
	if err == nil {
		a.wire = &wire{Conn: conn, ahead: new(ahead)}
		return nil
	}
	a.out.Layer, a.out.DialError = LayerTCPConnect, err
	a.out.TimedOut = timedOut(err)
	a.cause = err.Error()
	if err := stopped(ctx, err); err != nil {
		return err
	}
	return errEnded
}

// stopped returns the error if it is the tester's own: cancelled, or out of something.
func stopped(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx)
	}
	for _, own := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM, syscall.EACCES, syscall.EPERM,
	} {
		if errors.Is(err, own) {
			return err
		}
	}
	return nil
}

func (a *attempt) handshake(ctx context.Context) error {
	a.cred = &credential{identity: a.cfg.Identity}
	a.wire.forgiving.Store(true)
	a.conn = tls.Client(a.wire, a.cfg.tlsConfig())
	a.in = newPacketReader(a.conn, a.cfg.MQTT.MaxPacket)
	a.wire.bound(ctx, a.cfg.Timeouts.Handshake)
	began := time.Now()
	err := a.conn.HandshakeContext(a.cred.context())
	a.out.Times.TLS = time.Since(began)
	state := a.conn.ConnectionState()
	a.out.TLSVersion, a.out.CipherSuite, a.out.Resumed = state.Version, state.CipherSuite, state.DidResume
	a.out.CertificateRequested = a.cred.requested
	a.out.AcceptableCAs, a.cred.acceptable = a.cred.acceptable, nil
	a.out.CertificateSent = a.cred.sent
	if err != nil {
		return a.end(ctx, err, LayerTLSHandshake)
	}
	a.wire.handshaken()
	return nil
}

// settle listens for the refusal of a TLS 1.3 server, which can only come when the device's handshake is over.
func (a *attempt) settle(ctx context.Context) error {
	if a.cfg.Settle == 0 || a.out.TLSVersion < tls.VersionTLS13 {
		return nil
	}
	a.wire.bound(ctx, a.cfg.Settle)
	err := a.in.fill(1)
	switch {
	case err == nil:
		a.violation("bytes before CONNECT")
		return nil
	case timedOut(err) && ctx.Err() == nil:
		return nil
	}
	return a.end(ctx, err, LayerTLSPostHandshake)
}

func (a *attempt) connect(ctx context.Context) error {
	if a.cfg.BeforeConnect != nil {
		a.cfg.BeforeConnect(ctx)
	}
	a.wire.bound(ctx, a.cfg.Timeouts.Response)
	began := time.Now()
	err := a.cfg.connectPacket().Write(a.conn)
	if err != nil {
		return a.end(ctx, err, LayerTLSPostHandshake)
	}
	kind, packet, err := a.in.next()
	a.out.Times.Connack = time.Since(began)
	if err != nil {
		return a.end(ctx, err, LayerMQTTConnack)
	}
	connack, ok := packet.(*packets.ConnackPacket)
	if !ok {
		return a.end(ctx, malformed("%s in place of CONNACK, MQTT-3.2.0-1", typeName(kind)), LayerMQTTConnack)
	}
	a.judge(connack)
	if connack.ReturnCode == packets.Accepted {
		a.out.Layer = LayerAdmitted
		return nil
	}
	return a.refused(ctx)
}

// judge takes down what CONNACK says.
func (a *attempt) judge(connack *packets.ConnackPacket) {
	a.out.ReturnCode, a.out.SessionPresent = &connack.ReturnCode, connack.SessionPresent
	code := connack.ReturnCode
	if code > packets.ErrRefusedNotAuthorised {
		a.violation("CONNACK with reserved return code %d, MQTT 3.1.1 §3.2.2.3", code)
	}
	switch {
	case connack.SessionPresent && code != packets.Accepted:
		a.violation("CONNACK %d with Session Present, MQTT-3.2.2-4", code)
	case connack.SessionPresent && !a.cfg.MQTT.KeepSession:
		a.violation("Session Present after Clean Session 1, MQTT-3.2.2-1")
	}
}

// refused watches the platform close after a CONNACK that refuses, as MQTT-3.2.2-5 has it do.
func (a *attempt) refused(ctx context.Context) error {
	a.wire.bound(ctx, a.cfg.Timeouts.Close)
	for {
		kind, _, err := a.in.next()
		if err == nil {
			a.violation("%s after a CONNACK that refuses", typeName(kind))
			continue
		}
		if cancelled := stopped(ctx, err); cancelled != nil {
			return cancelled
		}
		a.out.adopt(conclude(err, a.wire))
		// That it was left to the tester to close takes nothing from the refusal, and the layer is that of the CONNACK.
		a.out.TimedOut, a.out.TLSError, a.out.LocalAlert = false, "", nil
		a.out.Layer = LayerMQTTConnack
		return errEnded
	}
}

// end completes the outcome from the error that stopped the attempt in that layer.
func (a *attempt) end(ctx context.Context, err error, layer Layer) error {
	if own := errors.Join(stopped(ctx, err), a.cred.unusable(err)); own != nil {
		return own
	}
	a.wire.bound(ctx, a.cfg.Timeouts.Close)
	ending := conclude(err, a.wire)
	a.out.adopt(ending)
	a.cause = ending.Detail
	if _, ok := errors.AsType[*violation](err); ok {
		a.violation("%s", ending.Detail)
	}
	if layer == LayerMQTTConnack {
		switch {
		case ending.Alert != nil, ending.TLSError != "", a.wire.deaf.Load():
			layer = LayerTLSPostHandshake
		case ending.ClosedBy == ByPeer:
			layer = LayerMQTTClose
		}
	}
	a.out.Layer = layer
	return errEnded
}

// maxViolations is how many breaches an Outcome tells of.
const maxViolations = 16

func (a *attempt) violation(format string, args ...any) {
	if len(a.out.Violations) < maxViolations {
		a.out.Violations = append(a.out.Violations, fmt.Sprintf(format, args...))
	}
}

// connectPacket builds CONNECT, MQTT 3.1.1 §3.1.
func (c *Config) connectPacket() *packets.ConnectPacket {
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion = "MQTT", c.MQTT.ProtocolLevel
	if c.MQTT.ProtocolLevel == 3 {
		p.ProtocolName = "MQIsdp"
	}
	p.CleanSession = !c.MQTT.KeepSession
	p.Keepalive = uint16((c.KeepAlive + time.Second - 1) / time.Second)
	p.ClientIdentifier = c.ClientID
	p.UsernameFlag, p.Username = c.Username != "", c.Username
	p.PasswordFlag, p.Password = c.Password != "", []byte(c.Password)
	if will := c.MQTT.Will; will != nil {
		p.WillFlag, p.WillQos, p.WillRetain = true, will.QoS, will.Retain
		p.WillTopic, p.WillMessage = will.Topic, will.Payload
	}
	return p
}
