package cadir

import (
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNotAuthority says that a directory holds no CA.
var ErrNotAuthority = errors.New("not a CA directory")

// settings are what "openssl ca" reads from the configuration.
type settings struct {
	config *config
	dir    string // where the configuration is

	newCerts, database, serial string
	key, certificate           string
	crl, crlNumber             string // "" if not set

	hash     crypto.Hash
	policy   []policyField
	preserve bool // keep the order of the request's subject
	unique   bool // unique_subject, where the database's own attributes do not say
	crlValid time.Duration
}

// configNames are the configurations that the specification names.
var configNames = []string{"caConfig.cnf", "intermediateConfig.cnf"}

// findConfig returns the configuration of a CA directory: one of the names that
// the specification uses, else the only one that ends in .cnf. A path to a
// configuration is taken as it is.
func findConfig(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("open CA directory: %w: %w", ErrNotAuthority, err)
	}
	if !info.IsDir() {
		return dir, nil
	}
	for _, name := range configNames {
		if path := filepath.Join(dir, name); exists(path) {
			return path, nil
		}
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("open CA directory: %w", err)
	}
	var found []string
	for _, entry := range list {
		if entry.Type().IsRegular() && strings.HasSuffix(entry.Name(), ".cnf") {
			found = append(found, entry.Name())
		}
	}
	switch len(found) {
	case 1:
		return filepath.Join(dir, found[0]), nil
	case 0:
		return "", fmt.Errorf("open CA directory %s: %w: no configuration, such as %s", dir, ErrNotAuthority, configNames[0])
	}
	return "", fmt.Errorf("open CA directory %s: %w: name one of the configurations %s", dir, ErrNotAuthority, strings.Join(found, ", "))
}

// exists reports whether there is something at a path. Where that cannot be told
// the answer is yes, so that nothing is overwritten.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
}

// readSettings reads a configuration file and what it says of its CA.
func readSettings(path string) (*settings, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	c, err := parseConfig(path, string(text))
	if err != nil {
		return nil, err
	}
	section, ok := c.lookup("ca", "default_ca")
	if !ok {
		return nil, fmt.Errorf("read config %s: %w: no setting default_ca in a section ca", path, ErrNotAuthority)
	}
	s := &settings{config: c, dir: filepath.Dir(path)}
	for _, read := range []func(string) error{s.readPaths, s.readRules, c.refuse} {
		if err := read(section); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// readPaths reads the names of the files. A relative one is taken from the
// directory of the configuration, which is where the specification has one stand.
func (s *settings) readPaths(section string) error {
	if _, ok := s.config.sections[section]; !ok {
		return fmt.Errorf("read config %s: no section %q", s.config.file, section)
	}
	var missing []string
	for _, p := range []struct {
		name     string
		path     *string
		optional bool
	}{
		{"new_certs_dir", &s.newCerts, false},
		{"database", &s.database, false},
		{"serial", &s.serial, false},
		{"private_key", &s.key, false},
		{"certificate", &s.certificate, false},
		{"crl", &s.crl, true},
		{"crlnumber", &s.crlNumber, true},
	} {
		value, _ := s.config.lookup(section, p.name)
		if value == "" {
			if !p.optional {
				missing = append(missing, p.name)
			}
			continue
		}
		if !filepath.IsAbs(value) {
			value = filepath.Join(s.dir, value)
		}
		*p.path = filepath.Clean(value)
	}
	if len(missing) > 0 {
		return fmt.Errorf("read config %s: section %s: not set: %s", s.config.file, section, strings.Join(missing, ", "))
	}
	return nil
}

func (s *settings) readRules(section string) error {
	c := s.config
	// OpenSSL looks for this one in the section "ca" only, wherever else it may stand.
	preserve, _ := c.lookup("ca", "preserve")
	s.preserve = yes(preserve, false)
	unique, _ := c.lookup(section, "unique_subject")
	s.unique = yes(unique, true)
	var err error
	if s.hash, err = c.hash(section); err != nil {
		return err
	}
	if s.crlValid, err = c.crlValid(section); err != nil {
		return err
	}
	name, ok := c.lookup(section, "policy")
	if !ok {
		return fmt.Errorf("read config %s: section %s: not set: policy", c.file, section)
	}
	s.policy, err = c.policy(name)
	return err
}

// yes reads a truth as OpenSSL does, by its first letter.
func yes(value string, otherwise bool) bool {
	switch {
	case value == "":
		return otherwise
	case strings.Contains("tTyY1", value[:1]):
		return true
	case strings.Contains("fFnN0", value[:1]):
		return false
	}
	return otherwise
}

// hash reads default_md. Anything weaker than SHA-256 is refused (DC-CERT-07).
func (c *config) hash(section string) (crypto.Hash, error) {
	value, _ := c.lookup(section, "default_md")
	switch strings.ToLower(value) {
	case "", "default", "sha256":
		return crypto.SHA256, nil
	case "sha384":
		return crypto.SHA384, nil
	case "sha512":
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("read config %s: default_md %q is none of sha256, sha384, sha512", c.file, value)
}

// crlValid reads for how long a CRL holds; OpenSSL takes both settings together.
func (c *config) crlValid(section string) (time.Duration, error) {
	var total time.Duration
	for name, unit := range map[string]time.Duration{"default_crl_days": day, "default_crl_hours": time.Hour} {
		value, ok := c.lookup(section, name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("read config %s: %s: %q is no number of 0 to 65535", c.file, name, value)
		}
		total += time.Duration(n) * unit
	}
	if total == 0 {
		total = defaultCRLDays * day
	}
	return total, nil
}

func (c *config) policy(section string) ([]policyField, error) {
	if _, ok := c.sections[section]; !ok {
		return nil, fmt.Errorf("read config %s: no section %q for the policy", c.file, section)
	}
	var policy []policyField
	for _, s := range c.sections[section] {
		if last, _ := c.find(section, s.name); last.line != s.line {
			continue
		}
		oid, ok := attributeOID(s.name)
		if !ok {
			return nil, c.errorf(s.line, "the policy names the unknown field %q", s.name)
		}
		switch s.value {
		case "optional", "supplied", "match":
			policy = append(policy, policyField{oid, s.name, s.value})
		default:
			return nil, c.errorf(s.line, "%s = %q is none of optional, supplied, match", s.name, s.value)
		}
	}
	return policy, nil
}

// refuse finds settings that change what OpenSSL would issue and that are not
// known here: to pass over them would make another certificate than it does.
func (c *config) refuse(section string) error {
	for _, rule := range [][2]string{
		{"rand_serial", "no"},
		{"copy_extensions", "none"},
		{"default_startdate", "today"},
		{"default_enddate", ""},
		{"email_in_dn", "yes"},
		{"msie_hack", "no"},
	} {
		for _, section := range []string{section, "ca"} {
			if s, ok := c.find(section, rule[0]); ok && s.value != rule[1] {
				return c.errorf(s.line, "%s = %s cannot be obeyed", s.name, s.value)
			}
		}
	}
	return nil
}
