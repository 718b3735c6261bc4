package cadir_test

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
)

// fleetBelow makes devices with the key of a CA, past its directory.
func fleetBelow(t *testing.T, a *cadir.Authority, n int, now time.Time) []*x509.Certificate {
	t.Helper()
	f := certfactory.New(certfactory.Seed{1}, now)
	ca, err := f.Adopt(a.Certificate().Raw, a.Signer(), nil)
	if err != nil {
		t.Fatal(err)
	}
	fleet := f.Fleet(ca, n, certfactory.P256)
	var certs []*x509.Certificate
	for i := range n {
		chain, _, err := fleet.Device(i)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(chain[0])
		if err != nil {
			t.Fatal(err)
		}
		certs = append(certs, cert)
	}
	return certs
}

func TestEnter(t *testing.T) { // DC-CERT-04
	a := mustCreate(t, root(), fixed())
	mustIssue(t, a, device("device-1"))
	fleet := fleetBelow(t, a, 5, fixed().Now())
	for range 2 { // the second time there is nothing left to enter
		if err := a.Enter(fleet); err != nil {
			t.Fatal(err)
		}
	}
	entries := mustEntries(t, a)
	if len(entries) != 6 {
		t.Fatalf("%d lines, want 6", len(entries))
	}
	for i, cert := range fleet {
		e := entries[i+1]
		if e.Serial.Cmp(cert.SerialNumber) != 0 || e.Status != cadir.Valid || e.Subject != "/O=Chainmail/CN="+cert.Subject.CommonName {
			t.Errorf("line %d is %+v", i+1, e)
		}
	}
	if got := mustIssue(t, a, device("device-2")).Certificate.SerialNumber.Int64(); got != 0x1001 {
		t.Errorf("next serial number %X, want 1001", got)
	}
	if _, err := a.Revoke(fleet[2].SerialNumber, cadir.Superseded); err != nil {
		t.Errorf("revoke what was entered: %v", err)
	}
}

func TestEnterIsReadByOpenSSL(t *testing.T) { // DC-CERT-04
	needOpenSSL(t)
	a := mustCreate(t, root(), cadir.Config{})
	fleet := fleetBelow(t, a, 2, time.Now())
	if err := a.Enter(fleet); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "device.pem")
	if err := os.WriteFile(file, certfactory.PEM(fleet[1].Raw), 0o600); err != nil {
		t.Fatal(err)
	}
	openSSL(t, a.Dir(), "ca", "-config", a.ConfigFile(), "-batch", "-passin", pass, "-revoke", file)
	if got := mustEntries(t, a); len(got) != 2 || got[1].Status != cadir.Revoked {
		t.Errorf("after OpenSSL's revocation: %+v", got)
	}
}

// TestEnterRefuses wants that nothing is entered if one of the certificates cannot be.
func TestEnterRefuses(t *testing.T) {
	a := mustCreate(t, root(), fixed())
	good := fleetBelow(t, a, 2, fixed().Now())
	stranger := fleetBelow(t, mustCreate(t, root(), cadir.Config{Now: fixed().Now}.Volatile()), 1, fixed().Now())
	if err := a.Enter(append(good[:1:1], stranger...)); err == nil || !strings.Contains(err.Error(), "did not sign") {
		t.Errorf("entered what another CA signed: %v", err)
	}
	clash := *good[0]
	clash.SerialNumber = good[1].SerialNumber
	if err := a.Enter([]*x509.Certificate{good[1]}); err != nil {
		t.Fatal(err)
	}
	if err := a.Enter([]*x509.Certificate{&clash}); !errors.Is(err, cadir.ErrSerialTaken) {
		t.Errorf("one serial number, two certificates: %v", err)
	}
	if n := len(mustEntries(t, a)); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
	text := mustRead(t, a.Dir(), "caConfig.cnf")
	text = regexp.MustCompile(`(?m)^organizationName\s*=\s*optional`).ReplaceAllString(text, "organizationName = match")
	strict := mustCreate(t, cadir.Options{Subject: cadir.Subject{Organization: "Other", CommonName: "root"}, Password: password}, fixed())
	if err := os.WriteFile(filepath.Join(strict.Dir(), "caConfig.cnf"), []byte(strings.ReplaceAll(text, a.Dir(), strict.Dir())), 0o600); err != nil {
		t.Fatal(err)
	}
	strict, err := cadir.Open(strict.Dir(), password, fixed())
	if err != nil {
		t.Fatal(err)
	}
	if err := strict.Enter(fleetBelow(t, strict, 1, fixed().Now())); err == nil || !strings.Contains(err.Error(), "signing policy") {
		t.Errorf("entered against the policy: %v", err)
	}
}
