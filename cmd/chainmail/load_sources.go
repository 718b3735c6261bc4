package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"github.com/chainmail-iot/chainmail/loadgen"
)

// maxSources bounds what a range of addresses can be mistyped to.
const maxSources = 4096

// parseSources reads addresses and ranges of them, each address once.
func parseSources(words []string) ([]string, error) {
	var all []string
	for _, word := range words {
		from, to, err := parseRange(word)
		if err != nil {
			return nil, usage("write it as 127.0.0.2-127.0.0.9,127.0.0.20", "--source-addresses: %v", err)
		}
		for at := from; !to.Less(at); at = at.Next() {
			if slices.Contains(all, at.String()) {
				continue
			}
			if len(all) == maxSources {
				return nil, usage("", "--source-addresses: more than %d addresses", maxSources)
			}
			all = append(all, at.String())
		}
	}
	return all, bindable(all)
}

// parseRange reads an address or a range of them, both ends included.
func parseRange(word string) (from, to netip.Addr, err error) {
	first, last, isRange := strings.Cut(word, "-")
	if from, err = parseAddress(first); err != nil || !isRange {
		return from, from, err
	}
	if to, err = parseAddress(last); err != nil {
		return from, to, err
	}
	switch {
	case from.BitLen() != to.BitLen():
		err = fmt.Errorf("%s begins in one version of IP and ends in another", word)
	case to.Less(from):
		err = fmt.Errorf("%s ends before it begins", word)
	}
	return from, to, err
}

func parseAddress(word string) (netip.Addr, error) {
	at, err := netip.ParseAddr(strings.TrimSpace(word))
	if err != nil {
		return at, fmt.Errorf("%q is no IP address", word)
	}
	return at, nil
}

// bindable tries each address: one that is not this machine's would fail every
// device.
func bindable(addresses []string) error {
	for _, address := range addresses {
		l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			return usage(`"ip address" shows those that it has; each of 127.0.0.0/8 is one, for targets on loopback`,
				"--source-addresses: use %s: this machine has no such address", address)
		}
		if err != nil {
			return usage("", "--source-addresses: use %s: %v", address, err)
		}
		_ = l.Close() // nothing was sent
	}
	return nil
}

// leadThere sees to it that every source address leads to where devices connect to:
// one on loopback leads nowhere else, one of IPv6 to none of IPv4.
func leadThere(ctx context.Context, job *loadgen.Job) error {
	ends := []string{job.Target.Address}
	if base, err := url.Parse(job.Target.HTTP); err == nil && job.Plan.Journey.HTTP.Requests > 0 && base.Port() != "" {
		ends = append(ends, base.Host)
	}
	for _, source := range job.Sources {
		// A datagram socket is connected without a word to the other end.
		dialer := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(source)}}
		for _, end := range ends {
			conn, err := dialer.DialContext(ctx, "udp", end)
			if _, unresolved := errors.AsType[*net.DNSError](err); unresolved {
				continue // that is found, and said, when the target is reached for
			}
			if err != nil {
				return usage("take addresses from which a route leads there", "--source-addresses: there is no way from %s to %s: %v", source, end, cause(err))
			}
			_ = conn.Close()
		}
	}
	return nil
}

// cause is what an error of package net wraps, without the addresses that it repeats.
func cause(err error) error {
	if failure, ok := errors.AsType[*net.OpError](err); ok {
		return failure.Err
	}
	return err
}
