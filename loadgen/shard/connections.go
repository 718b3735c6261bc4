package shard

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// connections prepares what all connections of the shard share.
func (s *Shard) connections() error {
	plan, target := &s.job.Plan, &s.job.Target
	roots, err := loadgen.Pool(target.Roots)
	if err != nil {
		return err
	}
	dial, err := dialer(s.job.Sources)
	if err != nil {
		return err
	}
	lowest, highest := plan.TLS.Versions()
	s.base = device.Config{
		Address: target.Address, ServerName: target.ServerName, RootCAs: roots, MinVersion: lowest, MaxVersion: highest,
		KeepAlive: plan.KeepAlive, Dialer: dial,
		Timeouts: device.Timeouts{
			Connect: plan.Timeouts.Connect, Handshake: plan.Timeouts.Handshake, Response: plan.Timeouts.Response,
		},
		TLS: device.TLSOptions{CurvePreferences: plan.TLS.CurveIDs()},
	}
	if plan.KeepAlive == 0 {
		s.base.KeepAlive = -1
	}
	if !plan.TLS.VerifyEach {
		s.base.TLS.Verifier = new(device.Verifier)
	}
	s.payload = make([]byte, plan.Journey.Publish.Payload)
	for i := range s.payload {
		s.payload[i] = 'x'
	}
	if plan.Journey.HTTP.Requests > 0 {
		s.http, err = newClient(s.job, dial)
	}
	return err
}

type dial func(ctx context.Context, network, address string) (net.Conn, error)

// dialer connects from the source addresses in turn, or leaves the choice to the
// system.
func dialer(sources []string) (dial, error) {
	if len(sources) == 0 {
		return (&net.Dialer{KeepAlive: -1}).DialContext, nil
	}
	var dialers []net.Dialer
	for _, text := range sources {
		ip := net.ParseIP(text)
		if ip == nil {
			return nil, fmt.Errorf("source address %q is no IP address", text)
		}
		// With port 0 bind would choose a port that is free for every destination. The
		// kernel is told to choose at connect, so that only this one counts.
		dialers = append(dialers, net.Dialer{KeepAlive: -1, LocalAddr: &net.TCPAddr{IP: ip}, Control: bindLate})
	}
	var next atomic.Uint32
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialers[int(next.Add(1)-1)%len(dialers)].DialContext(ctx, network, address)
	}, nil
}

// startPoll is how often the store is asked whether the run begins, endPoll whether
// it ends.
const (
	startPoll = 20 * time.Millisecond
	endPoll   = 250 * time.Millisecond
)
