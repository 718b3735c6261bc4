package main

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/metrics"
)

// liveFigures is what a load run has measured so far, for scrapes.
type liveFigures struct {
	latest atomic.Pointer[measure.Figures] // what it points to does not change
}

func newLiveFigures() *liveFigures {
	l := new(liveFigures)
	l.latest.Store(new(measure.Figures))
	return l
}

// lastScrape is how long a scrape under way may keep a run from its end.
const lastScrape = 2 * time.Second

// serve answers scrapes at an address until the function that it returns is called. It
// does nothing without an address.
func (l *liveFigures) serve(talk io.Writer, address string) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	server, err := metrics.Serve(address, l.latest.Load)
	if err != nil {
		return nil, usage("name a free address with --metrics, as 127.0.0.1:9100", "%v", err)
	}
	fmt.Fprintf(talk, "metrics at http://%s/metrics\n", server.Address())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), lastScrape)
		defer cancel()
		if err := server.Close(ctx); err != nil {
			say(talk, "warning", err.Error())
		}
	}, nil
}
