package broker_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test binary be clients in a process of their own.
func TestMain(m *testing.M) {
	if spec := os.Getenv(idleClientsVariable); spec != "" {
		os.Exit(idleClients(spec))
	}
	if spec := os.Getenv(floodVariable); spec != "" {
		os.Exit(flood(spec))
	}
	goleak.VerifyTestMain(m)
}
