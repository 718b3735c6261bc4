package main

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites/target"
	"github.com/chainmail-iot/chainmail/suites/web"
)

// conform runs `chainmail conform` in a process of its own and returns its report.
func conform(t *testing.T, args ...string) (reports.Report, int) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "report")
	command := exec.Command("chainmail", append([]string{"conform", "--out", out}, args...)...)
	output, err := command.CombinedOutput()
	report, loadErr := reports.Load(out)
	if loadErr != nil {
		t.Fatalf("%v: %v: %s", loadErr, err, output)
	}
	if code := command.ProcessState.ExitCode(); code != report.ExitCode {
		t.Errorf("exit code %d, the report says %d", code, report.ExitCode)
	}
	return report, report.ExitCode
}

// trustAnchors counts the trust anchors of both tenants of a platform.
func trustAnchors(t *testing.T, platform ready) int {
	t.Helper()
	system, err := target.Load(platform.Target)
	if err != nil {
		t.Fatal(err)
	}
	defer system.REST.Close()
	total := 0
	for _, tenant := range system.REST.Tenants {
		admin, _ := tenant.Admin()
		response, err := system.REST.Do(t.Context(), target.Request{
			Method: http.MethodGet, Path: target.AnchorsPath(tenant.ID) + "?pageSize=2000", Tenant: tenant.ID, User: admin,
		})
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			Certificates []struct{} `json:"certificates"`
		}
		if err := response.JSON(&list); err != nil {
			t.Fatal(err)
		}
		total += len(list.Certificates)
	}
	return total
}

// browser reports whether this machine has a browser for the specs of the web page.
func browser() bool {
	_, err := exec.LookPath("chromium")
	return err == nil
}

// The same specs judge a platform in another process, which is then as it was.
func TestConformAgainstAnotherProcess(t *testing.T) {
	platform := serve(t)
	report, code := conform(t, append(sameKeys(), "--target", platform.Target)...)
	if code != exitOK || report.Outcome != reports.Conformant {
		t.Errorf("exit code %d, outcome %s, want conformant: %v", code, report.Outcome, report.Reasons)
		for _, r := range report.Specs {
			if r.Verdict != reports.Pass {
				t.Errorf("%s: %s: %s", r.ID, r.Verdict, r.Reason)
			}
		}
	}
	want := 0
	if !browser() {
		want = len(web.Specs())
	}
	if report.Counts.NotApplicable != want {
		t.Errorf("%d specs are not applicable to the reference platform, want %d", report.Counts.NotApplicable, want)
	}
	if len(report.Notes) > 0 {
		t.Errorf("left behind: %q", report.Notes)
	}
	wantLeft(t, platform, 0, 0)
}
