package main

import (
	"crypto/x509"
	"math/big"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// revokeFlags are what `chainmail certs revoke` is asked for.
type revokeFlags struct{ ca, serial, reason string }

func newCertsRevoke() *cobra.Command {
	var f revokeFlags
	cmd := &cobra.Command{
		Use: "revoke [CERTIFICATE]", Short: "Enter into a CA's database that a certificate is revoked",
		Long: `Enter into the database of a CA that a certificate is revoked, named by its file or
by its serial number. No private key is needed for that; others learn of it from
the next revocation list: "chainmail certs crl".`,
		Example: `  chainmail certs revoke deviceCert.pem --ca ca --reason keyCompromise
  chainmail certs revoke --serial 1000 --ca ca`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.revoke(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.ca, "ca", "", "CA directory (required)")
	flags.StringVar(&f.serial, "serial", "", "serial number in hexadecimal digits, instead of a file")
	flags.StringVar(&f.reason, "reason", cadir.Unspecified.String(),
		"why: unspecified, keyCompromise, CACompromise, affiliationChanged, superseded, cessationOfOperation or certificateHold")
	return cmd
}

func (f revokeFlags) revoke(cmd *cobra.Command, args []string) error {
	if f.ca == "" {
		return usage("--ca DIR", "say which CA has signed it")
	}
	if (f.serial == "") == (len(args) == 0) {
		return usage("a file, or --serial NUMBER", "say which certificate")
	}
	reason, err := cadir.ParseReason(f.reason)
	if err != nil {
		return usage(`"chainmail certs revoke --help" lists them`, "--reason %s: there is no such reason", f.reason)
	}
	ca, err := cadir.View(f.ca, cadir.Config{})
	if err != nil {
		return wrong(f.ca, err)
	}
	entry, err := f.enter(ca, args, reason)
	if err != nil {
		return err
	}
	return printRows(cmd.OutOrStdout(),
		row{"revoked", entry.Subject},
		row{"serial number", strings.ToUpper(entry.Serial.Text(16))},
		row{"at", entry.RevokedAt.UTC().Format(time.DateTime) + " UTC"},
		row{"reason", entry.Reason.String()},
		row{"now", "chainmail certs crl --ca " + quote(f.ca)},
	)
}

func (f revokeFlags) enter(ca *cadir.Authority, args []string, reason cadir.Reason) (cadir.Entry, error) {
	if f.serial != "" {
		digits := strings.ReplaceAll(f.serial, ":", "")
		serial, ok := new(big.Int).SetString(digits, 16)
		if !ok || serial.Sign() <= 0 {
			return cadir.Entry{}, usage("", "--serial %s: want hexadecimal digits", f.serial)
		}
		entry, err := ca.Revoke(serial, reason)
		return entry, wrong(f.ca, err)
	}
	cert, err := openCertificate(args[0])
	if err != nil {
		return cadir.Entry{}, err
	}
	entry, err := ca.RevokeCertificate(cert, reason)
	return entry, wrong(args[0], err)
}

// openCertificates reads the certificates of a PEM file, as they stand there.
func openCertificates(path string) ([][]byte, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	chain, err := store.ParseCertificates(data)
	return chain, wrong(path, err)
}

// openCertificate reads the first certificate of a PEM file: of a chain, the device's.
func openCertificate(path string) (*x509.Certificate, error) {
	chain, err := openCertificates(path)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(chain[0])
	return cert, wrong(path, err)
}
