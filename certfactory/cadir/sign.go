package cadir

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// SignOptions say how a request is signed. The zero value makes the certificate
// of a device.
type SignOptions struct {
	// Profile is the section with the extensions. Default: [ProfileDevice].
	Profile Profile
	// Days is how long the certificate holds. Default 365, for [ProfileCA] 3650
	// (DC-CERT-07).
	Days int
	// PathLen is the pathLenConstraint of a CA certificate. Default: what the
	// profile says.
	PathLen *int
	// Force replaces the file of the new certificate if there is one already.
	// Default: it is an error that wraps [fs.ErrExist].
	Force bool
}

// Errors that a caller may want to tell apart.
var (
	// ErrSubjectTaken says that there is a valid certificate of that subject and
	// that the attributes of the database allow only one.
	ErrSubjectTaken = errors.New("there is a valid certificate of this subject")
	// ErrSerialTaken says that the file of serial numbers lags behind.
	ErrSerialTaken = errors.New("serial number is in the database already")
)

// Sign signs a request: verifies it, applies the signing policy, takes the next
// serial number, and enters the certificate into the database (DC-CERT-04, 06).
// Extensions that the request asks for are not taken over, as in the
// specification's configuration.
func (a *Authority) Sign(request *x509.CertificateRequest, o SignOptions) (*x509.Certificate, error) {
	return a.sign(request, o, nil)
}

// with returns the files that go with a new certificate, and fails before
// anything is written if they cannot be.
type with func(cert *x509.Certificate) ([]newFile, error)

func (a *Authority) sign(request *x509.CertificateRequest, o SignOptions, files with) (*x509.Certificate, error) {
	template, err := a.template(request, o)
	if err != nil {
		return nil, fmt.Errorf("sign request: %w", err)
	}
	var cert *x509.Certificate
	err = a.locked(func(l *ledger) error {
		var err error
		cert, err = a.issue(l, template, request, files, o.Force)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sign request: %w", err)
	}
	return cert, nil
}

// template makes everything of a certificate that does not depend on the
// directory's state.
func (a *Authority) template(request *x509.CertificateRequest, o SignOptions) (*x509.Certificate, error) {
	if a.key == nil {
		return nil, ErrNoKey
	}
	if err := request.CheckSignature(); err != nil {
		return nil, fmt.Errorf("verify request: %w", err)
	}
	if err := checkKey(request.PublicKey); err != nil {
		return nil, err
	}
	if o.Profile == "" {
		o.Profile = ProfileDevice
	}
	days := defaultDeviceDays
	if o.Profile == ProfileCA {
		days = defaultIntermediateDays
	}
	if days = orDefault(o.Days, days); days < 1 || days > maxDays {
		return nil, fmt.Errorf("%d days, want 1 to %d", days, maxDays)
	}
	if o.PathLen != nil && (*o.PathLen < 0 || *o.PathLen > 1<<16-1) {
		return nil, fmt.Errorf("path length %d, want 0 to 65535", *o.PathLen)
	}
	subject, err := a.subject(request)
	if err != nil {
		return nil, err
	}
	now := a.env.now()
	t := &x509.Certificate{RawSubject: subject, NotBefore: now, NotAfter: now.AddDate(0, 0, days)}
	maker := extensionMaker{public: request.PublicKey, issuer: a.certificate, pathLen: o.PathLen}
	if t.ExtraExtensions, err = a.settings.config.extensions(o.Profile, maker); err != nil {
		return nil, err
	}
	t.SignatureAlgorithm, err = algorithmOf(a.key.Public(), a.settings.hash)
	return t, err
}

// subject applies the policy. With "preserve" it decides only whether the
// request is signed.
func (a *Authority) subject(request *x509.CertificateRequest) ([]byte, error) {
	subject, err := applyPolicy(a.settings.policy, request.RawSubject, a.certificate.RawSubject)
	if err != nil || !a.settings.preserve {
		return subject, err
	}
	return request.RawSubject, nil
}

// issue signs under the lock and writes in the order that the comment on pending
// explains.
func (a *Authority) issue(l *ledger, t *x509.Certificate, request *x509.CertificateRequest, files with, force bool) (*x509.Certificate, error) {
	number, text, err := readNumber(a.settings.serial)
	if err != nil {
		return nil, err
	}
	t.SerialNumber = number
	cert, err := a.create(t, request)
	if err != nil {
		return nil, err
	}
	entry, err := a.newEntry(l.db, cert)
	if err != nil {
		return nil, err
	}
	hexadecimal := formatNumber(number)
	all, err := a.filesOf(cert, hexadecimal, files, force)
	if err != nil {
		return nil, err
	}
	p, err := a.env.disk.stage(filepath.Join(a.settings.newCerts, pendingPrefix+hexadecimal+pendingSuffix))
	if err != nil {
		return nil, err
	}
	if err := a.commit(l, p, all, entry, text); err != nil {
		return nil, err
	}
	if err := p.finish(); err != nil {
		return nil, fmt.Errorf("certificate %s is issued, the next command will put its files in place: %w", hexadecimal, err)
	}
	return cert, nil
}

// filesOf lists what is to be written with a certificate, its own file first.
func (a *Authority) filesOf(cert *x509.Certificate, hexadecimal string, files with, force bool) ([]newFile, error) {
	own := newFile{filepath.Join(a.settings.newCerts, hexadecimal+".pem"), certfactory.PEM(cert.Raw), 0o644}
	// OpenSSL leaves such a file when it is interrupted, and somebody may hold
	// the certificate that is in it.
	if !force && exists(own.path) {
		return nil, fmt.Errorf("%s is there, and %s does not know it: move it away or raise the number in %s: %w",
			own.path, filepath.Base(a.settings.database), a.settings.serial, fs.ErrExist)
	}
	if files == nil {
		return []newFile{own}, nil
	}
	more, err := files(cert)
	if err != nil {
		return nil, err
	}
	return append([]newFile{own}, more...), refuseExisting(more, force)
}

// commit prepares the files, moves the serial number on and writes the database.
func (a *Authority) commit(l *ledger, p *pending, files []newFile, entry Entry, serial []byte) error {
	err := p.fill(files, entry.line())
	if err == nil {
		err = a.writeNumber(a.settings.serial, entry.Serial, serial)
	}
	if err == nil {
		l.db.put(entry)
		err = a.save(l)
	}
	if err == nil {
		return nil
	}
	// The database may have been renamed and then not flushed: then the
	// certificate counts, and the files are left to the next command.
	if db, _, readErr := readDatabase(a.settings.database); readErr != nil || p.counts(db) {
		return err
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}

// writeNumber writes the number that follows the one just used.
func (a *Authority) writeNumber(path string, used *big.Int, before []byte) error {
	next := new(big.Int).Add(used, big.NewInt(1))
	if next.Cmp(maxSerial) > 0 {
		return fmt.Errorf("write %s: no number of 20 octets is left", path)
	}
	if err := a.keepOld(path, before); err != nil {
		return err
	}
	return a.env.disk.replace(path, []byte(formatNumber(next)+"\n"))
}

// create signs the certificate and reads it back.
func (a *Authority) create(t *x509.Certificate, request *x509.CertificateRequest) (*x509.Certificate, error) {
	if ca, pathLen := a.limits(t); ca && pathLen == 0 {
		return nil, errors.New("the CA certificate has path length 0, so no CA can be below it")
	}
	// Only the name of the issuer: the identifier of its key is among the
	// extensions, if the configuration wants it there.
	parent := &x509.Certificate{RawSubject: a.certificate.RawSubject}
	der, err := x509.CreateCertificate(nil, t, parent, request.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// limits reports whether a template is that of a CA, and the path length of our
// own certificate, -1 for none.
func (a *Authority) limits(t *x509.Certificate) (ca bool, pathLen int) {
	for _, e := range t.ExtraExtensions {
		// SEQUENCE { BOOLEAN TRUE …
		if e.Id.Equal(oidBasicConstraints) && bytes.HasPrefix(e.Value[2:], []byte{1, 1, 0xff}) {
			ca = true
		}
	}
	if c := a.certificate; c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero {
		return ca, c.MaxPathLen
	}
	return ca, -1
}

// newEntry makes the line of a certificate and refuses what OpenSSL refuses.
func (a *Authority) newEntry(db *database, cert *x509.Certificate) (Entry, error) {
	e, err := entryOf(cert)
	if err != nil {
		return e, err
	}
	if other, taken := db.find(e.Serial); taken {
		return e, fmt.Errorf("%w: %s was given to %s", ErrSerialTaken, formatNumber(e.Serial), other.Subject)
	}
	if other, taken := db.valid(e.Subject); taken && a.unique() {
		return e, fmt.Errorf("%w: %s has %s (unique_subject in %s.attr)", ErrSubjectTaken,
			e.Subject, formatNumber(other.Serial), a.settings.database)
	}
	return e, nil
}

// entryOf returns the line that a valid certificate has.
func entryOf(cert *x509.Certificate) (Entry, error) {
	subject, err := oneLine(cert.RawSubject)
	if err != nil {
		return Entry{}, err
	}
	// What OpenSSL puts for an empty name: the column is to be unique.
	if subject == "" {
		subject = formatNumber(cert.SerialNumber)
	}
	return Entry{Status: Valid, NotAfter: cert.NotAfter, Serial: cert.SerialNumber, File: "unknown", Subject: subject}, nil
}
