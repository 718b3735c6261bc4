package device

import (
	"context"
	"errors"
	"fmt"
)

// The topics by which a device gets its token, section "JWT token retrieval" of the specification.
const (
	TokenRequestTopic  = "s/uat"
	TokenResponseTopic = "s/dat"
)

// ErrSubscriptionRefused is returned by Token when SUBACK refuses s/dat.
var ErrSubscriptionRefused = errors.New("subscription refused")

// Token subscribes to s/dat and asks for a token once. It returns the payload as it came, "71,…"; what it is worth is for the
// caller to find out.
func (d *Device) Token(ctx context.Context) (string, error) {
	code, err := d.SubscribeToken(ctx)
	if err != nil {
		return "", err
	}
	if code == SubscribeFailure {
		return "", fmt.Errorf("subscribe to %q: %w", TokenResponseTopic, ErrSubscriptionRefused)
	}
	return d.RequestToken(ctx)
}

// SubscribeToken subscribes to s/dat with QoS 0 and returns the return code of SUBACK.
func (d *Device) SubscribeToken(ctx context.Context) (returnCode byte, err error) {
	return d.Subscribe(ctx, TokenResponseTopic, 0)
}

// RequestToken publishes an empty message to s/uat and returns the payload of the first message on s/dat that arrives after
// that, within [Timeouts].Response. An earlier one stays for Receive, so that a late answer is not taken for the new one.
func (d *Device) RequestToken(ctx context.Context) (string, error) {
	d.mu.Lock()
	before := d.arrivals
	d.mu.Unlock()
	if err := d.Publish(ctx, TokenRequestTopic, nil, 0); err != nil {
		return "", err
	}
	m, err := d.take(ctx, d.response, func(a arrival) bool {
		return a.number > before && a.message.Topic == TokenResponseTopic
	})
	if err != nil {
		return "", fmt.Errorf("receive the token: %w", err)
	}
	return string(m.Payload), nil
}
