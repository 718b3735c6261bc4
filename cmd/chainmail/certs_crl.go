package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
)

// crlFlags are what `chainmail certs crl` is asked for.
type crlFlags struct {
	ca       string
	days     int
	out      string
	force    bool
	password passwordFlag
}

func newCertsCRL() *cobra.Command {
	f := crlFlags{password: passwordFlag{name: "password", what: "the CA"}}
	cmd := &cobra.Command{
		Use: "crl", Short: "Make the revocation list of a CA",
		Long: `Make the list of all certificates that a CA has revoked, with the next CRL number,
and write it to the file that the CA's configuration names, and to another one if
that is asked for.`,
		Example: `  chainmail certs crl --ca ca
  chainmail certs crl --ca ca --days 7 --out published.crl --force`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.make(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.ca, "ca", "", "CA directory (required)")
	flags.IntVar(&f.days, "days", 0, "days for which the list holds (default as the configuration has it, else 30)")
	flags.StringVar(&f.out, "out", "", "file for a copy")
	flags.BoolVar(&f.force, "force", false, "replace the copy that is there; the list in the CA directory always is")
	f.password.register(flags)
	return cmd
}

func (f crlFlags) make(cmd *cobra.Command) error {
	if err := checkPasswords(f.password); err != nil {
		return err
	}
	if f.ca == "" {
		return usage("--ca DIR", "say which CA")
	}
	if err := refuseExisting(f.force, f.out); err != nil {
		return err
	}
	ca, err := openCA(cmd, f.ca, f.password)
	if err != nil {
		return err
	}
	list, err := ca.CRL(f.days)
	if err != nil {
		return wrong(f.ca, err)
	}
	if f.out != "" {
		if err := writeFiles(f.force, output{f.out, cadir.MarshalCRL(list.Raw), 0o644}); err != nil {
			return err
		}
	}
	return printRows(cmd.OutOrStdout(),
		row{"revocation list", relative(ca.CRLFile())},
		row{"copy", f.out},
		row{"issuer", list.Issuer.String()},
		row{"number", fmt.Sprintf("%X", list.Number)},
		row{"revoked", fmt.Sprint(len(list.RevokedCertificateEntries))},
		row{"valid", list.ThisUpdate.UTC().Format(time.DateTime) + " to " + list.NextUpdate.UTC().Format(time.DateTime) + " UTC"},
	)
}
