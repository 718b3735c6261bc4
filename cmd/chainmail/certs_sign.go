package main

import (
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// signFlags are what `chainmail certs sign` is asked for.
type signFlags struct {
	ca         string
	extensions string
	days       int
	pathLen    int
	out, chain string
	force      bool
	password   passwordFlag
}

func newCertsSign() *cobra.Command {
	f := signFlags{password: passwordFlag{name: "password", what: "the CA that signs"}}
	cmd := &cobra.Command{
		Use: "sign REQUEST", Short: "Sign a request by the CA of a directory",
		Long: `Sign a request by the CA of a directory, which may be one that OpenSSL made. The
certificate gets the extensions that the CA's configuration lists under v3_signed
(a device) or v3_ca (a CA), takes the next serial number, and is entered into the
CA's database. What the request asks for beyond a name and a key is not granted.

With --chain the chain file is written as well: the certificate, every issuer,
the self-signed anchor last, which is what a device has to present.`,
		Example: `  chainmail certs sign deviceCsr.pem --ca ca --out deviceCert.pem --chain deviceCertChain.pem
  chainmail certs sign otherCsr.pem --ca ca --extensions v3_ca --pathlen 0 --days 3650 --out otherCert.pem`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.sign(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.ca, "ca", "", "CA directory (required)")
	flags.StringVar(&f.extensions, "extensions", string(cadir.ProfileDevice), "v3_signed for a device, v3_ca for a CA")
	flags.IntVar(&f.days, "days", 0, "days for which the certificate holds (default 365, of a CA 3650)")
	flags.IntVar(&f.pathLen, "pathlen", 0, "of a CA: how many CAs may stand between it and a device (default as the configuration has it)")
	flags.StringVar(&f.out, "out", "", "file for the certificate (default: only the one in the CA directory)")
	flags.StringVar(&f.chain, "chain", "", "file for the chain")
	flags.BoolVar(&f.force, "force", false, "replace files that are there")
	f.password.register(flags)
	return cmd
}

func (f signFlags) sign(cmd *cobra.Command, path string) error {
	o, err := f.options(cmd)
	if err != nil {
		return err
	}
	if err := refuseExisting(f.force, f.out, f.chain); err != nil {
		return err
	}
	request, err := openRequest(path)
	if err != nil {
		return err
	}
	ca, err := openCA(cmd, f.ca, f.password)
	if err != nil {
		return err
	}
	if f.chain != "" {
		// Better no certificate than one without the chain that was asked for.
		if _, err := ca.Issuers(); err != nil {
			return wrong(f.ca, err)
		}
	}
	if len(request.Extensions) > 0 {
		say(cmd.ErrOrStderr(), "warning", "the request asks for extensions, which the CA's configuration does not grant")
	}
	cert, err := ca.Sign(request, o)
	if err != nil {
		return wrong(path, err)
	}
	kept := filepath.Join(ca.NewCertsDir(), serialNumber(cert)+".pem")
	if err := f.write(ca, cert); err != nil {
		say(cmd.ErrOrStderr(), "warning", "the certificate is issued, and is in "+relative(kept))
		return err
	}
	return printRows(cmd.OutOrStdout(), slices.Concat([]row{
		{"certificate", f.out},
		{"chain", f.chain},
		{"in the CA", relative(kept)},
	}, certificateRows(cert))...)
}

func (f signFlags) options(cmd *cobra.Command) (cadir.SignOptions, error) {
	o := cadir.SignOptions{Profile: cadir.Profile(f.extensions), Days: f.days}
	if err := checkPasswords(f.password); err != nil {
		return o, err
	}
	if f.ca == "" {
		return o, usage("--ca DIR", "say which CA signs")
	}
	if o.Profile != cadir.ProfileDevice && o.Profile != cadir.ProfileCA {
		return o, usage("", "--extensions %s: want v3_signed or v3_ca", f.extensions)
	}
	if cmd.Flags().Changed("pathlen") {
		if o.Profile != cadir.ProfileCA {
			return o, usage("--extensions v3_ca makes one", "--pathlen is for CA certificates")
		}
		o.PathLen = &f.pathLen
	}
	return o, nil
}

// write writes the files that were asked for besides the one in the CA directory.
func (f signFlags) write(ca *cadir.Authority, cert *x509.Certificate) error {
	var files []output
	if f.out != "" {
		files = append(files, output{f.out, store.MarshalCertificates([][]byte{cert.Raw}), 0o644})
	}
	if f.chain != "" {
		chain, err := ca.Chain(cert)
		if err != nil {
			return wrong(f.ca, err)
		}
		files = append(files, output{f.chain, store.MarshalCertificates(rawOf(chain)), 0o644})
	}
	return writeFiles(f.force, files...)
}

func rawOf(list []*x509.Certificate) [][]byte {
	raw := make([][]byte, 0, len(list))
	for _, cert := range list {
		raw = append(raw, cert.Raw)
	}
	return raw
}

// serialNumber prints a serial number as OpenSSL names files after it: hexadecimal
// digits, an even number of them.
func serialNumber(cert *x509.Certificate) string {
	text := fmt.Sprintf("%X", cert.SerialNumber)
	if len(text)%2 == 1 {
		text = "0" + text
	}
	return text
}
