package coordinator

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"

	"github.com/chainmail-iot/chainmail/loadgen/shard"
)

// inProcess is a shard in a goroutine of this process.
type inProcess struct {
	done   chan struct{}
	err    error // set before done is closed
	cancel context.CancelFunc
}

// InProcess plays a shard in this process.
func InProcess(c shard.Config) Player {
	ctx, cancel := context.WithCancel(context.Background())
	p := &inProcess{done: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(p.done)
		defer cancel()
		p.err = shard.Run(ctx, c)
	}()
	return p
}

func (p *inProcess) Done() <-chan struct{} { return p.done }
func (p *inProcess) Err() error            { return p.err }

// Kill gives up what is under way and waits until all of it is gone.
func (p *inProcess) Kill() {
	p.cancel()
	<-p.done
}

// child is a shard in a process of its own.
type child struct {
	command *exec.Cmd
	stdin   interface{ Close() error }
	done    chan struct{}
	err     error // set before done is closed
	last    lastLine
	once    sync.Once
}

// Child starts a shard as a process. Its standard input is a pipe that nothing is
// written to: it ends when this process does, and the shard is to end with it. What
// it says on standard error is kept for the error, the last line of it.
func Child(command *exec.Cmd) (Player, error) {
	p := &child{command: command, done: make(chan struct{})}
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start shard: %w", err)
	}
	p.stdin = stdin
	command.Stderr = &p.last
	Apart(command)
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start shard: %w", err)
	}
	go func() {
		defer close(p.done)
		if err := command.Wait(); err != nil {
			p.err = fmt.Errorf("%w: %s", err, p.last.text())
		}
	}()
	return p, nil
}

func (p *child) Done() <-chan struct{} { return p.done }
func (p *child) Err() error            { return p.err }

// Kill ends the process and waits for that.
func (p *child) Kill() {
	p.once.Do(func() {
		select {
		case <-p.done:
		default:
			_ = p.command.Process.Kill() // it may have ended meanwhile
		}
	})
	<-p.done
	_ = p.stdin.Close()
}

// lastLine keeps the last line that was written to it.
type lastLine struct {
	mu   sync.Mutex // guards line
	line []byte
}

// maxLine bounds what is kept of a line, in bytes.
const maxLine = 4096

// Write implements io.Writer.
func (l *lastLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = append(l.line, p...)
	if trimmed := bytes.TrimRight(l.line, "\n"); bytes.ContainsRune(trimmed, '\n') {
		l.line = l.line[bytes.LastIndexByte(trimmed, '\n')+1:]
	}
	l.line = l.line[max(0, len(l.line)-maxLine):]
	return len(p), nil
}

func (l *lastLine) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(string(l.line))
}
