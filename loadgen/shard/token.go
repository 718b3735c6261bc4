package shard

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// tokenPrefix begins the message with a token on s/dat, section "JWT token
// retrieval" of the specification.
const tokenPrefix = "71,"

// A lifetime is from when to when a token holds, by the platform's clock.
type lifetime struct{ issued, expires time.Time }

// fallbackLife is taken for the life of a token that does not say, as the
// specification's default.
const fallbackLife = time.Hour

// half is how long after its receipt a token is to be renewed.
func (l lifetime) half() time.Duration {
	life := l.expires.Sub(l.issued)
	if life <= 0 {
		life = fallbackLife
	}
	return life / 2
}

// readToken takes a token out of the message and reads how long it holds. The
// signature is for the platform to check, which is shown the token over HTTP.
func readToken(message string) (token string, life lifetime, err error) {
	token, ok := strings.CutPrefix(message, tokenPrefix)
	parts := strings.Split(token, ".")
	if !ok || len(parts) != 3 {
		return "", lifetime{}, errors.New("the message holds no token")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", lifetime{}, err
	}
	var claims struct {
		IssuedAt  json.Number `json:"iat"`
		ExpiresAt json.Number `json:"exp"`
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		return "", lifetime{}, err
	}
	return token, lifetime{moment(claims.IssuedAt), moment(claims.ExpiresAt)}, nil
}

// moment reads seconds since 1970, with or without a fraction (RFC 7519 §2).
func moment(seconds json.Number) time.Time {
	s, err := seconds.Float64()
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(s * 1000))
}
