package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/reports"
)

// deviceUsers and inventory count what the first tenant has of devices.
func deviceUsers(t *testing.T, platform ready) int {
	t.Helper()
	return members(t, platform, "users", "/user/t1/users?onlyDevices=true&pageSize=2000")
}

func inventory(t *testing.T, platform ready) int {
	t.Helper()
	return members(t, platform, "managedObjects", "/inventory/managedObjects?pageSize=2000")
}

// members is the length of a list that a path leads to.
func members(t *testing.T, platform ready, list, path string) int {
	t.Helper()
	response := ask(t, platform, http.MethodGet, path, nil)
	var answer map[string]json.RawMessage
	var all []struct{}
	if err := response.JSON(&answer); err != nil || response.Status != http.StatusOK || json.Unmarshal(answer[list], &all) != nil {
		t.Fatalf("list %s: %d, %s", list, response.Status, response.Body)
	}
	return len(all)
}

// wantLeft checks what is on the platform after a run.
func wantLeft(t *testing.T, platform ready, anchors, users int) {
	t.Helper()
	if got := trustAnchors(t, platform); got != anchors {
		t.Errorf("%d trust anchors on the target, want %d", got, anchors)
	}
	if got := deviceUsers(t, platform); got != users {
		t.Errorf("%d device users on the target, want %d", got, users)
	}
	if got := inventory(t, platform); got != 0 {
		t.Errorf("%d devices in the inventory of the target, want none", got)
	}
}

// quick is a plan of few devices that are soon done, for a target.
func quick(file, out string, more ...string) []string {
	return append([]string{
		"--target", file, "--out", out, "--devices", "12", "--rate", "200/s", "--lag", "1m", "--interval", "100ms",
	}, more...)
}

// loadReport runs `chainmail load` and returns its report.
func loadReport(t *testing.T, want int, args []string) reports.LoadReport {
	t.Helper()
	command := exec.Command("chainmail", append([]string{"load"}, args...)...)
	said, err := command.CombinedOutput()
	code := 0
	if failure, ok := errors.AsType[*exec.ExitError](err); ok {
		code = failure.ExitCode()
	}
	if !endsAs(code, want, string(said)) {
		t.Fatalf("exit code %d, want %d\n%s", code, want, said)
	}
	report, err := reports.ReadLoad(filepath.Join(args[slices.Index(args, "--out")+1], reports.LoadFileName))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// A run leaves neither trust anchors nor device users, however those came to be, those
// of bad devices that were let in among them; a device user that was there stays.
func TestLoadLeavesNothing(t *testing.T) {
	platform := serve(t, "--deviation", "accepts-expired")
	kept := filepath.Join(t.TempDir(), "kept")
	loadReport(t, exitOK, quick(platform.Target, kept, "--devices", "1", "--keep"))
	for _, tt := range []struct {
		args  []string
		code  int
		notes int
	}{
		{[]string{"--token"}, exitOK, 0},
		{[]string{"--registration", "bulk", "--shards", "2"}, exitOK, 0},
		{[]string{"--bad-share", "0.5"}, exitNotConformant, 0},
	} {
		out := t.TempDir()
		report := loadReport(t, tt.code, quick(platform.Target, out, tt.args...))
		if len(report.Notes) != tt.notes {
			t.Errorf("%v: notes %q, want %d", tt.args, report.Notes, tt.notes)
		}
		if left, _ := filepath.Glob(filepath.Join(out, leftFile)); len(left) > 0 {
			t.Errorf("%v: %v is still there", tt.args, left)
		}
		wantLeft(t, platform, 1, 1)
	}
}

// What was kept serves a further run with the same seed, and can be removed later.
func TestLoadKeep(t *testing.T) {
	platform := serve(t)
	again := []string{"--keep", "--seed", certfactory.NewSeed().String(), "--moment", time.Now().UTC().Format(time.RFC3339)}
	out := filepath.Join(t.TempDir(), "load")
	loadReport(t, exitOK, quick(platform.Target, out, again...))
	wantLeft(t, platform, 1, 12)
	second := loadReport(t, exitOK, quick(platform.Target, out, again...)) // into the same folder
	wantLeft(t, platform, 1, 12)
	if !strings.Contains(strings.Join(second.Notes, "; "), "whoever has the seed can make devices that are admitted") {
		t.Errorf("notes %q: no word of what it means to keep a trust anchor", second.Notes)
	}
	undoes(t, second.Notes)
	wantLeft(t, platform, 0, 0)
}

// undoes runs the command that the last of some notes names.
func undoes(t *testing.T, notes []string) {
	t.Helper()
	if len(notes) == 0 {
		t.Fatal("no notes, want one with a command that undoes what was left")
	}
	line, ok := strings.CutPrefix(notes[len(notes)-1], "undo it by: ")
	if !ok {
		t.Fatalf("no command at the end of %q", notes)
	}
	if said, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s", line, err, said)
	}
}

// What could not be removed, because the platform does not answer any more, is told of
// and can be removed later.
func TestLoadTellsWhatItLeaves(t *testing.T) {
	platform := serve(t)
	file, relays := behind(t, platform, &relay{}, short)
	out := filepath.Join(t.TempDir(), "load")
	command := startLoad(t, ready{Target: file}, out)
	for _, r := range relays[1:] {
		r.cut()
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	if code := endedWith(t, command); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	report, err := reports.ReadLoad(filepath.Join(out, reports.LoadFileName))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Notes) != 3 || !strings.HasPrefix(report.Notes[0], "left behind: 1 trust anchors, ") || !strings.Contains(report.Notes[0], "device users") {
		t.Fatalf("notes %q, want what is left, why, and a command", report.Notes)
	}
	if users := deviceUsers(t, platform); users == 0 {
		t.Error("no device users on the target, want some")
	}
	for _, r := range relays[1:] {
		r.mend()
	}
	undoes(t, report.Notes)
	wantLeft(t, platform, 0, 0)
}

// Interrupted twice, a run ends at once: it neither waits for a platform that has
// gone, nor writes its report.
func TestLoadInterruptedTwice(t *testing.T) {
	platform := serve(t)
	file, relays := behind(t, platform, &relay{})
	out := filepath.Join(t.TempDir(), "load")
	var said said
	command := startLoadSaying(t, &said, ready{Target: file}, out)
	relays[1].cut() // what is on the platform cannot be removed for half a minute
	_ = command.Process.Signal(os.Interrupt)
	said.await(t, "interrupted: ")
	_ = command.Process.Signal(os.Interrupt)
	if code := endedWith(t, command); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if _, err := os.Stat(filepath.Join(out, reports.LoadFileName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a report (%v): the run has come to its end", err)
	}
	relays[1].mend()
	undoes(t, []string{"undo it by: chainmail tidy --target " + file + " " + filepath.Join(out, leftFile)})
	wantLeft(t, platform, 0, 0)
}

// A target whose trust anchors a program of its vendor's manages takes load as any
// other, and is left as it was.
func TestLoadOverADriver(t *testing.T) {
	platform := serve(t)
	file := pythonTarget(t, platform, "capabilities: [mqttTokens]")
	report := loadReport(t, exitOK, quick(file, t.TempDir(), "--token"))
	if report.Target.Driver != "exec" || report.Arrivals[0].Ready != 12 || len(report.Notes) > 0 {
		t.Errorf("driver %q, arrivals %+v, notes %q", report.Target.Driver, report.Arrivals, report.Notes)
	}
	wantLeft(t, platform, 0, 0)
}

// A plain broker, which has neither tokens nor users, takes load by its certificates.
func TestLoadOnMosquitto(t *testing.T) {
	need(t, "sh", "mosquitto")
	file := mosquittoTarget(t)
	bundle := filepath.Join(filepath.Dir(file), "anchors.pem")
	before, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	report := loadReport(t, exitOK, quick(file, t.TempDir(), "--token=false", "--bad-share", "0.25"))
	if a := report.Arrivals; len(a) != 2 || a[0].Ready != 9 || a[1].Denied+a[1].Admitted != 3 || len(report.Notes) > 0 {
		t.Errorf("arrivals %+v, notes %q", a, report.Notes)
	}
	if after, err := os.ReadFile(bundle); err != nil || string(after) != string(before) {
		t.Errorf("the trust anchors of the broker are not what they were (%v)", err)
	}
}

// Interrupted before there is anything to report on, a command says that, and not that
// it is at fault.
func TestInterruptedBeforeTheRun(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "target.yaml")
	write(t, file, []byte("apiVersion: chainmail/v1\nkind: Target\nmqtt: {address: \"127.0.0.1:1\"}\ndriver: exec\nexec: {command: [cat]}\ncapabilities: [mqttTokens]\n"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, talk bytes.Buffer
	if code := run(ctx, append([]string{"load"}, quick(file, t.TempDir())...), &out, &talk); code != exitInterrupted || talk.String() != "chainmail: error: interrupted\n" {
		t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, &talk)
	}
}
