// Package refimpl is the reference platform: what the specification asks of a platform,
// in code, to test against, to compare with, and to break on purpose.
//
// A Platform has three doors: MQTT over TLS for devices (package broker), a REST API over
// HTTPS for people and for devices with a token (package rest), and, if asked for, a
// management API over plain HTTP on the loopback interface for what a tester wants to turn
// and to see. All state is in package registry, in memory. What makes a device a
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
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/broker"
	"github.com/chainmail-iot/chainmail/refimpl/deviation"
	"github.com/chainmail-iot/chainmail/refimpl/registry"
	"github.com/chainmail-iot/chainmail/refimpl/rest"
	"github.com/chainmail-iot/chainmail/refimpl/stage"
	"github.com/chainmail-iot/chainmail/refimpl/token"
	"github.com/chainmail-iot/chainmail/refimpl/trust"
)

// A Config describes a platform. The zero value is a conforming one on free ports of the
// loopback interface.
type Config struct {
	// MQTTAddress is where devices connect over TLS. Default 127.0.0.1:0, a free port.
	MQTTAddress string
	// RESTAddress is where the REST API is served over HTTPS. Default 127.0.0.1:0.
	RESTAddress string
	// ManagementAddress is where the management API is served over plain HTTP. It must be
	// a loopback address: whoever reaches it is not asked who they are. Default "": none.
	ManagementAddress string
	// Tenants are the tenants with their users and options. Default DefaultTenants().
	Tenants []registry.TenantConfig
	// MaxChainLength is the greatest number of certificates that a device may present, its
	// own and the anchor included (DC-CHAIN-10, 11). Default 2.
	MaxChainLength int
	// AnchorOptional admits a device certificate presented alone if its issuer was uploaded,
	// as the platform does since 2024. Default false (DC-CHAIN-01).
	AnchorOptional bool
	// LateRefusal lets the TLS handshake of a refused chain finish and refuses it with
	// CONNACK 5. Default false: the handshake ends with an alert.
	LateRefusal bool
	// TokenAlgorithm signs the tokens: ES256 or RS256 (the platform's own). Default ES256,
	// which is far cheaper to sign.
	TokenAlgorithm string
	// Deviations are names out of Deviations(): the clauses to break. Default none.
	Deviations []string
	// ServerNames are the host names and addresses that the server certificate is good
	// for; the first is the issuer of the tokens. Default localhost, 127.0.0.1, ::1.
	ServerNames []string
	// Now is the clock that certificates and tokens are judged by. Default time.Now.
	Now func() time.Time
	// Log gets a line for every refusal. Default: nothing is logged.
	Log *slog.Logger
}

// A Deviation is one named way of breaking one clause.
type Deviation = deviation.Deviation

// Deviations returns every deviation that Config.Deviations may name.
func Deviations() []Deviation { return deviation.All() }

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
	tokens     *token.Issuer
	broker     *broker.Broker
	authority  authority
	rest       *http.Server
	management *http.Server

	witness *witness
	knobs   stage.Knobs

	maxChainLength atomic.Int64
	offset         atomic.Int64 // of the clock, a time.Duration
	running        sync.WaitGroup
	addresses      Addresses
}

// New returns a platform that is not started. Every fault of the configuration is reported.
func New(c Config) (*Platform, error) {
	c, err := withDefaults(c)
	if err != nil {
		return nil, fmt.Errorf("configure reference platform: %w", err)
	}
	deviations, err := deviation.Parse(c.Deviations)
	if err != nil {
		return nil, fmt.Errorf("configure reference platform: %w", err)
	}
	p := &Platform{config: c, witness: newWitness()}
	p.maxChainLength.Store(int64(c.MaxChainLength))
	if p.registry, err = registry.New(c.Tenants); err != nil {
		return nil, fmt.Errorf("configure reference platform: %w", err)
	}
	if p.authority, err = newAuthority(c.ServerNames); err != nil {
		return nil, err
	}
	if p.tokens, err = token.New(token.Config{
		Host: c.ServerNames[0], Algorithm: c.TokenAlgorithm, Options: p.registry, Now: p.now,
	}); err != nil {
		return nil, err
	}
	p.broker = broker.New(broker.Config{
		Registry: p.registry, Tokens: p.tokens, Certificate: p.authority.server,
		MaxChainLength: p.maxLength, AnchorOptional: c.AnchorOptional, LateRefusal: c.LateRefusal,
		Deviations: deviations, Now: p.now, Log: c.Log, Observe: p.witness.observe, Knobs: &p.knobs,
	})
	p.rest = server(c.Log, p.restAPI(deviations))
	p.rest.TLSConfig = &tls.Config{Certificates: []tls.Certificate{p.authority.server}, MinVersion: tls.VersionTLS12}
	p.management = server(c.Log, p.managementAPI())
	return p, nil
}

// restAPI serves the REST API, and MQTT over WebSocket beside it.
func (p *Platform) restAPI(deviations deviation.Set) http.Handler {
	api := rest.New(rest.Config{
		Registry: p.registry, Tokens: p.tokens, Sessions: p.broker, Host: p.config.ServerNames[0],
		Rules: func() trust.Rules { return trust.Rules{Now: p.now(), Deviations: deviations} },
		Now:   p.now, Log: p.config.Log, Knobs: &p.knobs,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mqtt", p.serveWebSocket)
	mux.Handle("/", p.witness.counted(api))
	return mux
}

// now is the platform's clock: that of the configuration, put forward or back by the
// management API.
func (p *Platform) now() time.Time { return p.config.Now().Add(time.Duration(p.offset.Load())) }

func withDefaults(c Config) (Config, error) {
	if c.MQTTAddress == "" {
		c.MQTTAddress = "127.0.0.1:0"
	}
	if c.RESTAddress == "" {
		c.RESTAddress = "127.0.0.1:0"
	}
	if len(c.Tenants) == 0 {
		c.Tenants = DefaultTenants()
	}
	if c.MaxChainLength == 0 {
		c.MaxChainLength = trust.DefaultMaxLength
	}
	if len(c.ServerNames) == 0 {
		c.ServerNames = []string{"localhost", "127.0.0.1", "::1"}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxChainLength < 1 {
		return c, fmt.Errorf("maximum chain length %d is less than 1", c.MaxChainLength)
	}
	return c, nil
}

// server returns an HTTP server that gives nobody for ever.
func server(log *slog.Logger, h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// Start opens all doors and returns when they are open. A platform is started once.
func (p *Platform) Start() error {
	doors := []struct {
		address string
		url     string
		open    *string
		serve   func(net.Listener) error
	}{
		{p.config.MQTTAddress, "", &p.addresses.MQTT, p.broker.Serve},
		{p.config.RESTAddress, "https://", &p.addresses.REST, func(l net.Listener) error { return p.rest.ServeTLS(l, "", "") }},
		{p.config.ManagementAddress, "http://", &p.addresses.Management, p.management.Serve},
	}
	if err := checkLoopback(p.config.ManagementAddress); err != nil {
		return err
	}
	var listeners []net.Listener
	for _, d := range doors {
		if d.address == "" {
			listeners = append(listeners, nil)
			continue
		}
		l, err := net.Listen("tcp", d.address)
		if err != nil {
			for _, l := range slices.DeleteFunc(listeners, func(l net.Listener) bool { return l == nil }) {
				_ = l.Close()
			}
			return fmt.Errorf("open %s: %w", d.address, err)
		}
		listeners = append(listeners, l)
		*d.open = d.url + l.Addr().String()
	}
	for i, l := range listeners {
		if l == nil {
			continue
		}
		p.running.Go(func() {
			if err := doors[i].serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
				p.config.Log.Error("serve", "addr", doors[i].address, "err", err)
			}
		})
	}
	return nil
}

// Addresses returns where the platform is reached. It is empty before Start.
func (p *Platform) Addresses() Addresses { return p.addresses }

// Tenants returns the tenants as they were configured, with the passwords of their users.
func (p *Platform) Tenants() []registry.TenantConfig { return slices.Clone(p.config.Tenants) }

// CA returns, as PEM, the CA certificate that the server certificate is signed by.
func (p *Platform) CA() []byte { return slices.Clone(p.authority.pem) }

func (p *Platform) maxLength() int { return int(p.maxChainLength.Load()) }

// Close closes all doors, ends every session and waits until all is over or ctx is done.
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
	return errors.Join(errs...)
}

// closeServer lets requests under way finish, as long as ctx lasts.
func closeServer(ctx context.Context, s *http.Server) error {
	if err := s.Shutdown(ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}
