// Peers measures what load generators cost: this one beside others, in one run, on
// one machine, against one server. Absolute figures are not the same anywhere else;
// the ratios are what to look at.
//
//	go run ./loadgen/peers [-devices 1000,10000]
//
// mosquitto with mutual TLS is the server. Each peer is a process of its own that
// connects its devices, each with a certificate of its own, subscribes once with
// each, and then holds them. Its processor time is counted from the first connection
// until it has held all of them for a moment, and the memory that it then has beyond
// what it had before. What is not installed is reported as missing.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

// A peer is one way of connecting many devices.
type peer struct {
	name string
	// most is how many devices it is tried with at the most.
	most    int
	missing func() string // why it cannot be tried; "" if it can
	run     func(ctx context.Context, s *scene, devices int) (cost, error)
}

// cost is what a peer used, in all.
type cost struct {
	devices   int
	processor time.Duration
	memory    int64 // bytes beyond the idle process
}

func peers() []peer {
	installed := func() string { return "" }
	return []peer{
		{"chainmail", 1 << 20, installed, self("chainmail")},
		{"Go Paho, the full client", 1 << 20, installed, self("paho")},
		{"Python Paho, 250 a process", 1000, pythonMissing, python},
		{"mosquitto_sub, a process each", 1000, missing("mosquitto_sub"), mosquittoSub},
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "as" {
		if err := actAs(os.Args[2]); err != nil {
			fail(err)
		}
		return
	}
	sizes := flag.String("devices", "1000,10000", "how many devices, each number a table of its own")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, *sizes); err != nil {
		stop()
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "peers: error:", err)
	os.Exit(1)
}

func compare(ctx context.Context, sizes string) error {
	var counts []int
	most := 0
	for word := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return fmt.Errorf("-devices: %q is no number of devices", word)
		}
		counts, most = append(counts, n), max(most, n)
	}
	s, err := newScene(ctx, most)
	if err != nil {
		return err
	}
	defer s.close()
	fmt.Printf("floor of one handshake's cryptography: %v with the server's chain known, %v without\n",
		s.floor.Round(time.Microsecond), s.fullFloor.Round(time.Microsecond))
	for _, n := range counts {
		if err := s.table(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// table tries every peer with n devices, and prints what each cost as soon as it is
// known. One that cannot be tried is named with the reason.
func (s *scene) table(ctx context.Context, n int) error {
	fmt.Printf("\n%d devices: connect, subscribe, hold\n", n)
	fmt.Printf("%-30s %8s %20s %13s %17s\n", "peer", "devices", "CPU µs a connection", "to chainmail", "KiB a connection")
	var own float64
	for _, p := range peers() {
		if why := p.missing(); why != "" {
			fmt.Printf("%-30s missing: %s\n", p.name, why)
			continue
		}
		c, err := p.run(ctx, s, min(n, p.most))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			fmt.Printf("%-30s failed: %v\n", p.name, err)
			continue
		}
		each := float64(c.processor.Microseconds()) / float64(c.devices)
		if own == 0 {
			own = each
		}
		fmt.Printf("%-30s %8d %20.0f %11.1f × %17.1f\n", p.name, c.devices, each, each/own, float64(c.memory)/float64(c.devices)/1024)
	}
	return nil
}
