package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// conformUntil runs `chainmail conform` in a process of its own, does something
// after so many results, and returns how the process ended.
func conformUntil(t *testing.T, results int, then func(*exec.Cmd), args ...string) error {
	t.Helper()
	command := exec.Command("chainmail", slices.Concat([]string{"conform"}, sameKeys(), args)...)
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(bound, func() { _ = command.Process.Kill() })
	defer late.Stop()
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), fmt.Sprintf("%d of ", results)) {
			then(command)
		}
	}
	return command.Wait()
}

// A run that is interrupted ends with 130, its report written, and the target as
// it was.
func TestConformInterrupted(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			platform := serve(t)
			out := filepath.Join(t.TempDir(), "report")
			ended := conformUntil(t, 50, func(command *exec.Cmd) { _ = command.Process.Signal(signal) }, "--target", platform.Target, "--out", out)
			failure, ok := errors.AsType[*exec.ExitError](ended)
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

// short is what target files of these tests say of waits: long enough for a
// platform that is there, on a busy machine too, and bearable for one that is not.
const short = "timing: {connect: 2s, response: 1s}"

// A target that goes away while a run is interrupted, and comes back, is left as
// it was found.
func TestTargetThatComesBackIsTidiedUp(t *testing.T) {
	t.Parallel()
	platform := serve(t)
	file, relays := behind(t, platform, &relay{}, short)
	_ = conformUntil(t, 50, func(command *exec.Cmd) {
		for _, r := range relays {
			r.cut()
			time.AfterFunc(time.Second, r.mend)
		}
		_ = command.Process.Signal(syscall.SIGINT)
	}, "--target", file, "--out", filepath.Join(t.TempDir(), "report"))
	if anchors := trustAnchors(t, platform); anchors != 0 {
		t.Errorf("%d trust anchors left on the target, want none", anchors)
	}
}

// What could not be undone is written down, and the command that the report names
// undoes it.
func TestWhatIsLeftBehindCanBeUndone(t *testing.T) {
	t.Parallel()
	platform := serve(t)
	file, relays := behind(t, platform, &relay{}, short)
	out := filepath.Join(t.TempDir(), "report")
	_ = conformUntil(t, 50, func(command *exec.Cmd) {
		for _, r := range relays {
			r.cut()
		}
		_ = command.Process.Signal(syscall.SIGTERM)
	}, "--target", file, "--out", out)
	report, err := reports.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	left := slices.IndexFunc(report.Notes, func(note string) bool { return strings.HasPrefix(note, "left behind: ") })
	if left < 0 || trustAnchors(t, platform) == 0 {
		t.Fatalf("notes %q with %d trust anchors on the target, want one about what is left, and some", report.Notes, trustAnchors(t, platform))
	}
	line, ok := strings.CutPrefix(report.Notes[len(report.Notes)-1], "undo it by: ")
	if !ok {
		t.Fatalf("no command at the end of %q", report.Notes)
	}
	if said, err := exec.Command("sh", "-c", line).CombinedOutput(); err == nil || !strings.Contains(string(said), "still left behind: ") {
		t.Errorf("%s: %v: %s, want that it is still left behind", line, err, said)
	}
	for _, r := range relays {
		r.mend()
	}
	if said, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s", line, err, said)
	}
	if anchors := trustAnchors(t, platform); anchors != 0 {
		t.Errorf("%d trust anchors left on the target, want none", anchors)
	}
	if _, err := os.Stat(filepath.Join(out, leftFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there (%v)", leftFile, err)
	}
}

// Two runs against one target at once do not disturb each other.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	platform := serve(t)
	type outcome struct {
		report reports.Report
		code   int
	}
	// These put the platform's clock forward, or change an option of the tenant.
	const shared = "token/token-lifetime-*,token/token-after-half-life,token/token-expired,token/token-default-lifetime,transport/expired-resumption"
	second := make(chan outcome)
	run := func() outcome {
		report, code := conform(t, "--target", platform.Target, "--tls", "1.3",
			"--only", "transport,trust,registration,token,chain/valid-*,chain/expired-*,rest/pem-*", "--skip", shared)
		return outcome{report, code}
	}
	go func() { second <- run() }()
	for i, o := range []outcome{run(), <-second} {
		if o.code != exitOK || len(o.report.Notes) > 0 {
			t.Errorf("run %d: exit code %d, notes %q, want conformant and tidy", i+1, o.code, o.report.Notes)
		}
		for _, r := range o.report.Specs {
			if r.Verdict != reports.Pass {
				t.Errorf("run %d: %s: %s: %s", i+1, r.ID, r.Verdict, r.Reason)
			}
		}
	}
	if anchors := trustAnchors(t, platform); anchors != 0 {
		t.Errorf("%d trust anchors left on the target, want none", anchors)
	}
}
