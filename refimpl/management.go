package refimpl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/chainmail-iot/chainmail/refimpl/stage"
)

const (
	// maxManagementBody bounds a request to the management API in bytes.
	maxManagementBody = 64 << 10
	// defaultEvents is how many events GET /handshakes answers with unless asked for more or less.
	defaultEvents = 100
)

// managementAPI is what a tester turns and sees:
//
//	GET      /healthz     whether the platform is up
//	GET, PUT /settings    {"maxChainLength": 2}
//	GET, PUT /clock       {"offset": "1h0m0s"}: how far the platform's clock is put forward, or back;
//	                      GET says what time that makes it
//	GET, PUT /stages      {"token": {"delay": "200ms", "stalled": false}}: what holds clients up;
//	                      PUT replaces all
//	GET      /handshakes  admissions and refusals with their reason, the latest first;
//	                      ?limit=100&reason=expired
//	GET      /metrics     figures for Prometheus
func (p *Platform) managementAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, map[string]string{"status": "UP"}) })
	mux.HandleFunc("GET /settings", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.settings()) })
	mux.HandleFunc("PUT /settings", p.changeSettings)
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.clock()) })
	mux.HandleFunc("PUT /clock", p.changeClock)
	mux.HandleFunc("GET /stages", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.stages()) })
	mux.HandleFunc("PUT /stages", p.changeStages)
	mux.HandleFunc("GET /handshakes", p.handshakes)
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.witness.metrics, promhttp.HandlerOpts{}))
	return mux
}

// settings are what a tester may change while the platform runs.
type settings struct {
	// MaxChainLength is that of Config.
	MaxChainLength int `json:"maxChainLength"`
}

func (p *Platform) settings() settings { return settings{MaxChainLength: p.maxLength()} }

// changeSettings sets what the body names and leaves the rest (DC-CHAIN-11).
func (p *Platform) changeSettings(w http.ResponseWriter, r *http.Request) {
	s := p.settings()
	if !readJSON(w, r, &s) {
		return
	}
	if s.MaxChainLength < 1 {
		refuseJSON(w, http.StatusUnprocessableEntity, errors.New("maxChainLength must be at least 1"))
		return
	}
	p.setMaxLength(s.MaxChainLength)
	if err := p.registry.Sync(); err != nil {
		refuseJSON(w, http.StatusServiceUnavailable, err)
		return
	}
	writeJSON(w, p.settings())
}

// clockSetting is the platform's clock against the real one.
type clockSetting struct {
	Offset duration  `json:"offset"`
	Now    time.Time `json:"now"`
}

func (p *Platform) clock() clockSetting {
	return clockSetting{Offset: duration(p.offset.Load()), Now: p.now().UTC()}
}

func (p *Platform) changeClock(w http.ResponseWriter, r *http.Request) {
	var setting struct {
		Offset duration `json:"offset"`
	}
	if !readJSON(w, r, &setting) {
		return
	}
	p.offset.Store(int64(setting.Offset))
	writeJSON(w, p.clock())
}

// stageSetting is a stage.Setting as the management API writes it.
type stageSetting struct {
	Delay   duration `json:"delay"`
	Stalled bool     `json:"stalled"`
}

func (p *Platform) stages() map[stage.Name]stageSetting {
	out := map[stage.Name]stageSetting{}
	settings := p.knobs.Settings()
	for _, name := range stage.Names() {
		out[name] = stageSetting{duration(settings[name].Delay), settings[name].Stalled}
	}
	return out
}

func (p *Platform) changeStages(w http.ResponseWriter, r *http.Request) {
	var body map[stage.Name]stageSetting
	if !readJSON(w, r, &body) {
		return
	}
	settings := stage.Settings{}
	for name, s := range body {
		settings[name] = stage.Setting{Delay: time.Duration(s.Delay), Stalled: s.Stalled}
	}
	if err := p.knobs.Set(settings); err != nil {
		refuseJSON(w, http.StatusUnprocessableEntity, err)
		return
	}
	writeJSON(w, p.stages())
}

func (p *Platform) handshakes(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 {
		limit = defaultEvents
	}
	writeJSON(w, map[string]any{"events": p.witness.latest(limit, r.URL.Query().Get("reason"))})
}

// A duration is written as text: "1h30m".
type duration time.Duration

// MarshalText writes the form of time.Duration.
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads the form of time.ParseDuration.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("read duration: %w", err)
	}
	*d = duration(parsed)
	return nil
}

// readJSON is strict: a setting that does not exist is not silently set.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxManagementBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		refuseJSON(w, http.StatusBadRequest, fmt.Errorf("read body: %w", err))
		return false
	}
	return true
}

func refuseJSON(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // a client that has gone away is nobody's problem
}

// checkLoopback accepts no address but those that only this machine can reach.
func checkLoopback(address string) error {
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("management address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("management address %q: %w", address, errors.New("not a loopback address"))
}
