package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the golden parts of the scripts anew")

func TestMain(m *testing.M) {
	testscript.Main(sharing{m}, map[string]func(){"chainmail": main, "chainmail-killed": playKilled})
}

// sharing runs the tests with a folder that they share.
type sharing struct{ *testing.M }

// keysVariable names the folder where runs of sameSeed keep the RSA keys that they
// have found: searching them is half the work of a whole run.
const (
	keysVariable = "CHAINMAIL_TEST_KEYS"
	sameSeed     = "mfrggzdfmztwq2lknnwg23tpoa"
)

func (s sharing) Run() int {
	dir, err := os.MkdirTemp("", "chainmail-keys-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFault
	}
	defer os.RemoveAll(dir)
	if err := os.Setenv(keysVariable, dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFault
	}
	return s.M.Run()
}

// sameKeys are the flags of a run that takes the keys which another has found. Two
// at once on one platform would get into each other's way.
func sameKeys() []string { return []string{"--seed", sameSeed, "--key-cache", os.Getenv(keysVariable)} }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true, UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			closed, letGo, err := closedAddress()
			e.Defer(letGo)
			e.Setenv("CLOSED", closed)
			e.Setenv("TODAY", time.Now().UTC().Format(time.DateOnly))
			e.Setenv("LATER", time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly))
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "loads": loads},
	})
}

// exits runs a command that must end with exactly this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if got, want := scripted(ts, neg, args); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// loads runs a load that must end with exactly this exit code. On a machine whose
// processors were given to others meanwhile it must say so, and end as disturbed.
func loads(ts *testscript.TestScript, neg bool, args []string) {
	got, want := scripted(ts, neg, args)
	said := ts.ReadFile("stdout")
	word := map[int]string{exitOK: "MET", exitMissed: "MISSED", exitDisturbed: "DISTURBED"}[got]
	if !endsAs(got, want, said) || !regexp.MustCompile(fmt.Sprintf(`(?m)^%s +exit code %d`, word, got)).MatchString(said) {
		ts.Fatalf("exit code %d, want %d, and that it is said", got, want)
	}
}

// endsAs reports whether a load ended with the exit code that is wanted, or as a run
// that says that it was robbed of its processors, which outweighs the other.
func endsAs(code, want int, said string) bool {
	return code == want || code == exitDisturbed && robbed.MatchString(said)
}

// robbed is what a load says whose processors were given to others.
var robbed = regexp.MustCompile(`(the hypervisor gave to others|the limits of the control group took away) [0-9.]+%`)

// scripted runs a command of a script and returns its exit code and that which is wanted.
func scripted(ts *testscript.TestScript, neg bool, args []string) (got, want int) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command [argument ...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	if failure, ok := errors.AsType[*exec.ExitError](err); ok {
		return failure.ExitCode(), want
	}
	ts.Check(err)
	return 0, want
}

// closedAddress returns a loopback address on which nothing listens, and nothing
// can until it is let go: it is one end of a connection.
func closedAddress() (address string, letGo func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", func() {}, err
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return "", func() { _ = l.Close() }, err
	}
	return conn.LocalAddr().String(), func() { _, _ = conn.Close(), l.Close() }, nil
}

// serve starts `chainmail serve` in a process of its own, which the test ends by
// SIGTERM and which must then end cleanly.
func serve(t *testing.T, args ...string) ready {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "platform")
	command := exec.Command("chainmail", slices.Concat([]string{"serve", "--json", "--quiet", "--dir", dir}, args)...)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		ended := time.AfterFunc(2*closeBound, func() { _ = command.Process.Kill() })
		defer ended.Stop()
		if err := command.Wait(); err != nil {
			t.Errorf("chainmail serve after SIGTERM: %v, want a clean end", err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("read the ready line: %v", err)
	}
	var r ready
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatalf("ready line %q: %v", line, err)
	}
	return r
}

// need skips the test where a program is missing. In CI a skip fails.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
}
