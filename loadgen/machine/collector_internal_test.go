package machine

import (
	"runtime/debug"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		most int
		here int64
		want int
	}{{1000, 0, 400}, {1000, 125, 400}, {1000, 250, 200}, {1000, 500, 100}, {1000, 1000, 50}, {1000, 2000, 50}, {1, 1, 50}, {1, 0, 50}} {
		if got := percent(tt.most, tt.here); got != tt.want {
			t.Errorf("%d of %d devices: %d, want %d", tt.here, tt.most, got, tt.want)
		}
	}
}

// GOGC follows the devices, and is afterwards what it was.
func TestCollector(t *testing.T) {
	t.Setenv("GOGC", "")
	const mine = 123
	defer debug.SetGCPercent(debug.SetGCPercent(mine))
	c := NewCollector(1000, func() int64 { return 500 })
	for end := time.Now().Add(time.Minute); ; time.Sleep(collectorPace / 10) {
		now := debug.SetGCPercent(seldom)
		debug.SetGCPercent(now)
		if now == 100 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("GOGC is %d with half of the devices", now)
		}
	}
	c.Stop()
	if now := debug.SetGCPercent(mine); now != mine {
		t.Errorf("GOGC is %d at the end, want %d", now, mine)
	}
}

// Who has set GOGC knows why.
func TestCollectorLeavesGOGC(t *testing.T) {
	t.Setenv("GOGC", "77")
	const mine = 77
	defer debug.SetGCPercent(debug.SetGCPercent(mine))
	c := NewCollector(1000, func() int64 { return 1000 })
	if now := debug.SetGCPercent(mine); now != mine {
		t.Errorf("GOGC is %d, want %d", now, mine)
	}
	c.Stop()
}
