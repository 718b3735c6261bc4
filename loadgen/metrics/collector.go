package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// collector makes metrics of figures.
type collector struct {
	source Source

	arrivals, results, troubles    *prometheus.Desc
	opened, closed, lost           *prometheus.Desc
	open, inFlight, sent, received *prometheus.Desc
	stage, lag                     *prometheus.Desc
}

func newCollector(source Source) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("chainmail_load_"+name, help, labels, nil)
	}
	return &collector{
		source:   source,
		arrivals: desc("arrivals_total", "Arrivals whose moment has come, started or dropped.", "role"),
		results:  desc("results_total", "What arrivals came to.", "role", "result"),
		troubles: desc("troubles_total", "Stages that did not succeed, by cause.", "role", "stage", "outcome", "cause"),
		opened:   desc("connections_opened_total", "Connections that were admitted."),
		closed:   desc("connections_closed_total", "Admitted connections that have ended."),
		lost:     desc("connections_lost_total", "Admitted connections that ended without the generator's doing."),
		open:     desc("connections_open", "Connections that are up."),
		inFlight: desc("arrivals_in_flight", "Arrivals without a result yet."),
		sent:     desc("sent_bytes_total", "Bytes of payload sent."),
		received: desc("received_bytes_total", "Bytes of payload received."),
		stage:    desc("stage_seconds", "Latency of a stage; connect, ready and reconnect count from the moment at which the device was intended to come.", "role", "stage", "outcome"),
		lag:      desc("lag_seconds", "Start of an arrival minus the moment at which it was intended: the generator's own delay."),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.arrivals, c.results, c.troubles, c.opened, c.closed, c.lost, c.open, c.inFlight, c.sent, c.received, c.stage, c.lag,
	} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	f := c.source()
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	for _, role := range measure.Roles() {
		counter(c.arrivals, f.Due[role], role.String())
		for _, result := range measure.Results() {
			counter(c.results, f.Results[role][result], role.String(), result.String())
		}
	}
	for key, n := range f.Causes {
		counter(c.troubles, n, key.Role.String(), key.Stage.String(), key.Outcome.String(), key.Cause.Name())
	}
	counter(c.opened, f.Opened)
	counter(c.closed, f.Closed)
	counter(c.lost, f.Lost)
	counter(c.sent, f.Sent)
	counter(c.received, f.Received)
	out <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(f.Open()))
	out <- prometheus.MustNewConstMetric(c.inFlight, prometheus.GaugeValue, float64(f.InFlight()))
	for key, s := range f.Stages {
		out <- histogram(c.stage, &s.Latency, key.Role.String(), key.Stage.String(), key.Outcome.String())
	}
	out <- histogram(c.lag, &f.Lag)
}

// bounds are those of the classic histograms.
func bounds() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{
		ms / 4, ms / 2, ms, 5 * ms / 2, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms,
		1000 * ms, 2500 * ms, 5000 * ms, 10_000 * ms, 30_000 * ms, 60_000 * ms,
	}
}

func histogram(desc *prometheus.Desc, h *measure.Histogram, labels ...string) prometheus.Metric {
	bounds := bounds()
	buckets := make(map[float64]uint64, len(bounds))
	for i, n := range h.Cumulative(bounds) {
		buckets[bounds[i].Seconds()] = n
	}
	return prometheus.MustNewConstHistogram(desc, h.Count(), h.Sum().Seconds(), buckets, labels...)
}
