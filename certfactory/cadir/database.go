package cadir

import (
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"time"
)

// A Status is what the database says of a certificate.
type Status byte

// The letters that OpenSSL writes.
const (
	Valid   Status = 'V'
	Revoked Status = 'R'
	Expired Status = 'E' // set by "openssl ca -updatedb" only
)

// String returns the letter.
func (s Status) String() string { return string(rune(s)) }

// An Entry is the line of one certificate in the database.
type Entry struct {
	Status    Status
	NotAfter  time.Time
	RevokedAt time.Time // zero unless revoked
	Reason    Reason    // Unspecified unless revoked
	Serial    *big.Int
	File      string // always "unknown" where OpenSSL or this package wrote it
	Subject   string // in one line: /C=PL/CN=device-1

	detail string // what follows the reason: a time or an OID
}

// columns are the fields of a line, divided by tabs.
const columns = 6

// maxDatabase bounds what is read: a line takes some eighty bytes.
const maxDatabase = 1 << 30

// A database is the text of a database file together with what it means. Lines
// that a command leaves alone keep their bytes, comments too.
type database struct {
	lines    []string
	entries  []Entry
	lineOf   []int          // for each entry
	bySerial map[string]int // entry by its number
}

// parseDatabase reads the text of a database. The file name is for messages only.
func parseDatabase(file, text string) (*database, error) {
	n := strings.Count(text, "\n")
	db := &database{
		lines: make([]string, 0, n+1), entries: make([]Entry, 0, n+1), lineOf: make([]int, 0, n+1),
		bySerial: make(map[string]int, n+1),
	}
	for text != "" {
		line, rest, ended := strings.Cut(text, "\n")
		text = rest
		db.lines = append(db.lines, line)
		if err := db.read(line, ended); err != nil {
			return nil, fmt.Errorf("read database %s: line %d: %w", file, len(db.lines), err)
		}
	}
	return db, nil
}

func (db *database) read(line string, ended bool) error {
	if !ended {
		return errors.New("cut off: no newline ends it, and OpenSSL would drop it")
	}
	if strings.HasPrefix(line, "#") {
		return nil
	}
	e, err := parseEntry(line)
	if err != nil {
		return err
	}
	key := serialKey(e.Serial)
	if i, double := db.bySerial[key]; double {
		return fmt.Errorf("serial number %s is in line %d already", formatNumber(e.Serial), db.lineOf[i]+1)
	}
	db.bySerial[key] = len(db.entries)
	db.entries = append(db.entries, e)
	db.lineOf = append(db.lineOf, len(db.lines)-1)
	return nil
}

// splitLine divides a line at its tabs. A backslash before a tab makes it part
// of the field.
func splitLine(line string) []string {
	if !strings.Contains(line, "\\\t") {
		return strings.Split(line, "\t")
	}
	var fields []string
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line) && line[i+1] == '\t':
			i++
			b.WriteByte('\t')
		case line[i] == '\t':
			fields = append(fields, b.String())
			b.Reset()
		default:
			b.WriteByte(line[i])
		}
	}
	return append(fields, b.String())
}

func parseEntry(line string) (Entry, error) {
	f := splitLine(line)
	if len(f) != columns {
		return Entry{}, fmt.Errorf("%d fields divided by tabs, want %d", len(f), columns)
	}
	e := Entry{File: f[4], Subject: f[5]}
	if len(f[0]) != 1 || !strings.Contains("VRE", f[0]) {
		return Entry{}, fmt.Errorf("status %q is none of V, R, E", f[0])
	}
	e.Status = Status(f[0][0])
	var err error
	if e.NotAfter, err = parseTime(f[1]); err != nil {
		return Entry{}, fmt.Errorf("expiry: %w", err)
	}
	if (f[2] != "") != (e.Status == Revoked) {
		return Entry{}, fmt.Errorf("status %s and revocation %q contradict each other", e.Status, f[2])
	}
	if e.Status == Revoked {
		if err := e.parseRevocation(f[2]); err != nil {
			return Entry{}, fmt.Errorf("revocation: %w", err)
		}
	}
	digits := strings.TrimPrefix(f[3], "-")
	serial, ok := new(big.Int).SetString(digits, 16)
	if !ok || len(digits)%2 == 1 || strings.ContainsAny(digits, "+-_") {
		return Entry{}, fmt.Errorf("serial number %.50q is no even count of hexadecimal digits", f[3])
	}
	if e.Serial = serial; digits != f[3] {
		serial.Neg(serial)
	}
	return e, nil
}

// line prints the entry as OpenSSL does, without the newline.
func (e Entry) line() string {
	revocation := ""
	if e.Status == Revoked {
		revocation = e.revocation()
	}
	f := []string{e.Status.String(), formatTime(e.NotAfter), revocation, formatNumber(e.Serial), e.File, e.Subject}
	for i := range f {
		f[i] = strings.ReplaceAll(f[i], "\t", "\\\t")
	}
	return strings.Join(f, "\t")
}

const (
	utcTime         = "060102150405Z"
	generalizedTime = "20060102150405Z"
)

// formatTime follows RFC 5280 §4.1.2.5: two digits of the year until 2049.
func formatTime(t time.Time) string {
	if t = t.UTC(); t.Year() < 2050 {
		return t.Format(utcTime)
	}
	return t.Format(generalizedTime)
}

func parseTime(s string) (time.Time, error) {
	layout := generalizedTime
	if len(s) == len(utcTime) {
		layout = utcTime
	}
	t, err := time.Parse(layout, s)
	if err != nil || len(s) != len(layout) {
		return time.Time{}, fmt.Errorf("%.50q is no time like 261231235959Z or 20511231235959Z", s)
	}
	// Package time turns the century at 69.
	if layout == utcTime && t.Year() >= 2050 {
		t = t.AddDate(-100, 0, 0)
	}
	return t, nil
}

func serialKey(n *big.Int) string { return string(n.Append(nil, 16)) }

// find returns the entry of a serial number.
func (db *database) find(serial *big.Int) (Entry, bool) {
	i, ok := db.bySerial[serialKey(serial)]
	if !ok {
		return Entry{}, false
	}
	return db.entries[i], true
}

// put adds an entry, or sets it in place of the one with its serial number.
func (db *database) put(e Entry) {
	key := serialKey(e.Serial)
	if i, ok := db.bySerial[key]; ok {
		db.entries[i] = e
		db.lines[db.lineOf[i]] = e.line()
		return
	}
	db.bySerial[key] = len(db.entries)
	db.entries = append(db.entries, e)
	db.lineOf = append(db.lineOf, len(db.lines))
	db.lines = append(db.lines, e.line())
}

// valid finds a valid entry of that subject.
func (db *database) valid(subject string) (Entry, bool) {
	for _, e := range db.entries {
		if e.Status == Valid && e.Subject == subject {
			return e, true
		}
	}
	return Entry{}, false
}

func (db *database) text() []byte {
	var b strings.Builder
	for _, line := range db.lines {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// readDatabase reads the database and the text of its file.
func readDatabase(path string) (*database, []byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && exists(path+".new") {
		return nil, nil, fmt.Errorf("read database: %w: OpenSSL was interrupted, rename %s.new", err, path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read database: %w", err)
	}
	if info.Size() > maxDatabase {
		return nil, nil, fmt.Errorf("read database %s: %d bytes, at most %d are read", path, info.Size(), maxDatabase)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read database: %w", err)
	}
	db, err := parseDatabase(path, string(text))
	return db, text, err
}
