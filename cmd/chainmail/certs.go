package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// certsCommands are the subcommands of `chainmail certs`.
func certsCommands() []*cobra.Command {
	return []*cobra.Command{
		newCertsCA(),
		newCertsRequest(),
		newCertsSign(),
		newCertsRevoke(),
		newCertsCRL(),
		newCertsChain(),
		newCertsFleet(),
		newCertsKeystore(),
		newCertsTruststore(),
		newCertsFetch(),
		newCertsShow(),
		newCertsForge(),
	}
}

func newCerts() *cobra.Command {
	certs := &cobra.Command{
		Use: "certs", Short: "Make certificates, key stores and trust stores, and look into them",
		Long: `Make what a device needs to log in with a certificate, and look into what is
there: the steps of the specification's "Generating and signing certificates"
without OpenSSL and keytool, in files that both of them read.

Passwords are asked for on the terminal, or taken from env:NAME or file:PATH;
none is ever written in a command line. Files that are there are not overwritten
without --force, and nothing is left half written.`,
		Example: `  chainmail certs ca ca --name 'Example CA'
  chainmail certs request --name device-1 --key deviceKey.pem --out deviceCsr.pem
  chainmail certs sign deviceCsr.pem --ca ca --out deviceCert.pem --chain deviceCertChain.pem
  chainmail certs keystore --key deviceKey.pem --chain deviceCertChain.pem --out deviceKeystore.p12
  chainmail certs show deviceKeystore.p12`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(`"chainmail certs --help" lists them`, "there is no command certs %s", args[0])
			}
			return nil
		},
	}
	certs.AddCommand(certsCommands()...)
	for _, c := range certs.Commands() {
		c.Args = refuseArguments(c.Args)
	}
	return certs
}

// exclude refuses two flags given together.
func exclude(cmd *cobra.Command, a, b string) error {
	if cmd.Flags().Changed(a) && cmd.Flags().Changed(b) {
		return usage("leave one of them out", "--%s and --%s exclude each other", a, b)
	}
	return nil
}

// A row is one line of an answer for people: what it says, and of what.
type row struct{ label, text string }

// printRows writes rows with the texts one below the other; without a text none.
func printRows(w io.Writer, rows ...row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		if r.text != "" {
			fmt.Fprintln(t, strings.TrimRight(r.label+"\t"+r.text, " "))
		}
	}
	return t.Flush()
}
