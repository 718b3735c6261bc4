package suites

import (
	"context"
	"slices"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
)

// A device listens for a late refusal before it sends CONNECT: in TLS 1.3 its
// handshake is over before the platform has judged the chain, and a platform
// that closes with our CONNECT unread resets the connection, alert and all. How
// long hangs on how far away the platform is. A good twin need not listen: where
// it is refused, the form matters to nobody.
const (
	leastSettle = 10 * time.Millisecond
	settleTrips = 2
	mostSettle  = 2 * time.Second
)

// closeTrips is how many round trips the platform is watched closing, if that is
// longer than leastClose.
const (
	closeTrips = 4
	leastClose = 250 * time.Millisecond
)

// Device returns how a device with this presentation connects: over the TLS
// version of the spec, or all of them where it has no such axis.
func (e *Env) Device(p certfactory.Presentation) device.Config {
	trip := e.session.trip()
	config := device.Config{
		Address: e.Target.MQTT.Address, ServerName: e.Target.MQTT.ServerName, RootCAs: e.Target.MQTT.RootCAs,
		ClientID: p.ClientID,
		Settle:   min(leastSettle+settleTrips*trip, mostSettle),
		Timeouts: device.Timeouts{
			Connect: e.Target.Timing.Connect, Handshake: e.Target.Timing.Connect, Response: e.Target.Timing.Response,
			Close: max(leastClose, closeTrips*trip),
		},
	}
	if len(p.Chain) > 0 {
		config.Identity = &device.Identity{Chain: p.Chain, Key: p.Key}
	}
	versions := e.Target.MQTT.Versions
	config.MinVersion, config.MaxVersion = versions[0], versions[len(versions)-1]
	if e.variant.tls != 0 {
		config.MinVersion, config.MaxVersion = e.variant.tls, e.variant.tls
	}
	return config
}

// Try plays one device up to CONNACK, hangs up, and records what was seen. Where
// a device was refused and the REST interface shows device users, it also looks
// whether one came to be. Silence, a closed port and a server that the device
// does not trust prove nothing: they leave the spec inconclusive.
func (e *Env) Try(ctx context.Context, role string, p certfactory.Presentation) device.Outcome {
	return e.Attempt(ctx, role, e.Device(p))
}

// Attempt is Try for a device that connects in a way of its own.
func (e *Env) Attempt(ctx context.Context, role string, config device.Config) device.Outcome {
	outcome := e.Watch(ctx, role, config)
	if !outcome.Admitted() && !outcome.Refused() {
		e.Inconclusive("no answer to judge (%s): %s", role, outcome.Detail)
	}
	return outcome
}

// Watch is Attempt for specs that can judge more than admission: it leaves
// every outcome but silence to them.
func (e *Env) Watch(ctx context.Context, role string, config device.Config) device.Outcome {
	if role != reports.RoleCase {
		config.Settle = 0
	}
	d, outcome := e.attempt(ctx, config)
	if control(role) {
		e.session.steady.note(e.kind(config), outcome)
	}
	evidence := evidenceOf(role, outcome)
	if d != nil {
		_ = d.Disconnect(ctx) // the verdict is about the way in
		e.Made(config.ClientID)
	} else if outcome.Refused() {
		evidence.SideEffects = e.sideEffects(ctx, config.ClientID)
	}
	e.Record(evidence)
	e.trial.showDevice(role, config, outcome)
	if role == reports.RoleCase {
		e.Observe("%s", outcome.Detail)
		if outcome.Refused() {
			e.lookAround(ctx)
		}
	}
	if outcome.TimedOut || outcome.Layer == device.LayerTCPConnect {
		e.trial.unsteady = e.trial.unsteady || role != reports.RoleCase
		e.Inconclusive("no answer to judge (%s): %s", role, outcome.Detail)
	}
	return outcome
}

// roleAnyVersion is that of a good device over whatever TLS version it gets.
const roleAnyVersion = "control-any-version"

// control reports whether an attempt of that role has to be admitted for the spec
// to be judged.
func control(role string) bool {
	return slices.Contains([]string{reports.RoleControlBefore, reports.RoleControlAfter, roleAnyVersion}, role)
}

// lookAround looks, while the spec goes on, whether the bystander lives; the
// evidence that was recorded last says so when the spec is over.
func (e *Env) lookAround(ctx context.Context) {
	at, look := len(e.trial.evidence)-1, make(chan string, 1)
	go func() { look <- e.session.bystander.lives(ctx) }()
	e.Cleanup(func() {
		seen := <-look
		if e.trial.evidence[at].Bystander = seen; seen == reports.BystanderDisconnected {
			e.Remark("a good device that was connected all the while lost its connection")
		}
	})
}

// Connect plays one good device up to CONNACK and keeps it connected until the
// end of the spec; the spec is inconclusive unless it is admitted.
func (e *Env) Connect(ctx context.Context, p certfactory.Presentation) *device.Device {
	e.Trust(ctx, p.Anchors...)
	return e.ConnectAs(ctx, e.Device(p))
}

// ConnectAs is Connect for a device that connects in a way of its own, and whose
// trust anchors stand.
func (e *Env) ConnectAs(ctx context.Context, config device.Config) *device.Device {
	d, outcome := e.attempt(ctx, config)
	e.session.steady.note(e.kind(config), outcome)
	e.Record(evidenceOf(RolePreamble, outcome))
	e.trial.showDevice(RolePreamble, config, outcome)
	if d == nil {
		e.trial.unsteady = true
		e.Inconclusive("a good device was not admitted: %s", outcome.Detail)
	}
	e.Made(config.ClientID)
	e.Cleanup(func() { _ = d.Close() })
	return d
}

func (e *Env) attempt(ctx context.Context, config device.Config) (*device.Device, device.Outcome) {
	e.Pace(ctx)
	d, outcome, err := device.Connect(ctx, config)
	if err != nil {
		e.Fault(err)
	}
	if outcome.TimedOut {
		e.trial.silent = true
	}
	if outcome.Admitted() {
		e.session.measure(outcome.Times.Connack)
	}
	return d, outcome
}

// Pace waits until the target may be connected to once more: what opens a
// connection by itself calls it before.
func (e *Env) Pace(ctx context.Context) { e.trial.waited += e.session.pace.wait(ctx) }

// Overhear waits up to a bound for one more message to a device and returns its
// topic; "" where none comes.
func (e *Env) Overhear(ctx context.Context, d *device.Device, bound time.Duration) string {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	m, err := d.Receive(ctx)
	e.trial.waited += time.Since(started)
	if err != nil {
		return ""
	}
	return m.Topic
}

// RolePreamble is the role of evidence about what had to stand before the
// stimulus.
const RolePreamble = "preamble"

// sideEffects looks whether a device user came to be. No interface that we know
// shows the device itself.
func (e *Env) sideEffects(ctx context.Context, clientID string) *reports.SideEffects {
	effects := &reports.SideEffects{DeviceUser: reports.NotObserved, Device: reports.NotObserved}
	switch exists, known := e.UserExists(ctx, clientID); {
	case known && exists && e.session.knows(clientID): // from before
	case known && exists:
		effects.DeviceUser = reports.Created
		e.Made(clientID)
	case known:
		effects.DeviceUser = reports.NotCreated
	}
	return effects
}

// UserExists asks whether the first tenant has the user of the device with this
// Client Identifier; known is false where the platform does not say.
func (e *Env) UserExists(ctx context.Context, clientID string) (exists, known bool) {
	return e.UserExistsIn(ctx, 0, clientID)
}

// UserExistsIn is UserExists for a tenant by its number.
func (e *Env) UserExistsIn(ctx context.Context, tenant int, clientID string) (exists, known bool) {
	users := e.Target.Users()
	if users == nil || clientID == "" {
		return false, false
	}
	exists, err := users.UserExists(ctx, tenant, DeviceUser(clientID))
	return exists, err == nil
}

// evidenceOf writes an outcome in the words of reports.
func evidenceOf(role string, o device.Outcome) reports.Evidence {
	evidence := reports.Evidence{
		Role: role, Layer: string(o.Layer), CertificateRequested: o.CertificateRequested, CertificateSent: o.CertificateSent,
		AcceptableCAs: len(o.AcceptableCAs), ClosedBy: o.ClosedBy, Close: o.Close, TimedOut: o.TimedOut,
		Times: reports.Times{
			TCP: reports.InMilliseconds(o.Times.TCP), TLS: reports.InMilliseconds(o.Times.TLS), CONNACK: reports.InMilliseconds(o.Times.Connack),
		},
		Detail: o.Detail,
	}
	if o.TLSVersion != 0 {
		evidence.TLSVersion = versionName(o.TLSVersion)
	}
	if o.Alert != nil {
		evidence.Alert = &reports.Alert{Level: o.Alert.Level, Code: int(o.Alert.Code), Name: o.Alert.Name}
	}
	if o.ReturnCode != nil {
		code := int(*o.ReturnCode)
		evidence.ReturnCode = &code
	}
	return evidence
}
