package cadir

import (
	"crypto"
	"crypto/x509/pkix"
	"math/big"
)

// WithSteps has a function asked before each change to the disk.
func (c Config) WithSteps(step func(what, path string) error) Config {
	c.disk.step = step
	return c
}

// Volatile leaves out flushing to the disk.
func (c Config) Volatile() Config {
	c.disk.volatile = true
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

// Interpret reads all that is read of a configuration, and makes the extensions
// of a CA certificate.
func Interpret(text string, public crypto.PublicKey) ([]pkix.Extension, error) {
	c, err := parseConfig("test.cnf", text)
	if err != nil {
		return nil, err
	}
	section, _ := c.lookup("ca", "default_ca")
	s := &settings{config: c, dir: "/"}
	if err := s.readRules(section); err != nil {
		return nil, err
	}
	if _, err := applyPolicy(s.policy, []byte{0x30, 0}, []byte{0x30, 0}); err != nil {
		return nil, err
	}
	_ = s.readPaths(section)
	_ = c.refuse(section)
	return c.extensions(ProfileCA, extensionMaker{public: public})
}
