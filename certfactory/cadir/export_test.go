package cadir

import "math/big"

// WithSteps has a function asked before each change to the disk.
func (c Config) WithSteps(step func(what, path string) error) Config {
	c.disk.step = step
	return c
}

// ParseDatabase reads a database and prints it again.
func ParseDatabase(text string) ([]Entry, string, error) {
	db, err := parseDatabase("database.txt", text)
	if err != nil {
		return nil, "", err
	}
	return db.entries, string(db.text()), nil
}

// Line prints an entry as it stands in the database.
func (e Entry) Line() string { return e.line() }

// LookupConfig reads a configuration and looks a setting up.
func LookupConfig(text, section, name string) (string, bool, error) {
	c, err := parseConfig("test.cnf", text)
	if err != nil {
		return "", false, err
	}
	value, ok := c.lookup(section, name)
	return value, ok, nil
}

func ParseNumber(text string) (*big.Int, error) { return parseNumber(text) }

func FormatNumber(n *big.Int) string { return formatNumber(n) }

func OneLine(der []byte) (string, error) { return oneLine(der) }
