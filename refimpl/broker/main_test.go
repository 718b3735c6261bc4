package broker_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test binary be the clients of a benchmark, in a process of their own.
func TestMain(m *testing.M) {
	if spec := os.Getenv(idleClientsVariable); spec != "" {
		os.Exit(idleClients(spec))
	}
	goleak.VerifyTestMain(m)
}
