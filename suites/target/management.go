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

// Management is the interface for what a tenant cannot set: the maximum chain
// length is a setting of the whole platform (DC-CHAIN-11).
type Management struct {
	BaseURL *url.URL
	client  *http.Client
}

// NewManagement returns a client for the management interface at base.
func NewManagement(base *url.URL, response time.Duration) *Management {
	return &Management{BaseURL: base, client: &http.Client{Timeout: response, Transport: &http.Transport{IdleConnTimeout: 30 * time.Second}}}
}

// Close drops idle connections.
func (m *Management) Close() { m.client.CloseIdleConnections() }

type settings struct {
	MaxChainLength int `json:"maxChainLength"`
}

// MaxChainLength reads the platform's maximum chain length.
func (m *Management) MaxChainLength(ctx context.Context) (int, error) {
	s, err := m.settings(ctx, http.MethodGet, nil)
	return s.MaxChainLength, err
}

// SetMaxChainLength sets the platform's maximum chain length.
func (m *Management) SetMaxChainLength(ctx context.Context, n int) error {
	s, err := m.settings(ctx, http.MethodPut, &settings{MaxChainLength: n})
	if err != nil {
		return err
	}
	if s.MaxChainLength != n {
		return fmt.Errorf("set maximum chain length %d: the platform says %d", n, s.MaxChainLength)
	}
	return nil
}

// settings asks the resource /settings and returns what it holds afterwards.
func (m *Management) settings(ctx context.Context, method string, body *settings) (settings, error) {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return settings{}, fmt.Errorf("encode settings: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, m.BaseURL.String()+"/settings", bytes.NewReader(payload))
	if err != nil {
		return settings{}, fmt.Errorf("%s settings: %w", method, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := m.client.Do(request)
	if err != nil {
		return settings{}, fmt.Errorf("%s settings: %w: %w", method, ErrNoAnswer, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if err != nil {
		return settings{}, fmt.Errorf("%s settings: %w: %w", method, ErrNoAnswer, err)
	}
	if response.StatusCode/100 != 2 {
		return settings{}, fmt.Errorf("%s settings: answered %d", method, response.StatusCode)
	}
	var s settings
	if err := json.Unmarshal(data, &s); err != nil {
		return settings{}, fmt.Errorf("%s settings: %w", method, err)
	}
	return s, nil
}
