package target

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// HTTPManagement is [Management] as the reference platform offers it: JSON over
// HTTP, PUT /settings and PUT /clock.
type HTTPManagement struct {
	BaseURL *url.URL
	client  *http.Client
}

// NewManagement returns a client for the management interface at base.
func NewManagement(base *url.URL, response time.Duration) *HTTPManagement {
	return &HTTPManagement{BaseURL: base, client: &http.Client{Timeout: response, Transport: &http.Transport{IdleConnTimeout: 30 * time.Second}}}
}

type settings struct {
	MaxChainLength int `json:"maxChainLength"`
}

// MaxChainLength reads the platform's maximum chain length.
func (m *HTTPManagement) MaxChainLength(ctx context.Context) (int, error) {
	var s settings
	err := m.ask(ctx, http.MethodGet, "/settings", nil, &s)
	return s.MaxChainLength, err
}

// SetMaxChainLength sets the platform's maximum chain length.
func (m *HTTPManagement) SetMaxChainLength(ctx context.Context, n int) error {
	var s settings
	if err := m.ask(ctx, http.MethodPut, "/settings", settings{MaxChainLength: n}, &s); err != nil {
		return err
	}
	if s.MaxChainLength != n {
		return fmt.Errorf("set maximum chain length %d: the platform says %d", n, s.MaxChainLength)
	}
	return nil
}

type clock struct {
	Offset string `json:"offset"` // in the form of time.Duration
}

// SetClock puts the platform's clock forward by so much against true time.
func (m *HTTPManagement) SetClock(ctx context.Context, offset time.Duration) error {
	var c clock
	if err := m.ask(ctx, http.MethodPut, "/clock", clock{Offset: offset.String()}, &c); err != nil {
		return err
	}
	if got, err := time.ParseDuration(c.Offset); err != nil || got != offset {
		return fmt.Errorf("put clock forward by %v: the platform says %q", offset, c.Offset)
	}
	return nil
}

// ask sends one request and decodes the answer, which must be a success.
func (m *HTTPManagement) ask(ctx context.Context, method, path string, body, answer any) error {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode %s: %w", path, err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, m.BaseURL.String()+path, bytes.NewReader(payload))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := m.client.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, path, ErrNoAnswer, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if err != nil {
		return fmt.Errorf("%s %s: %w: %w", method, path, ErrNoAnswer, err)
	}
	if response.StatusCode/100 != 2 {
		return &StatusError{method, path, response.StatusCode}
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
