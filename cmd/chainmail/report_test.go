package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/result"
	"github.com/chainmail-iot/chainmail/loadgen/store"
	"github.com/chainmail-iot/chainmail/reports"
)

// keepLoad writes what a load run of one shard leaves in its folder before its end:
// a header and chunks of one arrival a second. It returns the folder.
func keepLoad(t *testing.T, chunks int, thresholds ...string) string {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open("dir:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	digest := [32]byte{7}
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var head bytes.Buffer
	err = reports.LoadHeader{
		Tool: reports.Tool{Name: "chainmail"}, Target: reports.Target{Name: "reference"}, Seed: "s", Shards: 1, Started: start,
		Plan: reports.LoadPlan{Name: "soak", Digest: hex.EncodeToString(digest[:]), Devices: 3, Interval: 1000, Thresholds: thresholds},
	}.WriteJSON(&head)
	if err == nil {
		err = s.Put(t.Context(), reports.LoadHeaderName, head.Bytes())
	}
	rec := measure.NewRecorder(measure.Identity{Plan: digest, Seed: "s", Shards: 1, Start: start, Interval: time.Second}, start)
	for i := 0; i < chunks && err == nil; i++ {
		at := start.Add(time.Duration(i) * time.Second)
		rec.Arrive(measure.Good, at, at)
		rec.Record(measure.Sample{Stage: measure.StageReady, Started: at, Ended: at.Add(5 * time.Millisecond)})
		rec.Result(measure.Good, measure.ResultReady)
		c := rec.Cut(at.Add(time.Second), measure.Process{}, i == 2, "finished")
		err = s.Put(t.Context(), c.Name(), c.Encode())
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// command runs chainmail and returns its exit code and what it wrote.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	code = run(t.Context(), args, &out, &talk)
	return code, out.String(), talk.String()
}

// finishLoad writes the load.json of a folder as if its run had come to its end.
func finishLoad(t *testing.T, dir string) string {
	t.Helper()
	s, err := store.Open("dir:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	played, err := result.Read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	played.BrokeOff = false
	if err := reports.WriteFile(filepath.Join(dir, reports.LoadFileName), result.Build(played).WriteJSON); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReportRendersALoadRun(t *testing.T) {
	t.Parallel()
	whole := finishLoad(t, keepLoad(t, 3, "ready.p99 < 10ms"))
	for _, path := range []string{whole, filepath.Join(whole, reports.LoadFileName)} {
		code, out, talk := command(t, "report", "render", path)
		if code != exitOK || !strings.Contains(out, "✓ ready.p99 < 10ms") || talk != "" {
			t.Errorf("%s: exit code %d\n%s%s", path, code, out, talk)
		}
	}
	if code, out, _ := command(t, "report", "render", whole, "--format", "junit"); code != exitOK || !strings.Contains(out, "<testsuites") {
		t.Errorf("junit: exit code %d\n%s", code, out)
	}
	// What is rendered as JSON can be read again, whatever its name.
	copied := filepath.Join(t.TempDir(), "copy.json")
	if code, _, talk := command(t, "report", "render", whole, "--format", "json", "--out", copied); code != exitOK {
		t.Errorf("json: exit code %d\n%s", code, talk)
	}
	if code, out, talk := command(t, "report", "render", copied); code != exitOK || !strings.Contains(out, "MET") {
		t.Errorf("copy: exit code %d\n%s%s", code, out, talk)
	}
	missed := finishLoad(t, keepLoad(t, 3, "ready.p99 < 1ms"))
	if code, out, _ := command(t, "report", "render", missed); code != exitMissed || !strings.Contains(out, "✗ ready.p99 < 1ms") {
		t.Errorf("missed: exit code %d\n%s", code, out)
	}
}

// TestReportRendersARunThatBrokeOff: one without load.json is incomplete, even where
// its chunks are whole.
func TestReportRendersARunThatBrokeOff(t *testing.T) {
	t.Parallel()
	for chunks, hole := range map[int]bool{2: true, 3: false} {
		code, out, _ := command(t, "report", "render", keepLoad(t, chunks))
		if code != exitIncomplete || !strings.HasPrefix(out, "INCOMPLETE  the run broke off") ||
			strings.Contains(out, "shard 0 told nothing of 2 s to the end") != hole {
			t.Errorf("%d chunks: exit code %d\n%s", chunks, code, out)
		}
	}
}

func TestReportRendersWhatADamagedChunkLeaves(t *testing.T) {
	t.Parallel()
	dir := keepLoad(t, 3)
	path := filepath.Join(dir, "chunk", "0000.0.000001")
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, data[:len(data)/2], 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	code, out, _ := command(t, "report", "render", dir)
	if code != exitIncomplete || !strings.Contains(out, "shard 0 told nothing of 1 s to 2 s") || !strings.Contains(out, "0000.0.000001 is left out") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestReportCompares(t *testing.T) {
	t.Parallel()
	before, after := keepLoad(t, 3, "ready.p99 < 10ms"), keepLoad(t, 2, "ready.p99 < 10ms")
	code, out, talk := command(t, "report", "compare", before, after)
	if code != exitOK || !strings.Contains(out, "1.00×") || !strings.Contains(out, "DOUBTFUL") {
		t.Errorf("exit code %d\n%s%s", code, out, talk)
	}
	if code, out, _ = command(t, "report", "compare", before, keepLoad(t, 0, "ready.p99 < 10ms")); code != exitMissed || !strings.Contains(out, "BROKEN") {
		t.Errorf("broken threshold: exit code %d\n%s", code, out)
	}
}

func TestReportUsage(t *testing.T) {
	t.Parallel()
	empty, stranger, both := t.TempDir(), keepLoad(t, 1), keepLoad(t, 1)
	other := keepLoad(t, 1)
	head, err := os.ReadFile(filepath.Join(other, reports.LoadHeaderName))
	if err == nil {
		head = bytes.Replace(head, []byte(`"07`), []byte(`"08`), 1)
		err = os.WriteFile(filepath.Join(stranger, reports.LoadHeaderName), head, 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(both, reports.FileName), []byte("{}"), 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(empty, "load.txt"), []byte("{}"), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "say what to do"},
		{"unknown", []string{"burn"}, "there is no report burn"},
		{"no path", []string{"render"}, "accepts 1 arg"},
		{"no folder", []string{"render", filepath.Join(empty, "none")}, "no such file"},
		{"empty folder", []string{"render", empty}, "holds no run"},
		{"no report", []string{"render", filepath.Join(empty, "load.txt")}, "this version reads"},
		{"both kinds", []string{"render", both}, "a conformance run and a load run"},
		{"chunks of another plan", []string{"render", stranger}, "chunk of another run"},
		{"format", []string{"render", other, "--format", "pdf"}, `unknown format "pdf"`},
		{"a conformance run", []string{"compare", other, filepath.Join(both, reports.FileName)}, "is a conformance run"},
	} {
		code, _, talk := command(t, append([]string{"report"}, tt.args...)...)
		if code != exitUsage || !strings.Contains(talk, tt.want) {
			t.Errorf("%s: exit code %d, %q, want %q", tt.name, code, talk, tt.want)
		}
	}
}

// TestExitCodesOfRuns holds the codes of this command against those that reports gives.
func TestExitCodesOfRuns(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[reports.LoadOutcome]int{
		reports.LoadMet: exitOK, reports.LoadNotConformant: exitNotConformant, reports.LoadIncomplete: exitIncomplete,
		reports.LoadUnreachable: exitUnreachable, reports.LoadFaulty: exitFault, reports.LoadMissed: exitMissed,
		reports.LoadDisturbed: exitDisturbed, reports.LoadInterrupted: exitInterrupted,
	} {
		if got := outcome.ExitCode(); got != want {
			t.Errorf("%s has %d, want %d", outcome, got, want)
		}
	}
	for outcome, want := range map[reports.Outcome]int{
		reports.Conformant: exitOK, reports.NotConformant: exitNotConformant, reports.Incomplete: exitIncomplete,
		reports.Unreachable: exitUnreachable, reports.Faulty: exitFault, reports.Interrupted: exitInterrupted,
	} {
		if got := outcome.ExitCode(); got != want {
			t.Errorf("%s has %d, want %d", outcome, got, want)
		}
	}
}
