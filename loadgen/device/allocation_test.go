//go:build !race

// With the race detector sync.Pool lets go of things at random, so that allocations
// cannot be counted.

package device_test

import (
	"context"
	"testing"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// Publishing again and again allocates nothing of ours, acknowledged or not. crypto/tls allocates once for every record that it
// reads, here on both sides: QoS 1 is a record each way, QoS 2 are two.
func TestPublishAllocatesNothing(t *testing.T) {
	for qos := range byte(3) {
		d := admitted(t, device.Config{}, acknowledging)
		payload, ctx := make([]byte, 64), context.Background()
		publish := func() {
			if err := d.Publish(ctx, "s/us", payload, qos); err != nil {
				t.Fatal(err)
			}
		}
		publish()
		if allocs := testing.AllocsPerRun(200, publish); allocs > 2*float64(qos) {
			t.Errorf("QoS %d: %v allocations a message, want none but the %d of crypto/tls", qos, allocs, 2*qos)
		}
		d.Close()
	}
}
