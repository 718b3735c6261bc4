package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// What a peer's process says on its standard output: that it is about to begin, and
// that all its devices have subscribed. It begins when it is told so and ends when its
// input ends.
const (
	sayReady = "ready"
	sayDone  = "done"
)

// held is for how long a peer holds its devices before it is looked at. What a collector
// of garbage does then is a part of its cost, and what it leaves behind is memory that
// every connection has.
const held = 5 * time.Second

// observe runs a peer's process and returns what it used from its beginning until it
// was done and has held its devices.
func observe(ctx context.Context, devices int, command *exec.Cmd) (cost, error) {
	in, errIn := command.StdinPipe()
	out, errOut := command.StdoutPipe()
	command.Stderr = os.Stderr
	if err := errors.Join(errIn, errOut, command.Start()); err != nil {
		return cost{}, err
	}
	defer func() {
		_ = in.Close()
		late := time.AfterFunc(30*time.Second, func() { _ = command.Process.Kill() })
		defer late.Stop()
		_ = command.Wait() // what it measured is known
	}()
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Kill() })
	defer stop()
	lines := bufio.NewReader(out)
	if err := hear(lines, sayReady); err != nil {
		return cost{}, err
	}
	before, errBefore := usage(command.Process.Pid)
	if _, err := io.WriteString(in, "go\n"); err != nil {
		return cost{}, err
	}
	if err := hear(lines, sayDone); err != nil {
		return cost{}, err
	}
	select {
	case <-ctx.Done():
		return cost{}, context.Cause(ctx)
	case <-time.After(held):
	}
	after, errAfter := usage(command.Process.Pid)
	return cost{devices, after.processor - before.processor, after.memory - before.memory}, errors.Join(errBefore, errAfter)
}

func hear(lines *bufio.Reader, want string) error {
	line, err := lines.ReadString('\n')
	if err != nil || strings.TrimSpace(line) != want {
		return fmt.Errorf("heard %q, want %q: %w", line, want, err)
	}
	return nil
}

// usage reads what a process has used so far, from proc(5).
func usage(pid int) (cost, error) {
	stat, errStat := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	status, errStatus := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err := errors.Join(errStat, errStatus); err != nil {
		return cost{}, err
	}
	_, behind, _ := strings.Cut(string(stat), ") ") // the name may hold spaces
	fields := strings.Fields(behind)
	var c cost
	for _, i := range []int{11, 12} { // utime, stime, in hundredths of a second
		ticks, err := strconv.Atoi(fields[i])
		if err != nil {
			return cost{}, err
		}
		c.processor += time.Duration(ticks) * 10 * time.Millisecond
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return cost{}, err
			}
			c.memory = kib << 10
		}
	}
	return c, nil
}

// self returns how to run a peer that this program plays itself.
func self(name string) func(context.Context, *scene, int) (cost, error) {
	return func(ctx context.Context, s *scene, devices int) (cost, error) {
		program, err := os.Executable()
		if err != nil {
			return cost{}, err
		}
		return observe(ctx, devices, exec.Command(program, "as", name, s.dir, s.address, strconv.Itoa(devices)))
	}
}

// actAs is the other side of self.
func actAs(name string) error {
	devices, err := strconv.Atoi(os.Args[5])
	if err != nil {
		return err
	}
	s := &scene{dir: os.Args[3], address: os.Args[4]}
	switch name {
	case "paho":
		return s.actAsPaho(devices)
	case "bare":
		return s.actAsBare(devices)
	}
	return s.actAsChainmail(devices)
}

// script is the part of a peer that this program plays.
type script struct{ in *bufio.Reader }

// ready says so and waits to be told to begin. What making the devices has left behind
// is let go of first: it would pass for idle and make room for what comes.
func (s *script) ready() error {
	debug.FreeOSMemory()
	s.in = bufio.NewReader(os.Stdin)
	fmt.Println(sayReady)
	_, err := s.in.ReadString('\n')
	return err
}

// done says so and waits for the end.
func (s *script) done() {
	fmt.Println(sayDone)
	_, _ = io.Copy(io.Discard, s.in) // its end is what counts
}

func missing(program string) func() string {
	return func() string {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed"
		}
		return ""
	}
}
