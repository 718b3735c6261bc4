package cadir

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"slices"
	"strings"
	"time"
)

// Errors of a revocation.
var (
	// ErrUnknownSerial says that the database has no line of a serial number.
	ErrUnknownSerial = errors.New("serial number is not in the database")
	// ErrRevoked says that a certificate is revoked already.
	ErrRevoked = errors.New("revoked already")
)

// Revoke enters into the database that the certificate of a serial number is
// revoked. It is on the next list that [Authority.CRL] makes, or OpenSSL.
func (a *Authority) Revoke(serial *big.Int, reason Reason) (Entry, error) {
	return a.revoke(serial, reason, func() (Entry, error) {
		return Entry{}, ErrUnknownSerial
	})
}

// RevokeCertificate does the same for a certificate at hand. One that this CA
// has signed but that is not in the database gets a line there, as with OpenSSL.
func (a *Authority) RevokeCertificate(cert *x509.Certificate, reason Reason) (Entry, error) {
	if !signs(a.certificate, cert) {
		return Entry{}, fmt.Errorf("revoke %s: %s did not sign it", formatNumber(cert.SerialNumber), a.settings.certificate)
	}
	return a.revoke(cert.SerialNumber, reason, func() (Entry, error) { return entryOf(cert) })
}

func (a *Authority) revoke(serial *big.Int, reason Reason, unknown func() (Entry, error)) (e Entry, err error) {
	if _, ok := reasonNames[reason]; !ok || reason == removeFromCRL {
		return e, fmt.Errorf("revoke %s: %v is no reason", formatNumber(serial), reason)
	}
	err = a.locked(func(l *ledger) error {
		var ok bool
		if e, ok = l.db.find(serial); !ok {
			var err error
			if e, err = unknown(); err != nil {
				return err
			}
		}
		if e.Status == Revoked {
			return fmt.Errorf("%w on %s", ErrRevoked, e.RevokedAt.Format(time.RFC3339))
		}
		e.Status, e.RevokedAt, e.Reason = Revoked, a.env.now(), reason
		l.db.put(e)
		return a.save(l)
	})
	if err != nil {
		return Entry{}, fmt.Errorf("revoke %s: %w", formatNumber(serial), err)
	}
	return e, nil
}

// CRLFile returns the path to which [Authority.CRL] writes, empty if the
// configuration names none.
func (a *Authority) CRLFile() string { return a.settings.crl }

// CRL makes the list of all revoked certificates, version 2 with
// authorityKeyIdentifier and CRL number (DC-CERT-10), and writes it as PEM to
// the file that the configuration names, if it names one. Days is how long the
// list holds; 0 takes what the configuration says.
func (a *Authority) CRL(days int) (*x509.RevocationList, error) {
	if days < 0 || days > maxDays {
		return nil, fmt.Errorf("make CRL: %d days, want 1 to %d", days, maxDays)
	}
	if a.key == nil {
		return nil, fmt.Errorf("make CRL: %w", ErrNoKey)
	}
	now := a.env.now()
	next := now.Add(a.settings.crlValid)
	if days > 0 {
		next = now.AddDate(0, 0, days)
	}
	var list *x509.RevocationList
	err := a.locked(func(l *ledger) error {
		var err error
		list, err = a.makeCRL(l, now, next)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make CRL: %w", err)
	}
	return list, nil
}

// makeCRL takes a number before it writes the list: dying in between skips a
// number, which RFC 5280 §5.2.3 allows, and never uses one twice.
func (a *Authority) makeCRL(l *ledger, now, next time.Time) (*x509.RevocationList, error) {
	number, text, err := a.crlNumber()
	if err != nil {
		return nil, err
	}
	t := &x509.RevocationList{Number: number, ThisUpdate: now, NextUpdate: next}
	if t.RevokedCertificateEntries, err = revoked(l.db); err != nil {
		return nil, err
	}
	if t.SignatureAlgorithm, err = algorithmOf(a.key.Public(), a.settings.hash); err != nil {
		return nil, err
	}
	der, err := x509.CreateRevocationList(nil, t, a.certificate, a.key)
	if err != nil {
		return nil, err
	}
	if err := a.writeNumber(a.settings.crlNumber, number, text); err != nil {
		return nil, err
	}
	if a.settings.crl != "" {
		if err := a.env.disk.replace(a.settings.crl, MarshalCRL(der)); err != nil {
			return nil, err
		}
	}
	return x509.ParseRevocationList(der)
}

// MarshalCRL returns a revocation list as PEM.
func MarshalCRL(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// crlNumber returns the number of the next list. Where the file is missing,
// because the specification's steps do not make it, numbering goes on after the
// list that is there.
func (a *Authority) crlNumber() (*big.Int, []byte, error) {
	path := a.settings.crlNumber
	if path == "" {
		return nil, nil, fmt.Errorf("%s does not name a file for the crlnumber", a.settings.config.file)
	}
	number, text, err := readNumber(path)
	if !errors.Is(err, fs.ErrNotExist) || exists(path+".new") {
		return number, text, err
	}
	number = big.NewInt(firstSerial)
	if a.settings.crl != "" {
		last, err := readCRL(a.settings.crl)
		if err != nil {
			return nil, nil, err
		}
		if last != nil && last.Number != nil {
			number.Add(last.Number, big.NewInt(1))
		}
	}
	return number, []byte(formatNumber(number) + "\n"), nil
}

// readCRL returns the list in a file, nil if there is no such file.
func readCRL(path string) (*x509.RevocationList, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read CRL: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read CRL %s: not in PEM form", path)
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read CRL %s: %w", path, err)
	}
	return list, nil
}

// revoked lists the entries of a CRL in the order of their serial numbers, as
// OpenSSL does.
func revoked(db *database) ([]x509.RevocationListEntry, error) {
	var list []x509.RevocationListEntry
	for _, e := range db.entries {
		if e.Status != Revoked {
			continue
		}
		extra, err := e.crlExtensions()
		if err != nil {
			return nil, err
		}
		list = append(list, x509.RevocationListEntry{
			SerialNumber: e.Serial, RevocationTime: e.RevokedAt, ReasonCode: int(e.Reason), ExtraExtensions: extra,
		})
	}
	slices.SortFunc(list, func(a, b x509.RevocationListEntry) int { return a.SerialNumber.Cmp(b.SerialNumber) })
	return list, nil
}

// crlExtensions turns the detail behind some reasons into the extension that
// OpenSSL makes of it (RFC 5280 §5.3.2, RFC 3280 §5.3.2).
func (e Entry) crlExtensions() ([]pkix.Extension, error) {
	name, detail, _ := strings.Cut(e.detail, ",")
	switch strings.ToLower(name) {
	case "holdinstruction":
		oid, err := parseOID(detail)
		if err != nil {
			return nil, err
		}
		value, err := asn1.Marshal(oid)
		return []pkix.Extension{{Id: oidHoldInstruction, Value: value}}, err
	case "keytime", "cakeytime":
		when, err := time.Parse(generalizedTime, detail)
		if err != nil {
			return nil, err
		}
		value, err := asn1.MarshalWithParams(when, "generalized")
		return []pkix.Extension{{Id: oidInvalidityDate, Value: value}}, err
	}
	return nil, nil
}
