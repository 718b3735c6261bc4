package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// A fate is what became of a mutant.
type fate string

const (
	killed   fate = "killed"
	timedOut fate = "timed out" // killed too: the judge did not come to an end
	survived fate = "survived"
	unbuilt  fate = "does not build" // no mutant at all
	argued   fate = "argued"         // it need not be noticed, and somebody said why
)

// A verdict is the fate of one mutant and who decided it.
type verdict struct {
	mutant
	Fate    fate    `json:"fate"`
	By      string  `json:"by,omitempty"` // the judge, and the spec or the exit code
	Seconds float64 `json:"seconds"`
	Diff    string  `json:"diff,omitempty"`
}

// A lab tries the mutants of a subject, each in a folder of its own. The tree
// stays as it is: the compiler reads the mutated file through an overlay.
type lab struct {
	subject subject
	root    string // of the module
	module  string // its path
	dir     string // for what is built and reported
	seed    string
	of      map[string]part // by file
	floor   time.Duration   // the least time limit of a judge; what it takes without a mutant is added
	limits  []time.Duration // by judge; 0: none
	ground  ground          // what the judges reach
}

// limitFactor is how much longer than without a mutant a judge may take.
const limitFactor = 4

// patience is how many times longer a judge may take that was asked again because
// it did not come to an end: a busy machine is nobody's verdict.
const patience = 3

// control has the judges judge the code as it is, for each part: one that fails
// then has nothing to say. It also learns how long they take.
func (l *lab) control(ctx context.Context) error {
	l.limits = make([]time.Duration, len(l.subject.judges))
	for _, p := range l.subject.parts {
		try, err := l.attempt("control", p, nil)
		if err != nil {
			return err
		}
		if output, err := try.run(ctx, l.subject.build, 0); err != nil {
			return fmt.Errorf("build without a mutant: %w: %s", err, output)
		}
		for i, j := range l.subject.judges {
			if l.limits[i] > 0 && !slices.Contains(j.command, "{first}") {
				continue // the same for every part
			}
			started := time.Now()
			if output, err := try.run(ctx, j.command, 0); err != nil {
				return fmt.Errorf("without a mutant, %s: %w: %s", j.name, err, output)
			}
			l.limits[i] = max(l.limits[i], l.floor+limitFactor*time.Since(started))
		}
	}
	return l.survey(ctx)
}

// try finds out the fate of a mutant.
func (l *lab) try(ctx context.Context, number int, m mutant) (v verdict, err error) {
	v.mutant = m
	started := time.Now()
	defer func() { v.Seconds = time.Since(started).Seconds() }()
	try, err := l.attempt(fmt.Sprintf("%04d", number), l.of[m.File], &m)
	if err != nil {
		return v, err
	}
	defer os.RemoveAll(try.dir)
	v.Diff = m.diff(try.source)
	if l.ground.misses(m) {
		v.Fate, v.By = survived, "no judge reaches it"
		return v, nil
	}
	if _, err := try.run(ctx, l.subject.build, 0); err != nil {
		v.Fate = unbuilt
		return v, ctx.Err()
	}
	for i, j := range l.subject.judges {
		_, err := try.run(ctx, j.command, l.limits[i])
		if errors.Is(err, errTimeLimit) && ctx.Err() == nil { // or the machine was busy
			_, err = try.run(ctx, j.command, patience*l.limits[i])
		}
		switch {
		case ctx.Err() != nil:
			return v, ctx.Err()
		case errors.Is(err, errTimeLimit):
			v.Fate, v.By = timedOut, j.name
			return v, nil
		case err != nil:
			v.Fate, v.By = killed, j.name+": "+try.reason(err)
			return v, nil
		}
	}
	v.Fate = survived
	return v, nil
}

// An attempt is what the commands of one mutant share.
type attempt struct {
	dir    string
	root   string
	source []byte // of the mutated file, as it is
	words  map[string]string
}

// attempt writes the overlay of a mutant, or an empty one.
func (l *lab) attempt(name string, p part, m *mutant) (*attempt, error) {
	a := &attempt{dir: filepath.Join(l.dir, name), root: l.root}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return nil, err
	}
	a.words = map[string]string{
		"{bin}": filepath.Join(a.dir, "bin"), "{overlay}": filepath.Join(a.dir, "overlay.json"),
		"{out}": filepath.Join(a.dir, "report"), "{keys}": filepath.Join(l.dir, "keys"), "{seed}": l.seed,
		"{first}": p.first, "{cover}": filepath.Join(a.dir, "cover"),
	}
	replace := make(map[string]string)
	if m != nil {
		path := filepath.Join(l.root, filepath.FromSlash(m.File))
		var err error
		if a.source, err = os.ReadFile(path); err != nil {
			return nil, err
		}
		replace[path] = filepath.Join(a.dir, "mutated.go")
		if err := os.WriteFile(replace[path], m.apply(a.source), 0o600); err != nil {
			return nil, err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	return a, os.WriteFile(a.words["{overlay}"], overlay, 0o600)
}

var errTimeLimit = errors.New("time limit")

// run runs a command with its words filled in, and all that it starts ends with
// it. A limit of 0 is none.
func (a *attempt) run(ctx context.Context, command []string, limit time.Duration) (string, error) {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTimeLimit)
		defer cancel()
	}
	var words []string
	for _, word := range command {
		words = append(words, cmp.Or(a.words[word], word))
	}
	if err := os.RemoveAll(a.words["{out}"]); err != nil {
		return "", err
	}
	if err := os.MkdirAll(a.words["{cover}"], 0o700); err != nil {
		return "", err
	}
	var output bytes.Buffer
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Dir, c.Stdout, c.Stderr = a.root, &output, &output
	c.Env = append(os.Environ(), "GOCOVERDIR="+a.words["{cover}"])
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 10 * time.Second
	err := c.Run()
	if err != nil && errors.Is(context.Cause(ctx), errTimeLimit) {
		err = errTimeLimit
	}
	return ending(output.String()), err
}

// ending is as much of the end of an output as a message can bear.
func ending(output string) string {
	const most = 2000
	if len(output) > most {
		return "… " + output[len(output)-most:]
	}
	return output
}

// reason says which spec noticed, where there is a report, or how the judge ended.
func (a *attempt) reason(err error) string {
	report, loadErr := reports.Load(a.words["{out}"])
	if loadErr == nil {
		// What is inconclusive may only not have had its turn.
		for _, sort := range [][]reports.Verdict{{reports.Fail, reports.Warn, reports.Error}, {reports.Inconclusive}} {
			i := slices.IndexFunc(report.Specs, func(r reports.Result) bool { return slices.Contains(sort, r.Verdict) })
			if i >= 0 {
				return report.Specs[i].ID + " " + string(report.Specs[i].Verdict)
			}
		}
	}
	return strings.TrimSpace(err.Error())
}
