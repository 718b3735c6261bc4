package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/coordinator"
	"github.com/chainmail-iot/chainmail/loadgen/fleet"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// A site is the platform that a load run is about, and what the run has put there.
type site struct {
	target  *target.Target
	stop    func() // ends the reference platform; nil for another
	anchors []certfactory.Anchor
	devices *fleet.Fleet // of the run; nil before anything was put on the platform
	// registered are the Client Identifiers that bulk registration may have registered.
	registered []string
	// length is the maximum chain length that the platform had; 0: it was not changed.
	length int
}

// openSite reads the target file, or starts the reference platform, and sees to it
// that the job may be put on it.
func openSite(ctx context.Context, path string, job *loadgen.Job, deviations []string) (*site, error) {
	if path != "" && len(deviations) > 0 {
		return nil, usage("leave one of them out", "--deviation is for the embedded reference platform, --target for another")
	}
	s := &site{}
	if path == "" {
		started, stop, err := startServe(ctx, job.Plan.Timeouts, deviations)
		if err != nil {
			return nil, err
		}
		path, s.stop = started.Target, stop
	}
	err := s.open(ctx, path, job)
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// embedded reports whether the platform is the reference platform of this run.
func (s *site) embedded() bool { return s.stop != nil }

func (s *site) open(ctx context.Context, path string, job *loadgen.Job) error {
	t, err := openTarget(ctx, path)
	if err != nil {
		return err
	}
	if s.target = t; s.embedded() {
		t.Name = "embedded reference platform"
	}
	if err := s.allows(job); err != nil {
		return err
	}
	if job.Target, err = endpoint(t); err != nil {
		return err
	}
	return leadThere(ctx, job)
}

// allows holds the plan against what the target file says.
func (s *site) allows(job *loadgen.Job) error {
	plan, t := &job.Plan, s.target
	var refused *target.NotAllowedError
	if err := t.AllowsLoad(plan.MostOpen(), peakRate(plan)); errors.As(err, &refused) {
		return usage(refused.Hint, "%v", refused)
	}
	switch {
	case plan.Journey.Token && !t.Has(target.MQTTTokens):
		return usage("set journey: {token: false} in the plan, or the capability mqttTokens in the target file", "%s: the plan asks for tokens, the target has none", t.Name)
	case plan.Journey.HTTP.Requests > 0 && t.REST == nil:
		return usage("set journey.http.requests: 0 in the plan, or add rest to the target file", "%s: the plan makes HTTP requests, the target has no REST interface", t.Name)
	case plan.Registration == loadgen.RegistrationBulk && !t.Has(target.BulkRegistration):
		return usage("set registration: auto in the plan", "%s: the plan registers devices in bulk, the target does not offer it", t.Name)
	}
	return nil
}

// peakRate is the most arrivals a second that the plan ever intends.
func peakRate(plan *loadgen.Plan) float64 {
	a := plan.Arrival
	rates := []float64{float64(a.Rate)}
	if a.Ramp != nil {
		rates = append(rates, float64(a.Ramp.From), float64(a.Ramp.To))
	}
	for _, step := range a.Steps {
		rates = append(rates, float64(step.Rate))
	}
	return slices.Max(rates)
}

// endpoint is what shards need to know of the target.
func endpoint(t *target.Target) (loadgen.Endpoint, error) {
	e := loadgen.Endpoint{Address: t.MQTT.Address, ServerName: t.MQTT.ServerName}
	var err error
	if e.Roots, err = trustStore(t.MQTT.CAFile); err != nil || t.REST == nil {
		return e, err
	}
	e.HTTP = t.REST.BaseURL.String()
	e.HTTPRoots, err = trustStore(t.REST.CAFile)
	return e, err
}

// trustStore reads a file in PEM; "" stands for the system's.
func trustStore(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read trust store: %w", err)
	}
	return string(data), nil
}

// trust puts onto the platform what the fleet needs there. What that will be is told to
// foresee first.
func (s *site) trust(ctx context.Context, job *loadgen.Job, foresee func() error) error {
	devices, err := fleet.New(job)
	if err != nil {
		return &exit{code: exitUsage, err: err}
	}
	anchors, length, err := devices.Anchors()
	if err != nil {
		return &exit{code: exitUsage, err: err}
	}
	if err := s.needLength(ctx, length); err != nil {
		return err
	}
	s.anchors, s.devices = anchors, devices // an upload that is not answered may have come through
	if err := foresee(); err != nil {
		s.anchors, s.length = nil, 0
		return err
	}
	if s.length > 0 {
		if err := s.target.Management.SetMaxChainLength(ctx, length); err != nil {
			return fmt.Errorf("set the maximum chain length: %w", err)
		}
	}
	answers, err := s.target.Driver.Add(ctx, anchors)
	if err != nil {
		return fmt.Errorf("upload trust anchors: %w", err)
	}
	for i, a := range answers {
		if !a.Accepted {
			return &exit{code: exitIncomplete, err: fmt.Errorf("trust anchor %q was not accepted: %s", anchors[i].Name, a.Detail), hint: "no device was tried"}
		}
	}
	if job.Plan.Registration == loadgen.RegistrationBulk {
		return s.register(ctx, devices, job.Plan.Devices)
	}
	return nil
}

// needLength notes the maximum chain length, where it does not do as it is and can be
// set.
func (s *site) needLength(ctx context.Context, length int) error {
	t := s.target
	now := max(t.Policy.MaxChainLength, suites.Profiles()[0].MaxChainLength) // what is not said is the default
	settable := t.Management != nil && t.Has(target.MaxChainLengthSetting)
	if settable {
		var err error
		if now, err = t.Management.MaxChainLength(ctx); err != nil {
			return fmt.Errorf("ask for the maximum chain length: %w", err)
		}
	}
	switch {
	case length <= now:
		return nil
	case !settable:
		return usage("lower chainLength, or say in the target file what the platform accepts: policy.maxChainLength",
			"%s: devices present chains of %d, the platform accepts %d", t.Name, length, now)
	}
	s.length = now
	return nil
}

func (s *site) close() {
	if s.target != nil {
		_ = s.target.Close() // a driver that does not end has been killed
	}
	if s.stop != nil {
		s.stop()
	}
}

// startServe starts `chainmail serve` in a process of its own, so that the platform's
// processor time is not the generator's.
func startServe(ctx context.Context, patience loadgen.Timeouts, deviations []string) (r ready, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return r, nil, fmt.Errorf("find own program: %w", err)
	}
	config, err := platformFile(patience)
	if err != nil {
		return r, nil, fmt.Errorf("start reference platform: %w", err)
	}
	defer os.Remove(config)
	args := []string{
		"serve", "--json", "--quiet", "--until-eof", "--config", config,
		"--mqtt", "127.0.0.1:0", "--rest", "127.0.0.1:0", "--management", "127.0.0.1:0",
	}
	for _, d := range deviations {
		args = append(args, "--deviation", d)
	}
	command := exec.Command(self, args...)
	coordinator.Apart(command)
	command.Stderr, command.Env = os.Stderr, platformEnv()
	input, errIn := command.StdinPipe() // ends with this process, and the platform with it
	output, errOut := command.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return r, nil, fmt.Errorf("start reference platform: %w", err)
	}
	if err := command.Start(); err != nil {
		return r, nil, fmt.Errorf("start reference platform: %w", err)
	}
	stop = func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(closeBound, func() { _ = command.Process.Kill() })
		defer late.Stop()
		_ = command.Wait() // how it ends is of no consequence now
		_ = input.Close()
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	if err != nil {
		stop()
		if command.ProcessState.ExitCode() == exitUsage {
			return r, nil, &exit{code: exitUsage} // it has said why
		}
		return r, nil, fmt.Errorf("start reference platform: read where it listens: %w", err)
	}
	if err := ctx.Err(); err != nil {
		stop()
		return r, nil, err
	}
	return r, stop, nil
}
