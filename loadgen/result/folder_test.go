package result_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/loadgen/measure"
	"github.com/chainmail-iot/chainmail/loadgen/result"
	"github.com/chainmail-iot/chainmail/loadgen/store"
	"github.com/chainmail-iot/chainmail/reports"
)

// shardFolder names the folder into which a copy of this test's program writes as a
// shard that never ends.
const shardFolder = "CHAINMAIL_TEST_SHARD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(shardFolder); dir != "" {
		if err := endless(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// endless puts a chunk of one arrival after the other, and tells of each when it is
// there.
func endless(dir string) error {
	s, err := store.Open("dir:" + dir)
	if err != nil {
		return err
	}
	rec := measure.NewRecorder(measure.Identity{Plan: digest(), Seed: "quiet-otter-41", Shards: 2, Start: start(), Interval: time.Second}, start())
	for second := 1; ; second++ {
		rec.Arrive(measure.Good, start(), start())
		rec.Result(measure.Good, measure.ResultReady)
		c := rec.Cut(start().Add(time.Duration(second)*time.Second), measure.Process{}, false, "")
		if err := s.Put(context.Background(), c.Name(), c.Encode()); err != nil {
			return err
		}
		fmt.Println(second)
	}
}

// put writes what a run leaves in its store.
func put(t *testing.T, dir string, header reports.LoadHeader, chunks []*measure.Chunk) store.Store {
	t.Helper()
	s, err := store.Open("dir:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	var head bytes.Buffer
	if err := header.WriteJSON(&head); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), reports.LoadHeaderName, head.Bytes()); err != nil {
		t.Fatal(err)
	}
	for _, c := range chunks {
		if err := s.Put(t.Context(), c.Name(), c.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestKillCostsOneInterval kills a shard with SIGKILL while it writes, and finds
// every chunk of which it had told.
func TestKillCostsOneInterval(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := put(t, dir, header(1000, 0), nil)
	shard := exec.CommandContext(t.Context(), os.Args[0])
	shard.Env = append(os.Environ(), shardFolder+"="+dir)
	out, err := shard.StdoutPipe()
	if err == nil {
		err = shard.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if told, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatal(err)
		}
		if told == 20 {
			if err := shard.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := shard.Wait(); err == nil || told < 20 {
		t.Fatalf("the shard ended by itself after %d chunks: %v", told, err)
	}
	run, err := result.Read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	// One more may be there, of which it could not tell any more.
	if got := int(run.Totals.Due[measure.Good]); got < told || got > told+1 || len(run.Notes) > 0 {
		t.Errorf("%d intervals are there, %d were told of; notes %q", got, told, run.Notes)
	}
	r := result.Build(run)
	if r.Outcome != reports.LoadIncomplete || len(r.Holes) != 2 || r.Holes[0].From != reports.Milliseconds(1000*run.Totals.Due[measure.Good]) || r.Holes[0].To != 0 {
		t.Errorf("outcome %s, holes %v", r.Outcome, r.Holes)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	chunks := play(1000, 100)
	head := header(1000, 100)
	head.Plan.Thresholds = []string{"ready.p99 < 1s"}
	run, err := result.Read(t.Context(), put(t, t.TempDir(), head, chunks))
	if err != nil {
		t.Fatal(err)
	}
	// Whole as the chunks are, nobody has said that the run came to its end.
	if r := result.Build(run); r.Outcome != reports.LoadIncomplete || r.Complete || len(r.Reasons) != 1 || len(r.Thresholds) != 1 || len(r.Notes) != 0 {
		t.Errorf("outcome %s: %q, notes %q", r.Outcome, r.Reasons, r.Notes)
	}
	run.BrokeOff = false
	if r := result.Build(run); r.Outcome != reports.LoadMet || !r.Complete {
		t.Errorf("outcome %s: %q", r.Outcome, r.Reasons)
	}

	misplaced := *chunks[3]
	misplaced.Seq = 7
	s := put(t, t.TempDir(), head, chunks)
	if err := s.Put(t.Context(), chunks[3].Name(), misplaced.Encode()); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), chunks[5].Name(), []byte("chainmail-chunk 2\n")); err != nil {
		t.Fatal(err)
	}
	if run, err = result.Read(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if r := result.Build(run); r.Outcome != reports.LoadIncomplete || len(r.Holes) != 2 || len(r.Notes) != 2 {
		t.Errorf("outcome %s, holes %v, notes %q", r.Outcome, r.Holes, r.Notes)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	empty, err := store.Open("dir:" + t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := result.Read(t.Context(), empty); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no header: %v", err)
	}
	for _, tt := range []struct {
		name   string
		change func(*reports.LoadHeader)
		want   string
	}{
		{"another plan", func(h *reports.LoadHeader) { h.Plan.Digest = strings.Repeat("ab", 32) }, "chunk of another run"},
		{"another number of shards", func(h *reports.LoadHeader) { h.Shards = 3 }, "chunk of another run"},
		{"digest", func(h *reports.LoadHeader) { h.Plan.Digest = strings.Repeat("xy", 32) }, "no SHA-256"},
		{"threshold", func(h *reports.LoadHeader) { h.Plan.Thresholds = []string{"speed > 9"} }, `unknown metric "speed"`},
		{"no shards", func(h *reports.LoadHeader) { h.Shards = 0 }, "0 shards"},
	} {
		head := header(1000, 100)
		tt.change(&head)
		if _, err := result.Read(t.Context(), put(t, t.TempDir(), head, play(200, 0))); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestSeriesOfALongRun joins intervals so that a run of days is no larger than one of
// an hour, and loses nothing.
func TestSeriesOfALongRun(t *testing.T) {
	t.Parallel()
	const hours = 1
	f := measure.NewFold(digest(), 1)
	rec := measure.NewRecorder(measure.Identity{Plan: digest(), Shards: 1, Start: start(), Interval: time.Second}, start())
	for second := range hours * 3600 {
		at := start().Add(time.Duration(second) * time.Second)
		if second%60 == 0 {
			rec.Arrive(measure.Good, at, at)
			rec.Opened()
		}
		if err := f.Add(rec.Cut(at.Add(time.Second), measure.Process{}, second == hours*3600-1, "finished")); err != nil {
			t.Fatal(err)
		}
	}
	r := result.Build(result.Run{Header: header(hours*60, 0), Totals: f.Totals()})
	points := r.Series.Points
	var due uint64
	for _, p := range points {
		due += p.Due
	}
	if due != hours*60 || len(points) > 2000 || len(points) < 1000 || points[len(points)-1].Open != hours*60 {
		t.Errorf("%d points of %v ms with %d arrivals", len(points), r.Series.Step, due)
	}
	if !slices.IsSortedFunc(points, func(a, b reports.LoadPoint) int { return int(a.At - b.At) }) {
		t.Error("the points are out of order")
	}
}
