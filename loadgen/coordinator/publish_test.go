package coordinator_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/loadgen/measure"
)

// Messages are due at their own moments: while one is not acknowledged those after it
// are late, and their latency counts from when they were due.
func TestMessagesAreDueWhateverBecameOfThoseBefore(t *testing.T) {
	const every, stalled = 50 * time.Millisecond, time.Second
	plan := testPlan(1, 100)
	plan.Journey.Token, plan.Journey.Hold = false, loadgen.Hold(2500*time.Millisecond)
	plan.Journey.Publish = loadgen.Publish{Every: every, Topic: "s/us", Payload: 10, QoS: 1}
	job := newJob(plan)
	config1 := serverTLS(t, job)
	job.Target.Address = listen(t, func(raw net.Conn) {
		conn := tls.Server(raw, config1)
		if conn.Handshake() != nil || !admit(conn) {
			return
		}
		for n := 1; ; n++ {
			packet := make([]byte, 2+2+len("s/us")+2+10) // MQTT 3.1.1 §3.3
			if _, err := io.ReadFull(conn, packet); err != nil || packet[0] != 0x32 {
				return
			}
			if n == 5 {
				time.Sleep(stalled)
			}
			write(conn, 0x40, 2, packet[8], packet[9])
		}
	})
	r := mustRun(t, config(t, job))
	mustAccount(t, r, 1)
	published := good(&r.Totals.Figures, measure.StagePublish)
	if due := uint64(time.Duration(plan.Journey.Hold) / every); published.Count() > due {
		t.Errorf("%d messages in %v, want no more than one every %v", published.Count(), time.Duration(plan.Journey.Hold), every)
	}
	// Of the 20 that were due meanwhile ten waited for half of the time and more.
	if late := published.Count() - published.Latency.Cumulative([]time.Duration{stalled / 2})[0]; late < 9 {
		t.Errorf("%d messages took more than half of the stall, want those that were due in its first half", late)
	}
}
