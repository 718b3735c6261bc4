package refimpl

import (
	"net/http"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/chainmail-iot/chainmail/refimpl/broker"
)

// maxWitnessed bounds how many events are remembered; the oldest are forgotten first.
const maxWitnessed = 10_000

// A witness remembers and counts what the broker and the REST API did.
type witness struct {
	metrics  *prometheus.Registry
	refused  *prometheus.CounterVec
	admitted *prometheus.CounterVec
	tokens   prometheus.Counter
	live     prometheus.Gauge
	http     *prometheus.CounterVec

	mu     sync.Mutex // guards both
	events []broker.Event
	next   int // where the oldest is, once the list is full
}

func newWitness() *witness {
	w := &witness{
		metrics: prometheus.NewRegistry(),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chainmail_platform_refused_total", Help: "Connections refused, by kind and reason.",
		}, []string{"kind", "reason"}),
		admitted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chainmail_platform_admitted_total", Help: "Connections admitted, by TLS version.",
		}, []string{"tls_version"}),
		tokens: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chainmail_platform_tokens_total", Help: "Device tokens handed out.",
		}),
		live: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chainmail_platform_sessions", Help: "MQTT sessions that are up.",
		}),
		http: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chainmail_platform_http_requests_total", Help: "REST requests, by status code and method.",
		}, []string{"code", "method"}),
	}
	w.metrics.MustRegister(w.refused, w.admitted, w.tokens, w.live, w.http,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return w
}

// counted counts the requests that a handler answers.
func (w *witness) counted(h http.Handler) http.Handler {
	return promhttp.InstrumentHandlerCounter(w.http, h)
}

// observe is told of every event of the broker.
func (w *witness) observe(e broker.Event) {
	switch e.Kind {
	case broker.TokenIssued:
		w.tokens.Inc()
		return
	case broker.Ended:
		w.live.Dec()
		return
	case broker.Admitted:
		w.live.Inc()
		w.admitted.WithLabelValues(e.TLSVersion).Inc()
	default:
		w.refused.WithLabelValues(string(e.Kind), string(e.Reason)).Inc()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.events) < maxWitnessed {
		w.events = append(w.events, e)
		return
	}
	w.events[w.next] = e
	w.next = (w.next + 1) % maxWitnessed
}

// latest returns up to limit admissions and refusals, the latest first; with a reason, only
// the refusals of that reason.
func (w *witness) latest(limit int, reason string) []broker.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	ordered := slices.Concat(w.events[w.next:], w.events[:w.next])
	out := make([]broker.Event, 0, min(limit, len(ordered)))
	for _, e := range slices.Backward(ordered) {
		if len(out) == limit {
			break
		}
		if reason == "" || string(e.Reason) == reason {
			out = append(out, e)
		}
	}
	return out
}
