package token

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/suites"
)

// A jwt is a device token taken apart, its signature unchecked: only the
// platform can check it.
type jwt struct {
	compact   string // header.payload.signature
	Algorithm string
	Subject   string
	Tenant    string
	IssuedAt  int64
	Expires   int64
}

func (t jwt) lifetime() time.Duration { return time.Duration(t.Expires-t.IssuedAt) * time.Second }

// prefix is the SmartREST id of the message that brings a token (DC-TOK-02).
const prefix = "71,"

// parse takes the message on s/dat apart. Wrapped says that the JWT stands in
// base64 once more.
func parse(payload string) (token jwt, wrapped bool, err error) {
	rest, ok := strings.CutPrefix(payload, prefix)
	if !ok {
		return jwt{}, false, errors.New("it does not begin with 71,")
	}
	if plain, err := base64.StdEncoding.DecodeString(rest); err == nil && strings.Count(string(plain), ".") == 2 {
		rest, wrapped = string(plain), true
	}
	token, err = decode(rest)
	return token, wrapped, err
}

// decode reads the header and the claims of a compact JWT (RFC 7515 §7.1).
func decode(compact string) (jwt, error) {
	if strings.ContainsAny(compact, "\r\n") { // which the decoder would overlook
		return jwt{}, errors.New("it has a line end in it")
	}
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return jwt{}, fmt.Errorf("a compact JWT has 3 parts, this has %d", len(parts))
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	var claims struct {
		Subject  string `json:"sub"`
		Tenant   string `json:"ten"`
		IssuedAt int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}
	for i, into := range []any{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return jwt{}, fmt.Errorf("part %d is not base64url without padding", i+1)
		}
		if err := json.Unmarshal(data, into); err != nil {
			return jwt{}, fmt.Errorf("part %d is not the JSON of a JWT", i+1)
		}
	}
	if _, err := base64.RawURLEncoding.DecodeString(parts[2]); err != nil || parts[2] == "" {
		return jwt{}, errors.New("the signature is not base64url without padding")
	}
	return jwt{
		compact: compact, Algorithm: header.Algorithm,
		Subject: claims.Subject, Tenant: claims.Tenant, IssuedAt: claims.IssuedAt, Expires: claims.Expires,
	}, nil
}

// String describes a token without showing it.
func (t jwt) String() string {
	return fmt.Sprintf("a JWT signed %s for %s, good for %v", t.Algorithm, t.Subject, t.lifetime())
}

// request subscribes to s/dat, publishes an empty message to s/uat and returns
// the message that comes, or in words why there is none. A platform that answers
// nothing at all leaves the spec inconclusive.
func request(ctx context.Context, e *suites.Env, d *device.Device) (payload, problem string) {
	payload, err := d.Token(ctx)
	switch {
	case err == nil:
		return payload, ""
	case !errors.Is(err, device.ErrNoResponse) && !errors.Is(err, device.ErrClosed) && !errors.Is(err, device.ErrSubscriptionRefused):
		e.Fault(err)
	case errors.Is(err, device.ErrNoResponse) && d.Ping(ctx) != nil:
		e.Silent("neither a token nor PINGRESP came")
	case errors.Is(err, device.ErrNoResponse):
		return "", "no message on s/dat within " + e.Target.Timing.Response.String() + ", though PINGREQ is answered"
	case errors.Is(err, device.ErrClosed):
		return "", "the connection ended: " + d.End().Detail
	}
	return "", err.Error()
}

// obtain returns a device token for specs about something else than its form;
// they are inconclusive where none comes.
func obtain(ctx context.Context, e *suites.Env, d *device.Device) jwt {
	payload, problem := request(ctx, e, d)
	if problem != "" {
		e.Inconclusive("no token to try: %s", problem)
	}
	token, _, err := parse(payload)
	if err != nil {
		e.Inconclusive("no token to try: %v", err)
	}
	e.Issued(time.Unix(token.IssuedAt, 0))
	return token
}
