package cadir

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
)

// Signer returns the private key of the CA, nil if it was opened by [View]. What
// is signed with it past this package is not in the database: see
// [Authority.Enter].
func (a *Authority) Signer() crypto.Signer { return a.key }

// Enter enters certificates into the database that were signed with the key of
// the CA elsewhere, as a fleet is (DC-CERT-04): all of them or none, in one write,
// so that thousands take no longer than one. Those that are there already are
// passed over. Their serial numbers are their own; the CA's counter stays. The
// signing policy has to allow each subject as it is.
func (a *Authority) Enter(certs []*x509.Certificate) error {
	for _, cert := range certs {
		if err := a.checkOwn(cert); err != nil {
			return fmt.Errorf("enter certificate of %q: %w", cert.Subject.CommonName, err)
		}
	}
	return a.locked(func(l *ledger) error {
		added := false
		for _, cert := range certs {
			mine, err := entryOf(cert)
			if err != nil {
				return fmt.Errorf("enter certificate of %q: %w", cert.Subject.CommonName, err)
			}
			if known, ok := l.db.find(mine.Serial); ok && known.Subject == mine.Subject && known.NotAfter.Equal(mine.NotAfter) {
				continue
			}
			e, err := a.newEntry(l.db, cert)
			if err != nil {
				return fmt.Errorf("enter certificate of %q: %w", cert.Subject.CommonName, err)
			}
			l.db.put(e)
			added = true
		}
		if !added {
			return nil
		}
		return a.save(l)
	})
}

// checkOwn says whether the CA has signed a certificate, and would have by its
// policy.
func (a *Authority) checkOwn(cert *x509.Certificate) error {
	if !signs(a.certificate, cert) {
		return fmt.Errorf("%s did not sign it", a.settings.certificate)
	}
	subject, err := applyPolicy(a.settings.policy, cert.RawSubject, a.certificate.RawSubject)
	if err != nil {
		return err
	}
	if !a.settings.preserve && !bytes.Equal(subject, cert.RawSubject) {
		return fmt.Errorf("the signing policy would give it another subject")
	}
	return nil
}
