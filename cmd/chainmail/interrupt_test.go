package main

import (
	"bufio"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// A run that is interrupted ends with 130, its report written, and the target as
// it was.
func TestConformInterrupted(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			platform := serve(t)
			out := filepath.Join(t.TempDir(), "report")
			command := exec.Command("chainmail", "conform", "--target", platform.Target, "--out", out)
			stderr, err := command.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			late := time.AfterFunc(time.Minute, func() { _ = command.Process.Kill() })
			defer late.Stop()
			for lines := bufio.NewScanner(stderr); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "50 of ") {
					_ = command.Process.Signal(signal)
				}
			}
			failure, ok := errors.AsType[*exec.ExitError](command.Wait())
			if !ok || failure.ExitCode() != exitInterrupted {
				t.Fatalf("ended with %v, want exit code %d", failure, exitInterrupted)
			}
			report, err := reports.Load(filepath.Join(out, "results.json"))
			if err != nil {
				t.Fatal(err)
			}
			if report.Outcome != reports.Interrupted || len(report.Specs) < 50 || report.Counts.Missing == 0 {
				t.Errorf("outcome %s with %d results, %d missing; want interrupted, 50 and more, some", report.Outcome, len(report.Specs), report.Counts.Missing)
			}
			if len(report.Notes) > 0 {
				t.Errorf("left behind: %q", report.Notes)
			}
			if anchors := trustAnchors(t, platform); anchors != 0 {
				t.Errorf("%d trust anchors left on the target, want none", anchors)
			}
		})
	}
}
