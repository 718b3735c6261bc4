package cadir

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

const day = 24 * time.Hour

// What the specification's commands say, where an option of ours is 0.
const (
	defaultRootDays         = 7300
	defaultIntermediateDays = 3650
	defaultDeviceDays       = 365
	defaultCRLDays          = 30
	firstSerial             = 0x1000
)

// maxDays keeps a sum of days within what a certificate can say.
const maxDays = 365 * 1000

// Options describe a CA to be made.
type Options struct {
	// Subject is the name of the CA.
	Subject Subject
	// Password encrypts the private key; at least 4 characters (DC-CERT-05).
	Password store.Password
	// Alg is the kind of key. Default: ECDSA on P-256. The specification's own
	// profile is [certfactory.RSA4096].
	Alg certfactory.Alg
	// Key is used instead of a new one. Optional.
	Key crypto.Signer
	// Days is how long the certificate holds. Default 7300, for an intermediate
	// 3650 (DC-CERT-07).
	Days int
	// PathLen is the pathLenConstraint of the certificate, and of those that it
	// will sign unless they are told another. Default: none.
	PathLen *int
	// Relative writes "dir = ." into the configuration: the directory can be
	// moved, but OpenSSL has to be run in it. Default: the absolute path.
	Relative bool
	// Force replaces files that are there, the database included. Default: it is
	// an error that wraps [fs.ErrExist].
	Force bool
}

// refuseExisting returns an error that names the files which are there already.
func refuseExisting(files []newFile, force bool) error {
	if force {
		return nil
	}
	var found []string
	for _, f := range files {
		if exists(f.path) {
			found = append(found, f.path)
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("keep %s: %w", strings.Join(found, ", "), fs.ErrExist)
	}
	return nil
}

// Create makes a self-signed CA in a directory, which it makes if need be: the
// steps 1 to 9 of the specification's "Creating a self-signed CA certificate".
func Create(dir string, o Options, env Config) (_ *Authority, err error) {
	env = env.withDefaults()
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("make CA: %w", err)
	}
	l := layout{dir, rootPrefix}
	if err := o.check(l); err != nil {
		return nil, err
	}
	key, err := keyFor(o.Key, o.Alg, env.Rand)
	if err != nil {
		return nil, err
	}
	files, err := o.files(l, key, env)
	if err != nil {
		return nil, err
	}
	cert, err := o.selfSign(l, key, files[len(files)-1].data, env.now())
	if err != nil {
		return nil, err
	}
	files = append([]newFile{{l.path("Cert.pem"), certfactory.PEM(cert), 0o644}}, files...)
	if err := env.create(l, files, o.Force); err != nil {
		return nil, fmt.Errorf("make CA: %w", err)
	}
	a, err := View(dir, env)
	if err != nil {
		return nil, err
	}
	a.key = key
	return a, nil
}

// selfSign makes the certificate that step 8 makes, with the extensions of the
// configuration that is about to be written.
func (o Options) selfSign(l layout, key crypto.Signer, config []byte, now time.Time) ([]byte, error) {
	c, err := parseConfig(l.path("Config.cnf"), string(config))
	if err != nil {
		return nil, err
	}
	subject, err := o.Subject.der()
	if err != nil {
		return nil, fmt.Errorf("make CA: %w", err)
	}
	extensions, err := c.extensions(ProfileCA, extensionMaker{public: key.Public()})
	if err != nil {
		return nil, err
	}
	id, err := keyID(key.Public())
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		// "openssl req -x509" takes a random number of 20 octets. One made of key
		// and moment is as unique and can be repeated.
		SerialNumber:    rootSerial(id, now),
		RawSubject:      subject,
		NotBefore:       now,
		NotAfter:        now.AddDate(0, 0, orDefault(o.Days, defaultRootDays)),
		ExtraExtensions: extensions,
	}
	if t.SignatureAlgorithm, err = algorithmOf(key.Public(), crypto.SHA256); err != nil {
		return nil, fmt.Errorf("make CA: %w", err)
	}
	der, err := x509.CreateCertificate(nil, t, &x509.Certificate{RawSubject: subject}, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make CA certificate: %w", err)
	}
	return der, nil
}

// create puts the files of a CA in place, all or none.
func (c Config) create(l layout, files []newFile, force bool) (err error) {
	for _, dir := range []string{l.dir, l.newCerts(), l.crlDir()} {
		if err := c.disk.mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	lock, err := acquire(filepath.Join(l.dir, "database.txt.lock"), c.now(), c.Wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	if err := c.finishCreate(l.dir); err != nil {
		return err
	}
	if err := refuseExisting(files, force); err != nil {
		return err
	}
	p, err := c.disk.stage(filepath.Join(l.dir, ".create.staging"))
	if err != nil {
		return err
	}
	if err := p.fill(files, ""); err != nil {
		return errors.Join(err, os.RemoveAll(p.dir))
	}
	if err := c.disk.move(p.dir, createPending(l.dir)); err != nil {
		return errors.Join(err, os.RemoveAll(p.dir))
	}
	return c.finishCreate(l.dir)
}

// fill adds the files and seals.
func (p *pending) fill(files []newFile, line string) error {
	for _, f := range files {
		if err := p.add(f.path, f.data, f.mode); err != nil {
			return err
		}
	}
	return p.seal(line)
}

func createPending(dir string) string { return filepath.Join(dir, ".create.pending") }

// finishCreate brings the making of a CA to an end that was interrupted after
// everything had been prepared.
func (c Config) finishCreate(dir string) error {
	if !exists(createPending(dir)) {
		return nil
	}
	p, err := c.disk.readPending(createPending(dir))
	if err != nil {
		return err
	}
	if p == nil {
		return c.disk.remove(createPending(dir))
	}
	return p.finish()
}

// recoverCreate does the same for a directory that is about to be opened.
func (c Config) recoverCreate(dir string) (err error) {
	if !exists(createPending(dir)) {
		return nil
	}
	lock, err := acquire(filepath.Join(dir, "database.txt.lock"), c.now(), c.Wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	return c.finishCreate(dir)
}

// rootSerial is a positive number of 20 octets (RFC 5280 §4.1.2.2).
func rootSerial(keyID []byte, now time.Time) *big.Int {
	sum := sha256.Sum256(append(now.AppendFormat(nil, time.RFC3339), keyID...))
	sum[0] = sum[0]&0x3f | 0x40
	return new(big.Int).SetBytes(sum[:20])
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
