package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// StaticFile is the section static of a target file: for brokers that read their
// trust anchors from a file.
type StaticFile struct {
	Bundle string   `yaml:"bundle"` // required: the PEM file that the broker reads; it is written anew
	Reload []string `yaml:"reload"` // required: program and arguments that make the broker read it again
}

// Static manages trust anchors as one PEM file and a command that makes the
// broker read it. What stood in the file before stays there. The command returns
// when the broker was told; Add and Remove then wait until the address accepts
// connections again.
type Static struct {
	Bundle  string
	Reload  []string
	Dir     string // working directory of Reload
	Address string // of MQTT
	Timing  Timing

	before  []byte // the bundle as it was found; nil until it was read
	anchors [][]byte
}

// Name returns "static".
func (*Static) Name() string { return "static" }

func (l *loader) static(f StaticFile, t *Target) Driver {
	if f.Bundle == "" {
		l.wrong("", "static.bundle is empty: want the PEM file that the broker reads", "static")
	}
	if len(f.Reload) == 0 {
		l.wrong("", "static.reload is empty: want the command that makes the broker read the bundle again", "static")
	}
	return &Static{Bundle: l.path(f.Bundle), Reload: f.Reload, Dir: l.dir, Address: t.MQTT.Address, Timing: t.Timing}
}

// Add writes the anchors into the bundle and reloads the broker once.
func (s *Static) Add(ctx context.Context, anchors []certfactory.Anchor) ([]Answer, error) {
	answers := make([]Answer, len(anchors))
	for i, a := range anchors {
		answers[i] = Answer{Accepted: true}
		if a.Disabled || a.Tenant > 0 {
			answers[i] = Answer{Detail: "a bundle knows neither tenants nor disabled trust anchors"}
			continue
		}
		if !s.holds(a.DER) {
			s.anchors = append(s.anchors, a.DER)
		}
	}
	return answers, s.apply(ctx)
}

// Remove takes the anchors out of the bundle and reloads the broker once.
func (s *Static) Remove(ctx context.Context, anchors []certfactory.Anchor) error {
	for _, a := range anchors {
		s.anchors = slices.DeleteFunc(s.anchors, func(der []byte) bool { return bytes.Equal(der, a.DER) })
	}
	return s.apply(ctx)
}

func (s *Static) holds(der []byte) bool {
	return slices.ContainsFunc(s.anchors, func(other []byte) bool { return bytes.Equal(other, der) })
}

// apply writes the bundle whole, so that the broker never reads half of it.
func (s *Static) apply(ctx context.Context) error {
	if s.before == nil {
		before, err := os.ReadFile(s.Bundle)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("read bundle: %w", err)
		}
		s.before = append([]byte{}, before...)
	}
	temporary := filepath.Join(filepath.Dir(s.Bundle), "."+filepath.Base(s.Bundle)+".new")
	if err := os.WriteFile(temporary, slices.Concat(s.before, certfactory.PEM(s.anchors...)), 0o644); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	if err := os.Rename(temporary, s.Bundle); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	bounded, cancel := context.WithTimeout(ctx, s.Timing.Convergence)
	defer cancel()
	if err := s.reload(bounded); err != nil {
		return err
	}
	return awaitPort(ctx, s.Address, s.Timing.Convergence)
}

// reload runs the command. Its output goes into a file and not into a pipe,
// which a daemon that it leaves behind would hold open.
func (s *Static) reload(ctx context.Context) error {
	output, err := os.CreateTemp("", "chainmail-reload-")
	if err != nil {
		return fmt.Errorf("reload broker: %w", err)
	}
	defer os.Remove(output.Name())
	defer output.Close()
	command := exec.CommandContext(ctx, s.Reload[0], s.Reload[1:]...)
	command.Dir, command.Stdout, command.Stderr = s.Dir, output, output
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(output.Name()) // what cannot be read is left out
		return fmt.Errorf("reload broker with %q: %w: %s", s.Reload, err, bytes.TrimSpace(said))
	}
	return nil
}

// awaitPort polls until an address accepts connections.
func awaitPort(ctx context.Context, address string, bound time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close() // nothing was sent that could be lost
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("platform did not come back within %v: %w: %w", bound, ErrNoAnswer, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
