package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/reports"
)

// What has to be done to a platform before a spec can judge it, and is denied, leaves
// the spec inconclusive, with the request and the answer: it is no fault of ours.
func TestDeniedPreparation(t *testing.T) {
	platform := serve(t)
	for _, tt := range []struct{ spec, method, path, reason string }{
		{"registration/device-user-disabled", http.MethodPut, "/users/", "disabling of the device user: PUT /user/t1/users/"},
		{"trust/anchor-disabled", http.MethodPut, "/trusted-certificates/", "a change of a trust anchor: PUT /tenant/tenants/t1/trusted-certificates/"},
	} {
		t.Run(tt.spec, func(t *testing.T) {
			report, code := conform(t, "--only", tt.spec, "--target", inFront(t, platform, lacks(tt.method, tt.path), ""))
			if code != exitIncomplete {
				t.Errorf("exit code %d, want %d", code, exitIncomplete)
			}
			for _, r := range report.Specs {
				if r.Verdict != reports.Inconclusive || !strings.HasPrefix(r.Reason, tt.reason) || !strings.HasSuffix(r.Reason, "answered 404") {
					t.Errorf("%s: %s: %q, want inconclusive: %q", r.ID, r.Verdict, r.Reason, tt.reason)
				}
			}
		})
	}
}
