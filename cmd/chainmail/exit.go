package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/strictyaml"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// The exit codes. Those of a finished run are decided by reports.Outcome and
// reports.LoadOutcome.
const (
	exitOK            = 0   // conformant, thresholds met
	exitNotConformant = 1   // a MUST is broken
	exitUsage         = 2   // usage, configuration or schema; nothing was sent
	exitIncomplete    = 3   // inconclusive, missing (shards, arrivals), or nothing selected
	exitUnreachable   = 4   // the target accepts no connection
	exitFault         = 5   // our own fault
	exitMissed        = 6   // load: a threshold was missed
	exitDisturbed     = 7   // load: the generator was the bottleneck
	exitInterrupted   = 130 // interrupted; the report is written all the same
)

// An exit is an error that knows its exit code and what to do about it. Without
// an err it only sets the code: everything has been said.
type exit struct {
	code int
	err  error
	hint string
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// usage says that the command line or a file is wrong.
func usage(hint, format string, args ...any) error {
	return &exit{code: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

// report prints an error, if there is one, and returns the exit code.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	var problems strictyaml.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			say(stderr, "error", p.Error())
			say(stderr, "hint", p.Hint)
		}
		return exitUsage
	}
	code, hint := classify(err)
	var e *exit
	if !errors.As(err, &e) || e.err != nil {
		say(stderr, "error", err.Error())
	}
	say(stderr, "hint", hint)
	return code
}

// classify gives the exit code of an error, and what to do about it.
func classify(err error) (code int, hint string) {
	var e *exit
	var unreachable *target.UnreachableError
	switch {
	case errors.As(err, &e):
		return e.code, e.hint
	case errors.As(err, &unreachable):
		return exitUnreachable, "is the platform running, and is its address in the target file right?"
	case errors.Is(err, suites.ErrNothingSelected):
		return exitIncomplete, `"chainmail list specs" shows what can be selected`
	}
	return exitFault, "this is a fault of chainmail and says nothing about the platform"
}

// say writes a line of talk for each line of the text.
func say(stderr io.Writer, kind, text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(stderr, "chainmail: %s: %s\n", kind, strings.TrimSuffix(line, "\n"))
	}
}
