package device_test

import (
	"context"
	"crypto/tls"
	"testing"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// Publishing again and again allocates nothing of ours, acknowledged or not. crypto/tls allocates once for every record that it
// reads, here on both sides: QoS 1 is a record each way, QoS 2 are two.
func TestPublishAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("allocations cannot be counted with the race detector")
	}
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

// acknowledging answers PUBLISH to "s/us" with 64 bytes, and PUBREL, without allocating.
func acknowledging(conn *tls.Conn) {
	var buffer [256]byte
	have := 0
	for {
		n, err := conn.Read(buffer[have:])
		if err != nil {
			return
		}
		have += n
		for have >= 4 && have >= 2+int(buffer[1]) {
			switch id := buffer[8:10]; buffer[0] {
			case 0x32:
				_, err = conn.Write(append(buffer[200:200], 0x40, 2, id[0], id[1]))
			case 0x34:
				_, err = conn.Write(append(buffer[200:200], 0x50, 2, id[0], id[1]))
			case 0x62:
				_, err = conn.Write(append(buffer[200:200], 0x70, 2, buffer[2], buffer[3]))
			}
			if err != nil {
				return
			}
			size := 2 + int(buffer[1])
			have = copy(buffer[:], buffer[size:have])
		}
	}
}
