package main

import (
	"bufio"
	"context"
	_ "embed" // for the script below
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed paho.py
var pahoScript string

// pythonProgram is a Python that has Paho; "" if there is none.
func pythonProgram() string {
	for _, program := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(program, "-c", "import paho.mqtt.client").Run() == nil {
			return program
		}
	}
	return ""
}

func pythonMissing() string {
	if pythonProgram() == "" {
		return "paho-mqtt is not installed for python3"
	}
	return ""
}

// perPython is how many devices a process can have: each is three files to Paho, which
// looks after them with select and its 1,024.
const perPython = 250

// python are processes with a client for each of their devices, and the thread that
// Paho gives each. They come one after the other.
func python(ctx context.Context, s *scene, devices int) (total cost, err error) {
	host, port, _ := net.SplitHostPort(s.address)
	for first := 0; first < devices; first += perPython {
		part, err := observe(ctx, min(perPython, devices-first), exec.Command(pythonProgram(), "-c", pahoScript,
			host, port, s.path(caFile), s.path(pemFolder), strconv.Itoa(first), strconv.Itoa(min(first+perPython, devices))))
		if err != nil {
			return total, err
		}
		total.devices += part.devices
		total.processor += part.processor
		total.memory += part.memory
	}
	return total, nil
}

// mosquittoSub is a process for each device, which is how one gets a certificate for
// each out of mosquitto's own client.
func mosquittoSub(ctx context.Context, s *scene, devices int) (total cost, err error) {
	host, port, _ := net.SplitHostPort(s.address)
	total.devices = devices
	var running []*exec.Cmd
	defer func() {
		for _, command := range running {
			_ = command.Process.Kill()
			_ = command.Wait() // killed, which is an error to Wait
		}
	}()
	for i := range devices {
		name := filepath.Join(s.path(pemFolder), strconv.Itoa(i))
		// stdbuf has it tell at once what it does, and becomes it; both run in one process.
		command := exec.CommandContext(ctx, "stdbuf", "-oL", "mosquitto_sub", "-d", "-V", "mqttv311", "-h", host, "-p", port, "--cafile", s.path(caFile),
			"--cert", name+".pem", "--key", name+".key", "-i", fmt.Sprint("sub-", i), "-t", "s/dat")
		out, err := command.StdoutPipe()
		if err != nil {
			return total, err
		}
		if err := command.Start(); err != nil {
			return total, err
		}
		running = append(running, command)
		if err := awaitSuback(bufio.NewScanner(out)); err != nil {
			return total, err
		}
		used, err := usageFine(command.Process.Pid)
		if err != nil {
			return total, err
		}
		total.processor += used.processor
		total.memory += used.memory
	}
	return total, nil
}

func awaitSuback(lines *bufio.Scanner) error {
	for lines.Scan() {
		if strings.Contains(lines.Text(), "SUBACK") || strings.Contains(lines.Text(), "Subscribed") {
			return nil
		}
	}
	return errors.New("mosquitto_sub ended before SUBACK")
}

// usageFine is usage for a process that has used less than the hundredth of a second
// that proc(5) counts in: its scheduler statistics count nanoseconds.
func usageFine(pid int) (cost, error) {
	c, err := usage(pid)
	if err != nil {
		return c, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		return c, err
	}
	nanoseconds, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
	c.processor = time.Duration(nanoseconds)
	return c, err
}
