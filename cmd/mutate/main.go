// Command mutate changes the source in small ways, one at a time, and asks who
// notices: the specs, where the reference platform is changed, or our own tests,
// where the tester is. The tree stays as it is: the compiler reads each changed
// file through an overlay.
//
// A mutant that nobody notices is listed with its diff. It ends as a new spec, a
// new case or a new test, or as a sentence in argued.yaml that says why it need
// not be noticed.
//
// It stands beside go-mutesting and gremlins because their judge is "go test" of
// the changed package, and ours is a run of the specs against the changed platform.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitOK       = 0
	exitSurvived = 1 // a mutant survived and nobody said why it may
	exitUsage    = 2 // the command line or argued.yaml is wrong
	exitFault    = 5 // the judges do not pass without a mutant, or a disk is full
)

// options are what the command line says.
type options struct {
	subject string
	only    string
	n       int
	seed    uint64
	jobs    int
	list    bool
	out     string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command is main without the process.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.subject, "subject", "platform", "what is changed: platform (judged by the specs) or tester (judged by tests)")
	flags.StringVar(&o.only, "only", "", "only mutants whose file, function and mutation contain this text")
	flags.IntVar(&o.n, "n", 300, "how many mutants, a sample by the seed; 0 is all")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the sample and of the specs")
	flags.IntVar(&o.jobs, "jobs", 1, "how many mutants side by side")
	flags.BoolVar(&o.list, "list", false, "list the mutants and try none")
	flags.StringVar(&o.out, "out", "chainmail-mutants", "folder for results.json")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "mutate: error: unexpected argument %q\n", flags.Arg(0))
		return exitUsage
	}
	code, err := o.run(ctx, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "mutate: error:", err)
	}
	return code
}

// run finds the mutants, tries a sample of them and prints what became of it.
func (o options) run(ctx context.Context, stdout, stderr io.Writer) (int, error) {
	s, err := subjectByName(o.subject)
	if err != nil {
		return exitUsage, err
	}
	known, err := readArguments("argued.yaml", arguedYAML)
	if err != nil {
		return exitUsage, err
	}
	root, module, err := moduleRoot(ctx)
	if err != nil {
		return exitFault, err
	}
	all, of, err := s.mutants(root)
	if err != nil {
		return exitFault, fmt.Errorf("find mutants: %w", err)
	}
	chosen := sample(all, known, o.only, o.seed)
	if o.list {
		for _, m := range all {
			fmt.Fprintf(stdout, "%s:%d: %s: %s\n", m.File, m.Line, m.Function, m.Mutation)
		}
		return exitOK, nil
	}
	if len(chosen) == 0 {
		return exitUsage, fmt.Errorf("no mutant contains %q", o.only)
	}
	dir, err := os.MkdirTemp("", "chainmail-mutate-")
	if err != nil {
		return exitFault, err
	}
	defer os.RemoveAll(dir)
	l := &lab{subject: s, root: root, module: module, dir: dir, seed: specSeed(o.seed), of: of, floor: 30 * time.Second}
	verdicts, err := o.tryAll(ctx, l, chosen, known, stderr)
	if len(verdicts) == 0 {
		return exitFault, err
	}
	return conclude(stdout, o, verdicts, err)
}

// conclude prints and keeps what became of the mutants, also of those before a
// fault or an interruption.
func conclude(stdout io.Writer, o options, verdicts []verdict, cause error) (int, error) {
	t := tallyOf(verdicts)
	t.print(stdout, verdicts)
	if err := keep(o, verdicts); err != nil {
		return exitFault, errors.Join(cause, err)
	}
	switch {
	case cause != nil:
		return exitFault, cause
	case t[survived] > 0:
		return exitSurvived, nil
	}
	return exitOK, nil
}

func subjectByName(name string) (subject, error) {
	var names []string
	for _, s := range subjects() {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	return subject{}, fmt.Errorf("unknown subject %q: want %s", name, strings.Join(names, " or "))
}

// moduleRoot is the folder of the module that applies here, and its path.
func moduleRoot(ctx context.Context) (dir, path string, err error) {
	output, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}\n{{.Path}}").Output()
	if err != nil {
		return "", "", fmt.Errorf("find module: %w", err)
	}
	dir, path, _ = strings.Cut(strings.TrimSpace(string(output)), "\n")
	return dir, path, nil
}
