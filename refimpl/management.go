package refimpl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// maxManagementBody bounds a request to the management API in bytes.
const maxManagementBody = 64 << 10

// settings are what a tester may change while the platform runs.
type settings struct {
	// MaxChainLength is that of Config.
	MaxChainLength int `json:"maxChainLength"`
}

// managementAPI answers GET /healthz, and GET and PUT /settings.
func (p *Platform) managementAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "UP"})
	})
	mux.HandleFunc("GET /settings", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, p.settings()) })
	mux.HandleFunc("PUT /settings", p.changeSettings)
	return mux
}

func (p *Platform) settings() settings { return settings{MaxChainLength: p.maxLength()} }

// changeSettings sets what the body names and leaves the rest (DC-CHAIN-11).
func (p *Platform) changeSettings(w http.ResponseWriter, r *http.Request) {
	s := p.settings()
	if err := readJSON(w, r, &s); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	if s.MaxChainLength < 1 {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"error": "maxChainLength must be at least 1"})
		return
	}
	p.maxChainLength.Store(int64(s.MaxChainLength))
	writeJSON(w, http.StatusOK, p.settings())
}

// readJSON is strict: a setting that does not exist is not silently set.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxManagementBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
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
