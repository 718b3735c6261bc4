package shard

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// bodyLimit is how much of an answer is read, in bytes.
const bodyLimit = 1 << 20

// client makes a device's HTTP requests: each over a connection of its own, as a
// device does that makes one now and then, without the pools and goroutines of
// http.Client that thousands of devices could not share honestly.
type client struct {
	url      *url.URL
	dial     dial
	tls      *tls.Config // nil: plain HTTP
	timeouts loadgen.Timeouts
}

func newClient(job *loadgen.Job, dial dial) (*client, error) {
	u, err := url.Parse(job.Target.HTTP + job.Plan.Journey.HTTP.Path)
	if err != nil {
		return nil, fmt.Errorf("read base URL: %w", err)
	}
	c := &client{url: u, dial: dial, timeouts: job.Plan.Timeouts}
	if u.Scheme == "http" {
		return c, nil
	}
	roots, err := loadgen.Pool(job.Target.HTTPRoots)
	if err != nil {
		return nil, err
	}
	c.tls = &tls.Config{
		RootCAs: roots, ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, CurvePreferences: job.Plan.TLS.CurveIDs(),
	}
	return c, nil
}

// errNotHTTP says that what came is no answer of HTTP.
var errNotHTTP = errors.New("not HTTP")

// address returns host and port, with the default port of the scheme.
func (c *client) address() string {
	if c.url.Port() != "" {
		return c.url.Host
	}
	return net.JoinHostPort(c.url.Hostname(), map[bool]string{true: "443", false: "80"}[c.tls != nil])
}

// get asks once with the token and returns the status, and how long the body was.
func (c *client) get(ctx context.Context, token string) (status int, length int64, err error) {
	bounded, cancel := context.WithTimeout(ctx, c.timeouts.Connect)
	defer cancel()
	conn, err := c.dial(bounded, "tcp", c.address())
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(c.timeouts.Handshake + c.timeouts.Response)) // a connection that is gone says so next
	if c.tls != nil {
		conn = tls.Client(conn, c.tls)
	}
	request := &http.Request{
		Method: http.MethodGet, URL: c.url, Host: c.url.Host, Close: true,
		Header: http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/json"}},
	}
	if err := request.Write(conn); err != nil {
		return 0, 0, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if _, cause := measure.CauseOfError(err); cause.Kind == measure.KindOther {
		return 0, 0, fmt.Errorf("%w: %w", errNotHTTP, err)
	}
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	length, err = io.Copy(io.Discard, io.LimitReader(response.Body, bodyLimit))
	return response.StatusCode, length, err
}

// requests makes the HTTP requests of a journey, until one does not succeed.
func (v *visit) requests(token string) (measure.Outcome, measure.Cause) {
	plan := &v.s.job.Plan.Journey
	for range plan.HTTP.Requests {
		v.think(plan.Think)
		began := time.Now()
		status, length, err := v.s.http.get(v.s.ctx, token)
		outcome, cause := measure.CauseOfError(err)
		switch {
		case v.s.ctx.Err() != nil:
			outcome, cause = measure.Aborted, measure.Cause{Kind: measure.KindStopped}
		case errors.Is(err, errNotHTTP):
			cause = measure.Cause{Kind: measure.KindMalformed}
		case err == nil && status != http.StatusOK:
			outcome, cause = measure.Refused, measure.HTTPStatus(uint16(status))
		}
		v.s.rec.Record(measure.Sample{
			Stage: measure.StageHTTP, Role: v.role, Outcome: outcome, Cause: cause, Started: began, Ended: time.Now(), Received: uint32(length),
		})
		if outcome != measure.OK {
			return outcome, cause
		}
	}
	return measure.OK, measure.Cause{}
}
