package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// execVersion is the version of the contract in exec.md.
const execVersion = 1

// An execRequest is one line to the program. The order of the keys is part of
// the contract: it lets a shell take a line apart.
type execRequest struct {
	ID               int          `json:"id"`
	Op               string       `json:"op"`
	Version          int          `json:"version,omitempty"`
	Tenant           int          `json:"tenant,omitempty"` // from 1
	User             string       `json:"user,omitempty"`
	Length           int          `json:"length,omitempty"`
	Seconds          *float64     `json:"seconds,omitempty"`
	Enabled          *bool        `json:"enabled,omitempty"`
	AutoRegistration *bool        `json:"autoRegistration,omitempty"`
	Anchor           *execAnchor  `json:"anchor,omitempty"`
	Anchors          []execAnchor `json:"anchors,omitempty"`
}

// An execAnchor is a trust anchor as the program gets it.
type execAnchor struct {
	Name             string `json:"name"`
	Tenant           int    `json:"tenant"` // from 1
	Enabled          bool   `json:"enabled"`
	AutoRegistration bool   `json:"autoRegistration"`
	Fingerprint      string `json:"fingerprint"` // SHA-1 of the DER, as the REST interface names it
	PEM              string `json:"pem"`
}

func newExecAnchor(a certfactory.Anchor) execAnchor {
	return execAnchor{
		Name: a.Name, Tenant: a.Tenant + 1, Enabled: !a.Disabled, AutoRegistration: a.AutoRegistration,
		Fingerprint: certfactory.Fingerprint(a.DER), PEM: string(certfactory.PEM(a.DER)),
	}
}

func execAnchors(anchors []certfactory.Anchor) []execAnchor {
	list := make([]execAnchor, len(anchors))
	for i, a := range anchors {
		list[i] = newExecAnchor(a)
	}
	return list
}

// An execAnswer is one line of the program.
type execAnswer struct {
	ID    *int   `json:"id"`
	OK    *bool  `json:"ok"`
	Error string `json:"error"`

	Operations []string           `json:"operations"` // of hello
	Tenants    int                `json:"tenants"`    // of hello
	Answers    []execAnchorAnswer `json:"answers"`    // of addAnchors
	Found      *bool              `json:"found"`      // of findUser
	Length     int                `json:"length"`     // of maxChainLength
}

type execAnchorAnswer struct {
	Accepted bool   `json:"accepted"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
}

// An ExecError says what the program of the driver exec did wrong.
type ExecError struct {
	Command []string
	Op      string // that was asked for
	Err     error
	Said    string // the end of its stderr
}

func (e *ExecError) Error() string {
	text := fmt.Sprintf("driver %q, %s: %v", strings.Join(e.Command, " "), e.Op, e.Err)
	if e.Said != "" {
		text += fmt.Sprintf("; it said %q", e.Said)
	}
	return text
}

// Unwrap returns what went wrong, and that no answer came.
func (e *ExecError) Unwrap() []error { return []error{e.Err, ErrNoAnswer} }

// broken ends a program that does not keep to the contract: what it says next
// cannot be trusted. The next request starts it again.
func (e *Exec) broken(op string, err error) error {
	failure := &ExecError{Command: e.Command, Op: op, Err: err}
	if e.program != nil {
		e.program.kill()
		failure.Said = e.program.said()
		e.program = nil
	}
	return failure
}

// call sends one request and waits for its answer.
func (e *Exec) call(ctx context.Context, r execRequest) (execAnswer, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.program == nil {
		if err := e.start(ctx); err != nil {
			return execAnswer{}, err
		}
	}
	return e.exchange(ctx, r)
}

// start starts the program and shakes hands.
func (e *Exec) start(ctx context.Context) error {
	p, err := startProgram(e.Command, e.Dir)
	if err != nil {
		return e.broken("start", err)
	}
	e.program = p
	answer, err := e.exchange(ctx, execRequest{Op: "hello", Version: execVersion})
	if err != nil {
		return err
	}
	for _, required := range []string{"addAnchors", "removeAnchors"} {
		if !slices.Contains(answer.Operations, required) {
			return e.broken("hello", fmt.Errorf("the program does not offer %s, which is required", required))
		}
	}
	e.offers, e.tenants = answer.Operations, answer.Tenants
	return nil
}

// exchange sends one request to the running program. The caller holds the lock.
func (e *Exec) exchange(ctx context.Context, r execRequest) (execAnswer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, e.Timeout, fmt.Errorf("no answer within %v", e.Timeout))
	defer cancel()
	e.program.requests++
	r.ID = e.program.requests
	line, err := json.Marshal(r)
	if err != nil {
		return execAnswer{}, fmt.Errorf("encode %s: %w", r.Op, err)
	}
	reply, err := e.program.ask(ctx, append(line, '\n'))
	if err != nil {
		return execAnswer{}, e.broken(r.Op, err)
	}
	answer, err := readAnswer(reply, r.ID)
	if err != nil {
		return execAnswer{}, e.broken(r.Op, err)
	}
	if !*answer.OK {
		return execAnswer{}, &ExecError{Command: e.Command, Op: r.Op, Err: errors.New(orElse(answer.Error, `"ok" is false and there is no "error"`))}
	}
	return answer, nil
}

// readAnswer reads one line of the program.
func readAnswer(line []byte, id int) (execAnswer, error) {
	var answer execAnswer
	if err := json.Unmarshal(line, &answer); err != nil {
		return answer, fmt.Errorf("stdout is for answers in JSON, one a line, and has %q", shorten(line))
	}
	if answer.ID == nil || *answer.ID != id {
		return answer, fmt.Errorf("the answer is not to request %d: %q", id, shorten(line))
	}
	if answer.OK == nil {
		return answer, fmt.Errorf(`the answer has no "ok": %q`, shorten(line))
	}
	return answer, nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// shorten keeps the beginning of a line, enough to recognise it.
func shorten(line []byte) string {
	const most = 100
	if len(line) > most {
		return string(line[:most]) + "…"
	}
	return string(line)
}
