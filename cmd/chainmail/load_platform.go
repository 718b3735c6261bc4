package main

import (
	"fmt"
	"os"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
)

// leastPatience is how long the reference platform waits for a device by default.
const leastPatience = 10 * time.Second

// platformFile writes the configuration of the reference platform that a load run
// starts for itself, to be removed when it has been read. Its devices come on the same
// machine: where that is at its limit it is the plan that says how long one waits, and
// no bound of the platform's own that would pass for a failure.
func platformFile(plan loadgen.Timeouts) (path string, err error) {
	file, err := os.CreateTemp("", "chainmail-load-*.yaml")
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintf(file, "apiVersion: chainmail/v1\nkind: Platform\nlimits: {mqtt: {handshake: %v, connect: %v}}\n",
		max(plan.Handshake, leastPatience), max(plan.Response, leastPatience))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return file.Name(), err
}

// platformEnv is the environment of that platform: it may use memory in place of
// processor time, which its devices need, unless the user has said otherwise.
func platformEnv() []string {
	if os.Getenv("GOGC") != "" {
		return os.Environ()
	}
	return append(os.Environ(), "GOGC=400")
}
