package cadir_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
)

// TestMain plays the other process of a test where CADIR_PROCESS says which.
func TestMain(m *testing.M) {
	processes := map[string]func() error{"issue": issueMany, "die": dieEarly}
	play, ok := processes[os.Getenv("CADIR_PROCESS")]
	if !ok {
		os.Exit(m.Run())
	}
	if err := play(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// issueMany is one of the processes of TestTwoProcesses.
func issueMany() error {
	env := quick()
	env.Wait = time.Minute
	a, err := cadir.Open(os.Getenv("CADIR_DIR"), password, env)
	if err != nil {
		return err
	}
	for i := range perProcess {
		if _, err := a.Issue(device(fmt.Sprint(os.Getpid(), "-", i))); err != nil {
			return err
		}
	}
	return nil
}

const perProcess = 10

func TestTwoProcesses(t *testing.T) {
	a := mustCreate(t, root(), quick())
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "CADIR_PROCESS=issue", "CADIR_DIR="+a.Dir())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	group.Wait()
	seen := make(map[string]bool)
	for i, e := range mustEntries(t, a) {
		if e.Serial.Int64() != int64(0x1000+i) || seen[e.Subject] {
			t.Errorf("line %d: %+v", i+1, e)
		}
		seen[e.Subject] = true
	}
	if len(seen) != 2*perProcess {
		t.Errorf("%d certificates, want %d", len(seen), 2*perProcess)
	}
	if got := mustRead(t, a.Dir(), "serial"); got != fmt.Sprintf("%X\n", 0x1000+2*perProcess) {
		t.Errorf("next serial number %q", got)
	}
}

func TestManyGoroutines(t *testing.T) {
	env := quick()
	env.Wait = time.Minute
	a := mustCreate(t, root(), env)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if _, err := a.Issue(device(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(mustEntries(t, a)); n != 8 {
		t.Errorf("%d lines, want 8", n)
	}
}

func TestLockNamesItsHolder(t *testing.T) {
	env := fixed()
	a := mustCreate(t, root(), env)
	inside, done := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow, err := cadir.Open(a.Dir(), password, env.WithSteps(func(string, string) error {
		once.Do(func() { close(inside); <-done })
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	finished := make(chan error)
	go func() {
		_, err := slow.Issue(device("slow"))
		finished <- err
	}()
	<-inside
	_, err = a.Issue(device("impatient"))
	if !errors.Is(err, cadir.ErrLocked) || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())+" (cadir.test) since 2031-03-04T05:06:07Z") {
		t.Errorf("while another works: %v", err)
	}
	if _, err := a.Entries(); err != nil {
		t.Errorf("reading needs no lock: %v", err)
	}
	close(done)
	if err := <-finished; err != nil {
		t.Error(err)
	}
	mustIssue(t, a, device("patient"))
}
