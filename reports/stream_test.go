package reports_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

// record starts a run in dir with the header of r and adds its results.
func record(t *testing.T, dir string, r reports.Report) *reports.Writer {
	t.Helper()
	h := r.Header
	h.Clauses, h.Untested = header().Clauses, header().Untested
	w, err := reports.Create(dir, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	for _, s := range r.Specs {
		if err := w.Add(s); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWriterFinish(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "as needed")
	want := everyVerdict()
	w := record(t, dir, want)
	if diff := cmp.Diff([]string{reports.StreamName}, names(t, dir)); diff != "" {
		t.Errorf("files during the run (-want +got):\n%s", diff)
	}
	if err := w.Finish(want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{reports.FileName}, names(t, dir)); diff != "" {
		t.Errorf("files after the run (-want +got):\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(dir, reports.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o644 {
		t.Errorf("mode %o, want 644", got)
	}
	got, err := reports.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("loaded (-written +loaded):\n%s", diff)
	}
	if err := w.Add(want.Specs[0]); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Add after Finish: %v, want %v", err, fs.ErrClosed)
	}
	if err := w.Finish(want); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Finish: %v, want %v", err, fs.ErrClosed)
	}
	if err := w.Close(); err != nil {
		t.Errorf("Close after Finish: %v", err)
	}
}

func TestWriterFinishRefusesToLoseAResult(t *testing.T) {
	dir := t.TempDir()
	full := everyVerdict()
	w := record(t, dir, full)
	if err := w.Finish(run(full.Specs[1:], reports.End{})); !errors.Is(err, reports.ErrUnreported) {
		t.Errorf("Finish: %v, want %v", err, reports.ErrUnreported)
	}
	if diff := cmp.Diff([]string{reports.StreamName}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestWriterAddRefusesWhatIsNoResult(t *testing.T) {
	w := record(t, t.TempDir(), everyVerdict())
	tests := []struct {
		name  string
		spoil func(*reports.Result)
		want  string
	}{
		{"verdict", func(r *reports.Result) { r.Verdict = "skipped" }, `unknown verdict "skipped"`},
		{"no verdict", func(r *reports.Result) { r.Verdict = "" }, `unknown verdict ""`},
		{"reason", func(r *reports.Result) { r.Reason = "" }, `verdict "fail" needs a reason`},
		{"level", func(r *reports.Result) { r.Level = "MUST" }, `unknown level "MUST"`},
		{"id", func(r *reports.Result) { r.ID = "" }, "are required"},
		{"clauses", func(r *reports.Result) { r.Clauses = nil }, "at least one clause"},
		{"axis", func(r *reports.Result) { r.Axes = map[string]string{"TLS": "1.2"} }, `axis "TLS"`},
		{"layer", func(r *reports.Result) { r.Evidence[1].Layer = "tls" }, `evidence 1: unknown layer "tls"`},
		{"role", func(r *reports.Result) { r.Evidence[0].Role = "" }, "evidence 0: role"},
		{"effect", func(r *reports.Result) { r.Evidence[1].SideEffects.Device = "yes" }, `unknown device "yes"`},
		{"duration", func(r *reports.Result) { r.Duration = 1e18 }, "beyond 30 days"},
		{"time", func(r *reports.Result) { r.Evidence[1].Times.TLS = -1 }, "a time is negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := failure()
			tt.spoil(&r)
			if err := w.Add(r); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Add: %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWriterAddConcurrently(t *testing.T) {
	dir := t.TempDir()
	var results []reports.Result
	for i := range 200 {
		results = append(results, result("chain", fmt.Sprint("case-", i), "DC-CHAIN-02", "one of many"))
	}
	w := record(t, dir, run(nil, reports.End{}))
	var wg sync.WaitGroup
	for _, r := range results {
		wg.Go(func() {
			if err := w.Add(r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want := run(results, reports.End{})
	if err := w.Finish(want); err != nil {
		t.Fatal(err)
	}
}

func TestCreateSetsEarlierResultsAside(t *testing.T) {
	dir := t.TempDir()
	if err := record(t, dir, run(passes(), reports.End{})).Finish(run(passes(), reports.End{})); err != nil {
		t.Fatal(err)
	}
	if err := record(t, dir, run(passes()[:1], reports.End{})).Close(); err != nil {
		t.Fatal(err)
	}
	record(t, dir, run(nil, reports.End{}))
	want := []string{"previous-" + reports.FileName, "previous-" + reports.StreamName, reports.StreamName}
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestTargetShowsNoCredentials(t *testing.T) {
	tests := []struct{ address, want string }{
		{"https://hub.example.com/inventory", "https://hub.example.com/inventory"},
		{"https://t1/admin:secret@hub.example.com", "https://hub.example.com"},
		{"https://admin:secret@hub.example.com:443/x?token=secret#secret", "https://hub.example.com:443/x"},
		{"https://admin:se%cret@hub.example.com/?secret", "https://hub.example.com/"},
		{"admin:secret@hub.example.com:8883", "hub.example.com:8883"},
		{"[::1]:8883", "[::1]:8883"},
		{"", ""},
	}
	for _, tt := range tests {
		h := header()
		h.Target.URL, h.Target.MQTTAddress, h.Target.RESTBaseURL = tt.address, tt.address, tt.address
		got := reports.Assemble(h, nil, reports.End{}).Target
		for _, address := range []string{got.URL, got.MQTTAddress, got.RESTBaseURL} {
			if address != tt.want {
				t.Errorf("%q is shown as %q, want %q", tt.address, address, tt.want)
			}
		}
	}
}

func TestWriteFileIsAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "junit.xml")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := reports.WriteFile(path, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("the file holds %q", got)
	}
	if diff := cmp.Diff([]string{"junit.xml"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
