// Package cadir keeps a certification authority as a directory that OpenSSL's
// command "ca" can carry on with, and carries on with what OpenSSL began.
//
// An [Authority] is such a directory, opened. [Create] makes a self-signed one
// as the specification's section "Generating and signing certificates" does by
// hand, [Authority.Intermediate] one below another. It signs requests, revokes,
// and writes revocation lists. What it issues is what the configuration file in
// the directory says: names of files, signing policy, extensions of a [Profile].
// A setting that it does not know and that would change a certificate is an
// error, never passed over.
//
// Every command takes a lock and leaves the directory consistent whenever it
// dies; see the comment on pending. Bad certificates are not made here but by
// the package certfactory.
package cadir

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// ErrNoKey says that an authority was opened by [View], without its key.
var ErrNoKey = errors.New("opened without the private key")

// ErrKeyMismatch says that the private key does not belong to the CA certificate.
var ErrKeyMismatch = errors.New("private key does not belong to the CA certificate")

// A Config says where an authority takes from what the directory does not hold.
// The zero value is for everyday use.
type Config struct {
	// Now is the clock that validity and revocation are reckoned from. Default
	// [time.Now].
	Now func() time.Time
	// Rand is the source of keys, salts and initialization vectors. Default: the
	// system's. With a source of one's own the same bytes give the same keys and
	// certificates, so it has to be a secret one.
	Rand io.Reader
	// Wait is how long a command waits while another process holds the
	// directory. Default 10 seconds; below 0 it does not wait.
	Wait time.Duration
	// Issuers are CA certificates to build chains with, besides those of the
	// directories above. Optional.
	Issuers []*x509.Certificate

	disk disk
}

const defaultWait = 10 * time.Second

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == 0 {
		c.Wait = defaultWait
	}
	return c
}

// now is the clock in whole seconds, as certificates know them.
func (c Config) now() time.Time { return c.Now().UTC().Truncate(time.Second) }

// An Authority is a CA with its directory. It may be used by several goroutines
// at once as long as the parts of its [Config] may.
type Authority struct {
	env         Config
	settings    *settings
	certificate *x509.Certificate
	key         crypto.Signer // nil if opened without
}

// Open opens the CA in a directory, be it made by this package or by OpenSSL. In
// place of the directory its configuration file can be named. The password is
// needed only for an encrypted key.
//
// The error is [ErrNotAuthority] where no CA is, [store.ErrPassword] where the
// password does not fit, [ErrKeyMismatch] where the key does not.
func Open(dir string, password store.Password, env Config) (*Authority, error) {
	a, err := View(dir, env)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(a.settings.key)
	if err != nil {
		return nil, fmt.Errorf("open CA key: %w", err)
	}
	if a.key, err = store.ParseKey(text, password); err != nil {
		return nil, fmt.Errorf("open CA key %s: %w", a.settings.key, err)
	}
	if !sameKey(a.key.Public(), a.certificate.PublicKey) {
		return nil, fmt.Errorf("open CA key %s: %w %s", a.settings.key, ErrKeyMismatch, a.settings.certificate)
	}
	return a, nil
}

// View opens a CA without its key: it can list, revoke and build chains, not sign.
func View(dir string, env Config) (*Authority, error) {
	env = env.withDefaults()
	if err := env.recoverCreate(directoryOf(dir)); err != nil {
		return nil, err
	}
	path, err := findConfig(dir)
	if err != nil {
		return nil, err
	}
	s, err := readSettings(path)
	if err != nil {
		return nil, err
	}
	for _, path := range []string{s.newCerts, filepath.Dir(s.database)} {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("open CA directory: %s names the directory %s, which is not there", s.config.file, path)
		}
	}
	cert, err := readCertificate(s.certificate)
	if err != nil {
		return nil, fmt.Errorf("open CA certificate: %w", err)
	}
	if !cert.BasicConstraintsValid || !cert.IsCA {
		return nil, fmt.Errorf("open CA certificate %s: its basicConstraints do not say CA:true", s.certificate)
	}
	return &Authority{env: env, settings: s, certificate: cert}, nil
}

// directoryOf returns the directory of a configuration, which may itself be named.
func directoryOf(path string) string {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return filepath.Dir(path)
	}
	return path
}

// Certificate returns the CA certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.certificate }

// Dir returns the directory that holds the configuration, as an absolute path.
func (a *Authority) Dir() string { return a.settings.dir }

// ConfigFile returns the path of the configuration, for the option -config of
// "openssl ca".
func (a *Authority) ConfigFile() string { return a.settings.config.file }

// CertificateFile returns the path of the CA certificate.
func (a *Authority) CertificateFile() string { return a.settings.certificate }

// NewCertsDir returns the directory into which certificates go under their
// serial numbers.
func (a *Authority) NewCertsDir() string { return a.settings.newCerts }

// Entries returns what the database says, in its order.
func (a *Authority) Entries() ([]Entry, error) {
	db, _, err := readDatabase(a.settings.database)
	if err != nil {
		return nil, err
	}
	return db.entries, nil
}

// A ledger is what a command works on while it holds the lock.
type ledger struct {
	db     *database
	before []byte // text of the database as it was read
}

// locked runs a command on the directory. What an interrupted one has left
// behind is brought to an end first.
func (a *Authority) locked(run func(*ledger) error) (err error) {
	l, err := acquire(a.settings.database+".lock", a.env.now(), a.env.Wait)
	if err != nil {
		return err
	}
	defer func() {
		if closed := l.release(); err == nil {
			err = closed
		}
	}()
	db, text, err := readDatabase(a.settings.database)
	if err != nil {
		return err
	}
	if err := a.env.disk.recover(a.settings.newCerts, db); err != nil {
		return err
	}
	return run(&ledger{db, text})
}

// save writes the database and leaves what was before beside it, as OpenSSL does.
func (a *Authority) save(l *ledger) error {
	path, attributes := a.settings.database, a.settings.database+".attr"
	unique := "no"
	if a.unique() {
		unique = "yes"
	}
	old, err := os.ReadFile(attributes)
	if err == nil {
		err = a.keepOld(attributes, old)
	} else {
		err = a.env.disk.replace(attributes, []byte("unique_subject = "+unique+"\n"))
	}
	if err != nil {
		return err
	}
	if err := a.keepOld(path, l.before); err != nil {
		return err
	}
	return a.env.disk.replace(path, l.db.text())
}

// keepOld writes the ".old" file beside a file that is about to change.
func (a *Authority) keepOld(path string, text []byte) error {
	return a.env.disk.replace(path+".old", text)
}

// unique reports whether a second valid certificate of one subject is refused.
// The attributes beside the database decide, then the configuration.
func (a *Authority) unique() bool {
	path := a.settings.database + ".attr"
	text, err := os.ReadFile(path)
	if err != nil {
		return a.settings.unique
	}
	c, err := parseConfig(path, string(text))
	if err != nil {
		return a.settings.unique
	}
	value, _ := c.lookup("default", "unique_subject")
	return yes(value, true)
}

func readCertificate(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	cert, err := parseCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return cert, nil
}

// parseCertificate reads the first certificate of a PEM text. OpenSSL may have
// put a description before it.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, errors.New("no certificate in PEM form")
		}
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
		text = rest
	}
}

func sameKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
