package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen"
	"github.com/chainmail-iot/chainmail/reports"
)

// loadPlan writes a plan for a run that goes on until it is ended.
func loadPlan(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.yaml")
	plan := "apiVersion: chainmail/v1\nkind: Plan\ndevices: 500\narrival: {rate: 20/s}\njourney: {token: true}\n" +
		"interval: 100ms\nlimits: {lag: 1m}\ntimeouts: {connect: 1m, handshake: 1m, response: 1m}\n"
	if err := os.WriteFile(path, []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// said is what a process has said so far.
type said struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the process has said something.
func (s *said) await(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(bound); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(s.String(), text) {
			return
		}
	}
	t.Fatalf("nothing about %q in:\n%s", text, s)
}

// startLoad starts a run against a platform and returns once devices come.
func startLoad(t *testing.T, platform ready, out string, more ...string) *exec.Cmd {
	t.Helper()
	return startLoadSaying(t, new(said), platform, out, more...)
}

func startLoadSaying(t *testing.T, talk *said, platform ready, out string, more ...string) *exec.Cmd {
	t.Helper()
	args := append([]string{"load", "--plan", loadPlan(t), "--target", platform.Target, "--out", out}, more...)
	command := exec.Command("chainmail", args...)
	command.Stderr = talk
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(bound, func() { _ = command.Process.Kill() })
	t.Cleanup(func() { late.Stop() })
	talk.await(t, "arrivals begin")
	awaitChunks(t, out, 8)
	return command
}

// awaitChunks waits until so many chunks are in the folder.
func awaitChunks(t *testing.T, out string, n int) {
	t.Helper()
	for end := time.Now().Add(bound); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if found, _ := filepath.Glob(filepath.Join(out, "chunk", "*")); len(found) >= n {
			return
		}
	}
	t.Fatalf("no %d chunks in %s", n, out)
}

func endedWith(t *testing.T, command *exec.Cmd) int {
	t.Helper()
	err := command.Wait()
	if failure, ok := errors.AsType[*exec.ExitError](err); ok {
		return failure.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// Interrupted, a load run ends in order: 130, its report written, trust anchor and
// device users removed; with one shard in the process and with two beside it.
func TestLoadInterrupted(t *testing.T) {
	for shards, signal := range map[string]os.Signal{"1": syscall.SIGTERM, "2": os.Interrupt} {
		t.Run("shards="+shards, func(t *testing.T) {
			platform := serve(t)
			out := filepath.Join(t.TempDir(), "load")
			command := startLoad(t, platform, out, "--shards", shards)
			if deviceUsers(t, platform) == 0 {
				t.Error("no device user came to be")
			}
			_ = command.Process.Signal(signal)
			if code := endedWith(t, command); code != exitInterrupted {
				t.Errorf("exit code %d, want %d", code, exitInterrupted)
			}
			report, err := reports.ReadLoad(filepath.Join(out, reports.LoadFileName))
			if err != nil {
				t.Fatal(err)
			}
			if report.Outcome != reports.LoadInterrupted || report.Arrivals[0].Due == 0 || report.Arrivals[0].Unaccounted != 0 {
				t.Errorf("outcome %s, arrivals %+v: want interrupted, some, and none without a result", report.Outcome, report.Arrivals)
			}
			if len(report.Notes) > 0 {
				t.Errorf("notes %q", report.Notes)
			}
			wantLeft(t, platform, 0, 0)
		})
	}
}

// Killed, a coordinator leaves chunks that are whole, and takes its shards with it.
func TestLoadKilled(t *testing.T) {
	platform := serve(t)
	out := filepath.Join(t.TempDir(), "load")
	command := startLoad(t, platform, out, "--shards", "2")
	pids := shardProcesses(t, out)
	_ = command.Process.Kill()
	_ = command.Wait()
	for _, pid := range pids {
		awaitGone(t, pid)
	}
	// The chunks alone make a report; that of a run without its coordinator is incomplete.
	render := exec.Command("chainmail", "report", "render", out)
	output, err := render.CombinedOutput()
	if failure, ok := errors.AsType[*exec.ExitError](err); !ok || !endsAs(failure.ExitCode(), exitIncomplete, string(output)) {
		t.Errorf("render: %v, want exit code %d\n%s", err, exitIncomplete, output)
	}
	if !strings.Contains(string(output), "INCOMPLETE") {
		t.Errorf("rendered without a word of what is missing:\n%s", output)
	}
	// What it has left on the platform was written down before it was put there.
	file := filepath.Join(out, leftFile)
	if !strings.Contains(strings.Join(strings.Fields(string(output)), " "), "chainmail tidy --target FILE "+file) {
		t.Errorf("rendered without a word of what is left:\n%s", output)
	}
	again := exec.Command("chainmail", append([]string{"load"}, quick(platform.Target, out)...)...)
	if said, _ := again.CombinedOutput(); again.ProcessState.ExitCode() != exitUsage || !strings.Contains(string(said), "an earlier run has left something behind") {
		t.Errorf("a run into the same folder: exit code %d, want %d\n%s", again.ProcessState.ExitCode(), exitUsage, said)
	}
	awaitChunks(t, out, 8) // which that run has not taken away
	undoes(t, []string{"undo it by: chainmail tidy --target " + platform.Target + " " + file})
	wantLeft(t, platform, 0, 0)
}

// A shard that is killed is a hole in the report: incomplete, exit code 3.
func TestLoadShardKilled(t *testing.T) {
	platform := serve(t)
	out := filepath.Join(t.TempDir(), "load")
	command := startLoad(t, platform, out, "--shards", "2", "--devices", "100")
	if err := syscall.Kill(shardProcesses(t, out)[1], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	code := endedWith(t, command)
	report, err := reports.ReadLoad(filepath.Join(out, reports.LoadFileName))
	if err != nil {
		t.Fatal(err)
	}
	if !endsAs(code, exitIncomplete, strings.Join(report.Disturbed, "\n")) {
		t.Errorf("exit code %d, want %d", code, exitIncomplete)
	}
	if report.Complete || len(report.Holes) != 1 || report.Holes[0].Shard != 1 || len(report.Notes) != 1 {
		t.Errorf("complete %v, holes %v, notes %q: want one hole, and one note, of shard 1", report.Complete, report.Holes, report.Notes)
	}
	if anchors := trustAnchors(t, platform); anchors != 0 {
		t.Errorf("%d trust anchors left on the target, want none", anchors)
	}
}

// shardProcesses returns the processes of the two shards of a run.
func shardProcesses(t *testing.T, out string) []int {
	t.Helper()
	var pids []int
	for i := range 2 {
		var shard loadgen.Ready
		text, err := os.ReadFile(filepath.Join(out, loadgen.ReadyPrefix, strconv.Itoa(i)+".0"))
		if err == nil {
			err = json.Unmarshal(text, &shard)
		}
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, shard.PID)
	}
	return pids
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(bound); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
	}
	t.Errorf("shard %d outlives its coordinator", pid)
}

// Every plan that comes along is a plan, and says what it is for.
func TestReadyMadePlans(t *testing.T) {
	for _, name := range loadgen.Names() {
		data, ok := loadgen.ReadyMade(name)
		if !ok {
			t.Fatalf("no plan %s", name)
		}
		plan, err := loadgen.Read(name, data)
		if err != nil {
			t.Error(err)
		}
		if plan.Name != name || plan.About == "" || len(plan.Thresholds) == 0 {
			t.Errorf("plan %s calls itself %q, about %q, with %d thresholds", name, plan.Name, plan.About, len(plan.Thresholds))
		}
	}
}
