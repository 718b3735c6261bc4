package device_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/loadgen/device"
)

// TestAlertNames has crypto/tls say which codes it knows: none of those may be unassigned here, and no two share a name.
func TestAlertNames(t *testing.T) {
	seen := map[string]uint8{}
	for code := range uint8(255) {
		alert := device.NewAlert(code)
		known := !strings.Contains(tls.AlertError(code).Error(), "alert(")
		if alert.Name == "unassigned" {
			if known {
				t.Errorf("%d has no name and is %q to crypto/tls", code, tls.AlertError(code))
			}
			continue
		}
		if other, twice := seen[alert.Name]; twice {
			t.Errorf("%d and %d are both %s", other, code, alert.Name)
		}
		seen[alert.Name] = code
	}
	for code, want := range map[uint8]string{
		0: "close_notify (0)", 45: "certificate_expired (45)", 48: "unknown_ca (48)", 116: "certificate_required (116)", 200: "unassigned (200)",
	} {
		if got := device.NewAlert(code).String(); got != want {
			t.Errorf("alert %d is %q, want %q", code, got, want)
		}
	}
	if device.NewAlert(0).Level != "warning" || device.NewAlert(42).Level != "fatal" {
		t.Error("levels are wrong")
	}
}
