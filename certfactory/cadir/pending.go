package cadir

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A pending is a directory of files that wait for the moment from which they
// count.
//
// To sign, these are written one after the other:
//
//  1. a pending directory with the certificate and every file that goes with it,
//     and in it a list of where each belongs and the line for the database;
//  2. the next serial number;
//  3. the database with the new line: from this rename on the certificate counts;
//  4. the files take their places, and the pending directory goes.
//
// Whoever dies in between leaves nothing that another command, OpenSSL's among
// them, would take for something else. Before 2 nothing has happened; before 3 a
// serial number is skipped; after it the database is right and the files are
// still to be put in place. The next command of this package decides by the line
// in the database: if it is there it does step 4, else it drops the directory.
// No other journal is needed, since the database itself is what is committed.
//
// A CA is made in the same way, only that there is no database yet that could
// tell: there the pending directory is renamed when it is complete.
type pending struct {
	disk  disk
	dir   string
	line  string   // of the database, "" for a new CA
	moves []string // where file 0, 1, … belongs, relative to the directory around dir
}

const (
	pendingPrefix = "."
	pendingSuffix = ".pending"
	listName      = "list"
)

// stage begins a pending directory.
func (d disk) stage(dir string) (*pending, error) {
	if exists(dir) {
		if err := d.remove(dir); err != nil {
			return nil, fmt.Errorf("prepare files: %w", err)
		}
	}
	if err := d.mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("prepare files: %w", err)
	}
	return &pending{disk: d, dir: dir}, nil
}

// add writes a file that will take its place later.
func (p *pending) add(final string, data []byte, mode fs.FileMode) error {
	to, err := filepath.Rel(filepath.Dir(p.dir), final)
	if err != nil || strings.Contains(to, "\n") {
		return fmt.Errorf("prepare %q: not a usable path (%w)", final, err)
	}
	if err := p.disk.put(p.file(len(p.moves)), data, mode); err != nil {
		return fmt.Errorf("prepare %s: %w", final, err)
	}
	p.moves = append(p.moves, to)
	return nil
}

func (p *pending) file(i int) string   { return filepath.Join(p.dir, strconv.Itoa(i)) }
func (p *pending) target(i int) string { return filepath.Join(filepath.Dir(p.dir), p.moves[i]) }

// seal writes the list: without it the directory is not complete.
func (p *pending) seal(line string) error {
	p.line = line
	text := line + "\n" + strings.Join(p.moves, "\n") + "\n"
	if err := p.disk.put(filepath.Join(p.dir, listName), []byte(text), 0o600); err != nil {
		return fmt.Errorf("prepare files: %w", err)
	}
	return errors.Join(p.disk.flush(p.dir), p.disk.flush(filepath.Dir(p.dir)))
}

// readPending reads a directory that was left behind; nil if it was not complete.
func (d disk) readPending(dir string) (*pending, error) {
	text, err := os.ReadFile(filepath.Join(dir, listName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read pending files: %w", err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 3 || lines[len(lines)-1] != "" {
		return nil, nil
	}
	return &pending{disk: d, dir: dir, line: lines[0], moves: lines[1 : len(lines)-1]}, nil
}

// finish puts all files in place that are not there yet.
func (p *pending) finish() error {
	for i := range p.moves {
		if !exists(p.file(i)) {
			continue
		}
		if err := p.disk.mkdir(filepath.Dir(p.target(i)), 0o755); err != nil {
			return fmt.Errorf("put %s in place: %w", p.target(i), err)
		}
		if err := p.disk.move(p.file(i), p.target(i)); err != nil {
			return fmt.Errorf("put %s in place: %w", p.target(i), err)
		}
	}
	if err := p.disk.remove(p.dir); err != nil {
		return fmt.Errorf("remove pending files: %w", err)
	}
	return nil
}

// counts reports whether the database knows the certificate of a pending
// directory. OpenSSL may have revoked it in the meantime. If it has instead
// issued another one under the same number, a different file is in its place.
func (p *pending) counts(db *database) bool {
	mine, err := parseEntry(p.line)
	if err != nil {
		return false
	}
	e, ok := db.find(mine.Serial)
	if !ok || e.Subject != mine.Subject || !e.NotAfter.Equal(mine.NotAfter) {
		return false
	}
	waiting, err := os.ReadFile(p.file(0))
	if err != nil {
		return true
	}
	placed, err := os.ReadFile(p.target(0))
	return err != nil || bytes.Equal(waiting, placed)
}

// recover brings to an end what an interrupted command has left behind in the
// directory of new certificates.
func (d disk) recover(newCerts string, db *database) error {
	list, err := os.ReadDir(newCerts)
	if err != nil {
		return fmt.Errorf("look for pending files: %w", err)
	}
	for _, entry := range list {
		if !strings.HasPrefix(entry.Name(), pendingPrefix) || !strings.HasSuffix(entry.Name(), pendingSuffix) {
			continue
		}
		dir := filepath.Join(newCerts, entry.Name())
		p, err := d.readPending(dir)
		if err != nil {
			return err
		}
		if p != nil && p.counts(db) {
			err = p.finish()
		} else {
			err = d.remove(dir)
		}
		if err != nil {
			return fmt.Errorf("finish an interrupted command: %w", err)
		}
	}
	return nil
}
