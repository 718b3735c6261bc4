// Chainmail tells whether an IoT platform treats X.509 device certificates as
// the specification asks.
//
//	chainmail conform                 judge the embedded reference platform
//	chainmail conform --target FILE   judge another platform
//	chainmail load                    let a fleet of devices come, and measure the platform
//	chainmail probe --target FILE     find out what a platform can do, and whether its target file says so
//	chainmail replay DIR              play one failed case again, from its evidence folder
//	chainmail serve                   run the reference platform
//	chainmail selftest                show that the specs can fail
//	chainmail list specs              what is tried (also clauses, cases, deviations, profiles, plans)
//	chainmail explain ID              what one of these is: what it sends, what is expected, why
//	chainmail certs …                 CA directories, device certificates, key stores, bad chains as files
//	chainmail report …                earlier runs again, and load runs compared
//	chainmail version                 which chainmail this is
//
// Results go to stdout, talk goes to stderr. The exit codes are in exit.go; they
// are meant for CI gates. The first Ctrl-C (or SIGTERM) ends a run in order, its
// report included; the second ends it at once.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with all of the process that it uses as parameters.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if interrupted(ctx) && errors.Is(err, context.Canceled) { // before there was anything to be reported
		err = &exit{code: exitInterrupted, err: errors.New("interrupted")}
	}
	return report(stderr, err)
}
