package reports_test

import (
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

func TestMillisecondsRoundTrip(t *testing.T) {
	tests := []struct {
		d    time.Duration
		want reports.Milliseconds
	}{
		{0, 0},
		{499 * time.Nanosecond, 0},
		{1500 * time.Nanosecond, 0.002},
		{12345 * time.Microsecond, 12.345},
		{time.Hour, 3_600_000},
	}
	for _, tt := range tests {
		m := reports.InMilliseconds(tt.d)
		if m != tt.want {
			t.Errorf("%v is %v ms, want %v", tt.d, m, tt.want)
		}
		if got, want := m.Duration(), tt.d.Round(time.Microsecond); got != want {
			t.Errorf("%v comes back as %v, want %v", tt.d, got, want)
		}
	}
}
