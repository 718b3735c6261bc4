package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A ground is the statements of a program that ran, and those that did not, by
// file. The nil ground misses nothing.
type ground map[string][]block

// A block is statements that run one after the other, between two places of a file.
type block struct {
	fromLine, fromColumn, toLine, toColumn int
	reached                                bool
}

// misses reports whether a mutant changes only what did not run: nobody can notice
// it, and nobody need be asked. What stands outside of functions is never missed.
func (g ground) misses(m mutant) bool {
	missed := false
	for _, b := range g[m.File] {
		after := m.Line > b.fromLine || m.Line == b.fromLine && m.column >= b.fromColumn
		before := m.Line < b.toLine || m.Line == b.toLine && m.column <= b.toColumn
		if after && before {
			if b.reached {
				return false
			}
			missed = true
		}
	}
	return missed
}

// survey finds out what the judges reach.
func (l *lab) survey(ctx context.Context) error {
	if l.subject.cover == nil {
		return nil
	}
	try, err := l.attempt("survey", l.subject.parts[0], nil)
	if err != nil {
		return err
	}
	profile := filepath.Join(try.dir, "profile")
	commands := [][]string{l.subject.cover}
	for _, j := range l.subject.judges {
		commands = append(commands, j.command)
	}
	commands = append(commands, []string{"go", "tool", "covdata", "textfmt", "-i", try.words["{cover}"], "-o", profile})
	for _, command := range commands {
		if output, err := try.run(ctx, command, 0); err != nil {
			return fmt.Errorf("find out what the judges reach: %w: %s", err, output)
		}
	}
	data, err := os.ReadFile(profile)
	if err != nil {
		return fmt.Errorf("find out what the judges reach: %w", err)
	}
	l.ground, err = readGround(data, l.module)
	return err
}

// readGround reads a coverage profile in text form; files are named from the root
// of the module.
func readGround(profile []byte, module string) (ground, error) {
	g := make(ground)
	lines := bufio.NewScanner(bytes.NewReader(profile))
	for lines.Scan() {
		file, rest, ok := strings.Cut(lines.Text(), ":")
		if !ok || file == "mode" {
			continue
		}
		var b block
		var statements, count int
		if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.fromLine, &b.fromColumn, &b.toLine, &b.toColumn, &statements, &count); err != nil {
			return nil, fmt.Errorf("read coverage %q: %w", lines.Text(), err)
		}
		b.reached = count > 0
		name := strings.TrimPrefix(file, module+"/")
		g[name] = append(g[name], b)
	}
	return g, lines.Err()
}
