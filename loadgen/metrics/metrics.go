// Package metrics shows a load run that goes on to Prometheus: what its chunks have
// brought so far, in the names and units of that field.
//
// Everything is computed when it is asked for, from the figures of loadgen/measure,
// so that a scrape costs the devices nothing. What a shard has measured shows when
// its interval is over.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// Source returns what was measured so far. It may be called from any goroutine; what
// it returns does not change any more.
type Source func() *measure.Figures

// A Server answers scrapes at /metrics.
type Server struct {
	http     http.Server
	listener net.Listener
	done     chan error
}

// Serve listens at an address, host:port, and serves what source tells until Close.
func Serve(address string, source Source) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", Handler(source))
	s := &Server{
		http:     http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second},
		listener: listener, done: make(chan error, 1),
	}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// Address is where the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Close lets scrapes that are under way come to their end, for as long as ctx allows.
func (s *Server) Close(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("close metrics: %w", err)
	}
	return nil
}

// Handler answers a scrape: the run, and the process that runs it.
func Handler(source Source) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(source), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
