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
//
// Those written in Go have their devices come at the same rate, each when it is due:
// what a processor that has nothing to do between two of them costs to wake is a part
// of what each pays. One of them does nothing but what no client can leave out, and so
// tells how far the others are from the least that crypto/tls and the kernel take.
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
		{"Go, nothing checked or measured", 1 << 20, installed, self("bare")},
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
	var c comparison
	flag.StringVar(&c.sizes, "devices", "1000,10000", "how many devices, each number a table of its own")
	flag.IntVar(&c.rounds, "rounds", 3, "how often each peer is tried, in turn; what is in the middle counts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := c.run(ctx); err != nil {
		stop()
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "peers: error:", err)
	os.Exit(1)
}

// comparison is what was asked for.
type comparison struct {
	sizes  string
	rounds int
}

func (c comparison) run(ctx context.Context) error {
	if c.rounds < 1 {
		return fmt.Errorf("-rounds: %d is not once", c.rounds)
	}
	var counts []int
	most := 0
	for word := range strings.SplitSeq(c.sizes, ",") {
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
		if err := s.table(ctx, n, c.rounds); err != nil {
			return err
		}
	}
	return nil
}

// table tries every peer with n devices, and prints what each cost. One that cannot be
// tried is named with the reason.
func (s *scene) table(ctx context.Context, n, rounds int) error {
	rows := make([]row, len(peers()))
	for round := range rounds {
		for i, p := range peers() {
			fmt.Fprintf(os.Stderr, "%d devices, round %d of %d: %s\n", n, round+1, rounds, p.name)
			rows[i].try(ctx, s, p, n)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
	}
	fmt.Printf("\n%d devices: connect, subscribe, hold\n", n)
	fmt.Printf("%-32s %8s %20s %10s %13s %17s\n", "peer", "devices", "CPU µs a connection", "to floor", "to chainmail", "KiB a connection")
	own := rows[0].each()
	for i, p := range peers() {
		r := rows[i]
		if r.why != "" {
			fmt.Printf("%-32s %s\n", p.name, r.why)
			continue
		}
		fmt.Printf("%-32s %8d %20.0f %8.1f × %11.1f × %17.1f\n", p.name, min(n, p.most), r.each(),
			r.each()/float64(s.floor.Microseconds()), r.each()/own, r.memory())
	}
	return nil
}
