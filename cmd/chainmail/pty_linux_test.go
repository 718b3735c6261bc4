package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/chainmail-iot/chainmail/reports"
)

// terminalColumns is the width of the terminals of these tests.
const terminalColumns = 80

// onTerminal starts a command on a terminal of its own, and returns the other end:
// what is typed there reaches the command as from a keyboard.
func onTerminal(t *testing.T, command *exec.Cmd) (keyboard *os.File, screen *said) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal: %v", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(keyboard.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: terminalColumns})
	}
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	command.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=1")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(bound, func() { _ = command.Process.Kill() })
	t.Cleanup(func() { late.Stop() })
	screen = new(said)
	go func() {
		part := make([]byte, 4096)
		for {
			n, err := keyboard.Read(part)
			_, _ = screen.Write(part[:n]) // into memory
			if err != nil {               // the command has ended, and with it the terminal
				return
			}
		}
	}()
	return keyboard, screen
}

// On a terminal there is a bar for each phase. Ctrl-C, which reaches the reference
// platform and the shards as little as anything typed, ends the run in order.
func TestLoadOnATerminal(t *testing.T) {
	out := filepath.Join(t.TempDir(), "load")
	command := exec.Command("chainmail", "load", "--plan", loadPlan(t), "--shards", "2", "--duration", "1m", "--out", out)
	keyboard, screen := onTerminal(t, command)
	for _, phase := range []string{"fleet", "ramp", "hold", "0 failed", " of 1m0s"} {
		screen.await(t, phase)
	}
	awaitChunks(t, out, 8)
	if _, err := keyboard.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	if code := endedWith(t, command); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	report, err := reports.ReadLoad(filepath.Join(out, reports.LoadFileName))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Notes) > 0 || !report.Complete {
		t.Errorf("notes %q, complete %v: want none, and every shard to have told everything", report.Notes, report.Complete)
	}
	screen.await(t, "INTERRUPTED")
	text := screen.String()
	if !strings.Contains(text, "\rinterrupted: ") {
		t.Errorf("the word of the interrupt begins where ^C ends:\n%s", text)
	}
	if strings.Contains(text[strings.Index(text, "GENERATOR"):], "ramp") {
		t.Errorf("bars are drawn below the summary:\n%s", text)
	}
}

// Ctrl-C twice ends a run at once.
func TestLoadCtrlCTwice(t *testing.T) {
	platform := serve(t)
	file, relays := behind(t, platform, &relay{})
	out := filepath.Join(t.TempDir(), "load")
	command := exec.Command("chainmail", "load", "--plan", loadPlan(t), "--target", file, "--out", out)
	keyboard, screen := onTerminal(t, command)
	screen.await(t, "0 failed")
	awaitChunks(t, out, 8)
	relays[1].cut() // what is on the platform cannot be removed for half a minute
	for range 2 {
		if _, err := keyboard.WriteString("\x03"); err != nil {
			t.Fatal(err)
		}
		screen.await(t, "interrupted: ")
	}
	if code := endedWith(t, command); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if _, err := os.Stat(filepath.Join(out, reports.LoadFileName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a report (%v): the run has come to its end", err)
	}
}
