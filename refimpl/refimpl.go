// Package refimpl is the reference platform: what the specification asks of a platform,
// in code, to test against, to compare with, and to break on purpose.
//
// A Platform has three doors: MQTT over TLS for devices (package broker), a REST API over
// HTTPS for people and for devices with a token (package rest), and, if asked for, a
// management API over plain HTTP on the loopback interface for what a tester wants to turn
// and to see. All state is in package registry, in memory or kept by package disk. What makes a device a
// device of a tenant is decided in package trust: whoever wonders what a clause
// means reads it there.
//
// The package shares no code with those that test platforms, so that where the two agree
// that is evidence.
package refimpl

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/broker"
	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/gate"
	"github.com/chainmail-iot/chainmail/refimpl/quietlog"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/rest"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
	"github.com/chainmail-iot/chainmail/refimpl/token"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
	"github.com/chainmail-iot/chainmail/refimpl/web"
)

// Addresses says where a started platform is reached.
type Addresses struct {
	// MQTT is host:port of the MQTT door (TLS).
	MQTT string
	// REST is the base URL of the REST API, without a slash at its end.
	REST string
	// Management is the base URL of the management API; empty if there is none.
	Management string
}

// A Platform is one reference platform.
type Platform struct {
	config     Config
	registry   *registry.Registry
	data       io.Closer // the data folder; nil: none
	tokens     *token.Issuer
	broker     *broker.Broker
	authority  authority
	rest       *http.Server
	management *http.Server

	witness *witness
	quiet   *quietlog.Handler
	knobs   stage.Knobs

	maxChainLength atomic.Int64
	offset         atomic.Int64 // of the clock, a time.Duration
	running        sync.WaitGroup
	addresses      Addresses
}

// New returns a platform that is not started. It has its data folder open already, if there
// is one: whoever does not start the platform closes it all the same. Every fault of the
// configuration is reported; an error of the data folder is one of package disk's.
func New(c Config) (*Platform, error) {
	c, err := withDefaults(c)
	if err != nil {
		return nil, fmt.Errorf("configure reference platform: %w", err)
	}
	deviations, err := deviation.Parse(c.Deviations)
	if err != nil {
		return nil, fmt.Errorf("configure reference platform: %w", err)
	}
	p := &Platform{config: c, witness: newWitness(), quiet: quietlog.New(c.Log.Handler(), quietlog.Config{Lines: c.Limits.LogLines})}
	p.config.Log = slog.New(p.quiet)
	c.Log = p.config.Log
	if err := p.remember(deviations); err != nil {
		return nil, errors.Join(err, p.closeData())
	}
	certificate, err := p.mqttCertificate(deviations)
	if err != nil {
		return nil, errors.Join(err, p.closeData())
	}
	p.broker = broker.New(broker.Config{
		Registry: p.registry, Tokens: p.tokens, Certificate: certificate,
		MaxChainLength: p.maxLength, AnchorOptional: c.AnchorOptional, LateRefusal: c.LateRefusal,
		Deviations: deviations, Now: p.now, Log: c.Log, Observe: p.witness.observe, Knobs: &p.knobs,
		Timeouts: c.Limits.MQTT.Timeouts, Limits: c.Limits.MQTT.Limits,
	})
	p.rest = server(httpLog(c.Log, "rest"), p.restAPI(deviations), c.Limits.REST)
	p.rest.ConnState = connState
	p.rest.TLSConfig = &tls.Config{Certificates: []tls.Certificate{p.authority.server}, MinVersion: tls.VersionTLS12}
	if deviations.Has(deviation.WebSocketAdmitsDevices) { // DC-TLS-03
		p.rest.TLSConfig.ClientAuth = tls.RequestClientCert
	}
	p.management = server(httpLog(c.Log, "management"), p.managementAPI(), c.Limits.REST)
	return p, nil
}

// remember opens what the platform knows from before, or begins to know.
func (p *Platform) remember(deviations deviation.Set) error {
	c, err := &p.config, error(nil)
	if p.registry, p.data, err = openRegistry(*c); err != nil {
		return fmt.Errorf("configure reference platform: %w", err)
	}
	c.Tenants = p.registry.TenantConfigs()
	p.registry.SetMaxAnchors(c.Limits.AnchorsPerTenant)
	if err := p.recallMaxLength(); err != nil {
		return err
	}
	if p.authority, err = recallAuthority(p.registry, c.ServerNames); err != nil {
		return err
	}
	if p.tokens, err = token.New(token.Config{
		Host: c.ServerNames[0], Algorithm: c.TokenAlgorithm, Options: p.registry, Now: p.now, Memory: p.registry,
		Deviations: deviations,
	}); err != nil {
		return err
	}
	return p.registry.Sync()
}

// restAPI serves the REST API, and beside it the web page and MQTT over WebSocket.
func (p *Platform) restAPI(deviations deviation.Set) http.Handler {
	api := rest.New(rest.Config{
		Registry: p.registry, Tokens: p.tokens, Sessions: p.broker, Host: p.config.ServerNames[0],
		Rules: func() trust.Rules { return trust.Rules{Now: p.now(), Deviations: deviations} },
		Now:   p.now, Log: p.config.Log, Knobs: &p.knobs, Deviations: deviations,
		MaxJSON: int64(p.config.Limits.REST.JSONBytes), MaxBody: int64(p.config.Limits.REST.BodyBytes),
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mqtt", p.serveWebSocket)
	web.Mount(mux, deviations)
	mux.Handle("/", p.witness.counted(api))
	return mux
}

// now is the platform's clock: that of the configuration, put forward or back by the
// management API.
func (p *Platform) now() time.Time { return p.config.Now().Add(time.Duration(p.offset.Load())) }

// server returns an HTTP server that gives nobody for ever.
func server(faults *log.Logger, h http.Handler, l RESTLimits) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: l.Header, ReadTimeout: l.Body,
		WriteTimeout: l.Answer, IdleTimeout: l.Idle, MaxHeaderBytes: l.HeaderBytes, ErrorLog: faults,
	}
}

// Start opens all doors and returns when they are open. A platform is started once.
func (p *Platform) Start() error {
	if err := checkLoopback(p.config.ManagementAddress); err != nil {
		return err
	}
	var mqtt, api, management net.Listener
	opened, err := listen(
		door{p.config.MQTTAddress, &mqtt}, door{p.config.RESTAddress, &api}, door{p.config.ManagementAddress, &management})
	if err != nil {
		for _, l := range opened {
			_ = l.Close()
		}
		return err
	}
	p.addresses = Addresses{MQTT: mqtt.Addr().String(), REST: "https://" + api.Addr().String()}
	p.serve("mqtt", func() error { return p.broker.Serve(mqtt) })
	limits := p.config.Limits.REST
	limited := &limitedListener{api, gate.New(gate.Config{Connections: limits.Connections, PerAddress: limits.PerAddress}), p.config.Log}
	p.serve("rest", func() error { return p.rest.ServeTLS(limited, "", "") })
	if management != nil {
		p.addresses.Management = "http://" + management.Addr().String()
		p.serve("management", func() error { return p.management.Serve(management) })
	}
	return nil
}

// A door is an address and the listener that is to be opened on it.
type door struct {
	address  string
	listener *net.Listener
}

// listen opens the doors that have an address, and returns those that it opened before one
// would not open.
func listen(doors ...door) (opened []net.Listener, err error) {
	for _, d := range doors {
		if d.address == "" {
			continue
		}
		l, err := net.Listen("tcp", d.address)
		if err != nil {
			return opened, fmt.Errorf("listen on %s: %w", d.address, err)
		}
		*d.listener = l
		opened = append(opened, l)
	}
	return opened, nil
}

func (p *Platform) serve(door string, serve func() error) {
	p.running.Go(func() {
		if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) {
			p.config.Log.Error("serve", "door", door, "err", err)
		}
	})
}

// Addresses returns where the platform is reached. It is empty before Start.
func (p *Platform) Addresses() Addresses { return p.addresses }

// Tenants returns the tenants as they were when the platform was made, with the passwords of
// their users.
func (p *Platform) Tenants() []registry.TenantConfig { return slices.Clone(p.config.Tenants) }

// CA returns, as PEM, the CA certificate that the server certificate is signed by.
func (p *Platform) CA() []byte { return slices.Clone(p.authority.pem) }

// Close closes all doors, ends every session and waits until all is over or ctx is done; then
// it lets the data folder go.
func (p *Platform) Close(ctx context.Context) error {
	errs := []error{p.broker.Close(ctx), closeServer(ctx, p.rest), closeServer(ctx, p.management)}
	over := make(chan struct{})
	go func() {
		p.running.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-ctx.Done():
		errs = append(errs, ctx.Err())
	}
	p.quiet.Close()
	return errors.Join(append(errs, p.closeData())...)
}

// grace is how long requests under way may take once the platform closes. It is short
// because a browser holds connections open on which it may never ask for anything.
const grace = time.Second

// closeServer lets requests under way finish, within the grace and as long as ctx lasts.
func closeServer(ctx context.Context, s *http.Server) error {
	bounded, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := s.Shutdown(bounded); err != nil {
		return errors.Join(ctx.Err(), s.Close())
	}
	return nil
}
