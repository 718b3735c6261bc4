// Package foreign_test tries the reference platform with client libraries that others wrote
// for the real one, unmodified: go-c8y for the REST API, Paho for MQTT. What these need and
// find is evidence that the platform is like the one that they were written for.
//
// It is a module of its own so that nobody who imports chainmail inherits what go-c8y needs.
package foreign_test

import (
	"testing"

	"github.com/reubenmiller/go-c8y/pkg/c8y"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	c8y.SilenceLogger()
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) // one of go-c8y's dependencies starts some at init
}
