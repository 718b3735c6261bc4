package store

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Config says how a store is written and, in its first three fields, how one is
// opened. The zero value makes a PKCS #12 file under an empty password.
type Config struct {
	// Format is that of the file. Optional: [Encode] takes PKCS12; [OpenWith]
	// takes what it finds, and otherwise refuses every other format.
	Format Format
	// Password protects the store; in PEM, the private key. Optional: OpenSSL
	// and Java open a store under an empty password, and the key of a PEM file
	// is then in the clear.
	Password Password
	// KeyPassword protects private keys, if not Password does. Optional. In
	// PKCS #12 it is for reading only: Java opens no key that has a password
	// of its own there.
	KeyPassword Password
	// Iterations is how often the hash is repeated that makes a key of a
	// password. Optional: the default is the 10,000 of Java 17. JKS has none.
	Iterations int
	// Rand is where salts come from: the same bytes and entries make the same
	// file. Optional: the default is crypto/rand.
	Rand io.Reader
	// Unchecked writes entries that [Entry.Check] finds fault with, for tests
	// of what others make of them. Optional.
	Unchecked bool
}

const defaultIterations = 10_000

func (c Config) withDefaults() Config {
	if c.Format == 0 {
		c.Format = PKCS12
	}
	if c.Iterations == 0 {
		c.Iterations = defaultIterations
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c
}

// keyPassword is what private keys are under.
func (c Config) keyPassword() Password {
	if c.KeyPassword != "" {
		return c.KeyPassword
	}
	return c.Password
}

// Encode lays entries out in a file. PKCS #12 and JKS hold any number of entries of
// all kinds, so that a key store and a trust store can be one (DC-CERT-15); PEM
// holds one private key with its chain, or certificates alone, and no alias. JKS
// entries are sorted by their aliases, which are turned into small letters, as Java
// looks for no others.
func Encode(entries []Entry, c Config) ([]byte, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("encode store: %w", err)
	}
	if err := checkEntries(entries, c); err != nil {
		return nil, fmt.Errorf("encode store: %w", err)
	}
	if err := c.checkIterations(derivations(entries, c.Format)); err != nil {
		return nil, fmt.Errorf("encode store: %w", err)
	}
	switch c.Format {
	case PEM:
		return encodePEM(entries, c)
	case JKS:
		return encodeJKS(entries, c)
	default:
		return encodePKCS12(entries, c)
	}
}

// check says whether a store can be written in that way.
func (c Config) check() error {
	if c.Format == PEM {
		return nil
	}
	for _, p := range []Password{c.Password, c.keyPassword()} {
		if err := CheckPassword(p); errors.Is(err, ErrPasswordCharacters) {
			return err
		}
	}
	if c.Format == PKCS12 && c.keyPassword() != c.Password {
		return errors.New("PKCS#12 takes no password for the private key alone: Java would not open it")
	}
	return nil
}

// derivations is how many keys are made of the password: one for each private key,
// and in PKCS #12 for the certificates and the integrity check.
func derivations(entries []Entry, f Format) int {
	n := 0
	for _, e := range entries {
		if e.Kind() == PrivateKey {
			n++
		}
	}
	switch f {
	case JKS: // knows no iterations
		return 0
	case PKCS12:
		return n + 2
	default:
		return n
	}
}

// checkIterations refuses what could not be opened here again. Half of what may be
// spent is left for other work.
func (c Config) checkIterations(derivations int) error {
	if c.Iterations < 1 {
		return errIterations
	}
	if most := maxIterations / 2 / max(derivations, 1); c.Iterations > most {
		return fmt.Errorf("iteration count %d is above %d, the most for %d derivations: %w", c.Iterations, most, derivations, ErrLimit)
	}
	return nil
}

// maxAlias is in characters. Longer ones are for nobody to type.
const maxAlias = 255

// checkEntries says whether a file of these entries can be written at all and,
// unless told not to, whether it should be.
func checkEntries(entries []Entry, c Config) error {
	if len(entries) == 0 {
		return errors.New("there is no entry")
	}
	seen := make(map[string]bool)
	certificates := 0
	for _, e := range entries {
		if err := e.possible(c.Format); err != nil {
			return fmt.Errorf("entry %.40q: %w", e.Alias, err)
		}
		name := strings.ToLower(e.Alias)
		if c.Format != PEM && seen[name] {
			return fmt.Errorf("entry %.40q: alias is taken, capital or small letters being the same", e.Alias)
		}
		seen[name] = true
		if certificates += 1 + len(e.Chain); certificates > maxCertificates {
			return fmt.Errorf("more than %d keys and certificates: %w", maxCertificates, ErrLimit)
		}
		if c.Unchecked {
			continue
		}
		if err := e.Check(); err != nil {
			return fmt.Errorf("entry %.40q: %w", e.Alias, err)
		}
	}
	return nil
}

// possible says whether the format has a place for the entry.
func (e Entry) possible(f Format) error {
	if f != PEM {
		if err := checkAlias(e.Alias); err != nil {
			return err
		}
	}
	if f == JKS && e.Kind() == Certificate {
		return errors.New("JKS holds no certificate that is neither trusted nor of a private key")
	}
	if len(e.Chain) == 0 {
		return errors.New("there is no certificate")
	}
	for i, der := range e.Chain {
		if len(der) == 0 {
			return fmt.Errorf("certificate %d is empty", i+1)
		}
	}
	if e.Key == nil && len(e.Chain) > 1 {
		return fmt.Errorf("%d certificates without a private key: each needs an entry of its own", len(e.Chain))
	}
	return nil
}

// checkAlias refuses what OpenSSL or Java would show as something else.
func checkAlias(alias string) error {
	if alias == "" {
		return errors.New("alias is empty")
	}
	if utf8.RuneCountInString(alias) > maxAlias {
		return fmt.Errorf("alias is longer than %d characters", maxAlias)
	}
	for _, r := range alias {
		// Above the basic plane JKS and PKCS #12 encode characters differently.
		if r == utf8.RuneError || r > 0xffff || !unicode.IsPrint(r) {
			return fmt.Errorf("alias has the character %U", r)
		}
	}
	return nil
}

// ErrKeyMismatch is returned for a private key that does not belong to the
// certificate beside it.
var ErrKeyMismatch = errors.New("private key does not belong to the certificate")

// Check says everything that is wrong with an entry, nil if nothing is: a
// certificate that cannot be read, a private key that is not the certificate's
// ([ErrKeyMismatch]), a chain that is out of order ([OrderError]). Dates, usages and
// the like are left to those who are shown the certificate.
func (e Entry) Check() error {
	if len(e.Chain) == 0 {
		return errors.New("there is no certificate")
	}
	errs := []error{CheckOrder(e.Chain)}
	if leaf, err := x509.ParseCertificate(e.Chain[0]); err == nil && e.Key != nil &&
		!samePublicKey(leaf.PublicKey, e.Key.Public()) {
		errs = append(errs, ErrKeyMismatch)
	}
	return errors.Join(errs...)
}
