package target

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	// lineLimit bounds one answer of a program.
	lineLimit = 1 << 20
	// saidLimit is how much of a program's stderr is kept for error messages.
	saidLimit = 400
	// lastWords is how long what a program has written may be read after its end: a
	// daemon that it leaves behind may hold its stdout and stderr open for ever.
	lastWords = 200 * time.Millisecond
)

// A program is a running child process that answers each line on its stdin with
// one line on its stdout.
type program struct {
	command  *exec.Cmd
	stdin    io.WriteCloser
	lines    chan []byte   // closed at the end of stdout
	ended    chan struct{} // closed when the process was waited for
	err      error         // of the process; read it after ended
	stderr   tail
	requests int // so far
}

// startProgram starts the program in a process group of its own, so that a
// Ctrl-C ends it only after it has helped to leave the target as it was found.
func startProgram(command []string, dir string) (*program, error) {
	p := &program{command: exec.Command(command[0], command[1:]...), lines: make(chan []byte), ended: make(chan struct{})}
	stdout, childStdout, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer childStdout.Close() // the child has its own
	p.command.Dir, p.command.Stdout, p.command.Stderr = dir, childStdout, &p.stderr
	p.command.WaitDelay = lastWords
	ownGroup(p.command)
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, errors.Join(err, stdout.Close())
	}
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(err, stdout.Close())
	}
	go p.read(stdout)
	go func() {
		p.err = p.command.Wait()
		_ = stdout.SetReadDeadline(time.Now().Add(lastWords)) // a pipe that was closed needs none
		close(p.ended)
	}()
	return p, nil
}

// read passes the lines of stdout on until there are no more.
func (p *program) read(stdout io.ReadCloser) {
	defer close(p.lines)
	defer stdout.Close()
	scanner := bufio.NewScanner(stdout)
	scanner.Buffer(nil, lineLimit)
	for scanner.Scan() {
		p.lines <- append([]byte{}, scanner.Bytes()...)
	}
}

// ask writes one line and returns the next line that comes.
func (p *program) ask(ctx context.Context, line []byte) ([]byte, error) {
	written := make(chan error, 1)
	go func() {
		_, err := p.stdin.Write(line)
		written <- err
	}()
	for {
		select {
		case err := <-written:
			if err != nil {
				return nil, p.whyGone()
			}
			written = nil
		case reply, ok := <-p.lines:
			if !ok {
				return nil, p.whyGone()
			}
			return reply, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// whyGone says how a program ended that should have answered.
func (p *program) whyGone() error {
	select {
	case <-p.ended:
	case <-time.After(2 * lastWords):
		return fmt.Errorf("the program closed its stdin or stdout, or wrote a line above %d bytes", lineLimit)
	}
	if p.err != nil {
		return fmt.Errorf("the program ended: %w", p.err)
	}
	return errors.New("the program ended without an answer")
}

// end closes stdin, which asks the program to end, and kills it after a bound.
func (p *program) end(bound time.Duration) error {
	_ = p.stdin.Close() // a program that is gone has closed it already
	go p.drain()
	select {
	case <-p.ended:
		return nil
	case <-time.After(bound):
		killGroup(p.command)
		<-p.ended
		return fmt.Errorf("the driver did not end within %v of its stdin being closed", bound)
	}
}

// kill ends the program at once.
func (p *program) kill() {
	killGroup(p.command)
	_ = p.stdin.Close() // unblocks a write that waits
	go p.drain()
	<-p.ended
}

// drain discards what the program says without being asked.
func (p *program) drain() {
	for range p.lines {
		continue
	}
}

// said is the end of what the program wrote to stderr.
func (p *program) said() string { return strings.Join(strings.Fields(p.stderr.String()), " ") }

// A tail keeps the last bytes that were written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - saidLimit; over > 0 {
		t.kept = t.kept[over:]
	}
	return len(b), nil
}

// String returns what is kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}
