package target

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// Bounds of the driver exec.
const (
	// execTimeout is how long a program may take for one answer unless the file says otherwise.
	execTimeout = 30 * time.Second
	// execBatch is how many trust anchors go into one request, so that a program
	// that uploads them one by one keeps within its time.
	execBatch = 50
)

// ExecFile is the section exec of a target file: a program that manages the
// platform for us. exec.md beside this file is the contract.
type ExecFile struct {
	Command []string      `yaml:"command,flow"`      // required: program and arguments, started in the folder of the file
	Timeout time.Duration `yaml:"timeout,omitempty"` // for one answer; default 30s
}

// Exec manages the platform through a program of the vendor's that speaks JSON
// lines on stdin and stdout. What the program does wrong is never the platform's
// fault: every error wraps [ErrNoAnswer], so that a spec is inconclusive.
type Exec struct {
	Command []string
	Dir     string // working directory
	Timeout time.Duration
	Address string // of MQTT
	Timing  Timing

	mu      sync.Mutex // one request at a time
	program *program   // nil: not running
	offers  []string   // operations of the program's hello
	tenants int
}

// Name returns "exec".
func (*Exec) Name() string { return "exec" }

func (l *loader) exec(f ExecFile, t *Target) Driver {
	if len(f.Command) == 0 {
		l.wrong("", "exec.command is empty: want a program and its arguments", "exec")
		return nil
	}
	if f.Timeout < 0 {
		l.wrong("", fmt.Sprintf("timeout is %v: want a duration above zero", f.Timeout), "exec", "timeout")
	}
	if f.Timeout == 0 {
		f.Timeout = execTimeout
	}
	command := exec.Command(f.Command[0])
	command.Dir = l.dir
	if errors.Is(command.Err, exec.ErrNotFound) {
		l.wrong("is it installed, and its name right?", fmt.Sprintf("exec.command: no program %q", f.Command[0]), "exec", "command")
	}
	return &Exec{Command: f.Command, Dir: l.dir, Timeout: f.Timeout, Address: t.MQTT.Address, Timing: t.Timing}
}

// Open starts the program and returns the capabilities that it brings. Nothing
// is sent to the platform.
func (e *Exec) Open(ctx context.Context) ([]Capability, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.start(ctx); err != nil {
		return nil, err
	}
	var found []Capability
	for _, o := range offered {
		if !slices.ContainsFunc(o.operations, func(op string) bool { return !slices.Contains(e.offers, op) }) {
			found = append(found, o.capability)
		}
	}
	if e.tenants > 1 {
		found = append(found, SecondTenant)
	}
	return found, nil
}

// offered says which operations a program must offer for a capability.
var offered = []struct {
	capability Capability
	operations []string
}{
	{AnchorChanges, []string{"changeAnchor"}},
	{DeviceUsers, []string{"findUser", "disableUser", "deleteUser"}},
	{MaxChainLengthSetting, []string{"maxChainLength", "setMaxChainLength"}},
	{Clock, []string{"setClock"}},
}

// Close ends the program: its stdin is closed, and it is killed if it does not end.
func (e *Exec) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.program == nil {
		return nil
	}
	defer func() { e.program = nil }()
	return e.program.end(e.Timing.Connect)
}

// Add has the program add the anchors, and waits until the platform accepts
// connections again.
func (e *Exec) Add(ctx context.Context, anchors []certfactory.Anchor) ([]Answer, error) {
	answers := make([]Answer, 0, len(anchors))
	for batch := range slices.Chunk(anchors, execBatch) {
		answer, err := e.call(ctx, execRequest{Op: "addAnchors", Anchors: execAnchors(batch)})
		if err != nil {
			return answers, err
		}
		if len(answer.Answers) != len(batch) {
			return answers, e.broken("addAnchors", fmt.Errorf("%d answers for %d trust anchors", len(answer.Answers), len(batch)))
		}
		for i, a := range answer.Answers {
			if !a.Accepted && a.Detail == "" {
				a.Detail = "trust anchor " + batch[i].Name + " was not accepted"
			}
			answers = append(answers, Answer(a))
		}
	}
	return answers, awaitPort(ctx, e.Address, e.Timing.Convergence)
}

// Remove has the program remove the anchors.
func (e *Exec) Remove(ctx context.Context, anchors []certfactory.Anchor) error {
	for batch := range slices.Chunk(anchors, execBatch) {
		if _, err := e.call(ctx, execRequest{Op: "removeAnchors", Anchors: execAnchors(batch)}); err != nil {
			return err
		}
	}
	return awaitPort(ctx, e.Address, e.Timing.Convergence)
}

// Change has the program change a trust anchor that is there.
func (e *Exec) Change(ctx context.Context, a certfactory.Anchor, c AnchorChange) error {
	anchor := newExecAnchor(a)
	_, err := e.call(ctx, execRequest{Op: "changeAnchor", Anchor: &anchor, Enabled: c.Enabled, AutoRegistration: c.AutoRegistration})
	return err
}

// UserExists asks for a device user.
func (e *Exec) UserExists(ctx context.Context, tenant int, user string) (bool, error) {
	answer, err := e.call(ctx, execRequest{Op: "findUser", Tenant: tenant + 1, User: user})
	if err == nil && answer.Found == nil {
		err = e.broken("findUser", errors.New(`the answer has no "found"`))
	}
	return err == nil && *answer.Found, err
}

// DisableUser disables a device user.
func (e *Exec) DisableUser(ctx context.Context, tenant int, user string) error {
	_, err := e.call(ctx, execRequest{Op: "disableUser", Tenant: tenant + 1, User: user})
	return err
}

// DeleteUser deletes a device user; one that is not there is no error.
func (e *Exec) DeleteUser(ctx context.Context, tenant int, user string) error {
	_, err := e.call(ctx, execRequest{Op: "deleteUser", Tenant: tenant + 1, User: user})
	return err
}

// Tenants returns how many tenants the program manages.
func (e *Exec) Tenants() int { return max(1, e.tenants) }

// MaxChainLength reads the platform's maximum chain length.
func (e *Exec) MaxChainLength(ctx context.Context) (int, error) {
	answer, err := e.call(ctx, execRequest{Op: "maxChainLength"})
	if err == nil && answer.Length < 1 {
		err = e.broken("maxChainLength", errors.New(`the answer has no "length"`))
	}
	return answer.Length, err
}

// SetMaxChainLength sets the platform's maximum chain length.
func (e *Exec) SetMaxChainLength(ctx context.Context, n int) error {
	_, err := e.call(ctx, execRequest{Op: "setMaxChainLength", Length: n})
	return err
}

// SetClock puts the platform's clock forward by so much against true time.
func (e *Exec) SetClock(ctx context.Context, offset time.Duration) error {
	seconds := offset.Seconds()
	_, err := e.call(ctx, execRequest{Op: "setClock", Seconds: &seconds})
	return err
}
