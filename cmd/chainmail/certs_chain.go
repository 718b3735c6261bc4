package main

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// chainFlags are what `chainmail certs chain` is asked for.
type chainFlags struct {
	ca    string
	out   string
	force bool
}

func newCertsChain() *cobra.Command {
	var f chainFlags
	cmd := &cobra.Command{
		Use: "chain CERTIFICATE…", Short: "Put certificates together to the chain that a device presents",
		Long: `Put certificates together to the chain that a device presents: its own first, each
followed by the one that signed it, the certificate that was uploaded as trusted
last. Where the order is another, the right one is said and nothing is written.

With --ca only the device's certificate is named; the others come from the CA's
directory and those above it.`,
		Example: `  chainmail certs chain deviceCert.pem intermediateCert.pem caCert.pem --out deviceCertChain.pem
  chainmail certs chain deviceCert.pem --ca ca --out deviceCertChain.pem
  chainmail certs chain deviceCert.pem caCert.pem > deviceCertChain.pem`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.chain(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.ca, "ca", "", "CA directory that has the issuers (default: they are named)")
	flags.StringVar(&f.out, "out", "", "file for the chain (default: it is printed)")
	flags.BoolVar(&f.force, "force", false, "replace a file that is there")
	return cmd
}

func (f chainFlags) chain(cmd *cobra.Command, paths []string) error {
	if err := refuseExisting(f.force, f.out); err != nil {
		return err
	}
	links, err := f.links(paths)
	if err != nil {
		return err
	}
	if err := checkOrder(links); err != nil {
		return err
	}
	chain := rawLinks(links)
	for _, text := range remarks(chain) {
		say(cmd.ErrOrStderr(), "warning", text)
	}
	text := store.MarshalCertificates(chain)
	if f.out == "" {
		_, err := cmd.OutOrStdout().Write(text)
		return err
	}
	if err := writeFiles(f.force, output{f.out, text, 0o644}); err != nil {
		return err
	}
	rows := []row{{"chain", f.out}}
	for i, l := range links {
		rows = append(rows, row{fmt.Sprint(i + 1), l.subject()})
	}
	return printRows(cmd.OutOrStdout(), rows...)
}

// A chainLink is a certificate and the file in which it was found.
type chainLink struct {
	path string
	der  []byte
}

// subject is that of the certificate; where it cannot be read the path says more.
func (l chainLink) subject() string {
	cert, err := x509.ParseCertificate(l.der)
	if err != nil {
		return l.path
	}
	return cert.Subject.String()
}

func (f chainFlags) links(paths []string) ([]chainLink, error) {
	if f.ca != "" {
		return f.completed(paths)
	}
	var links []chainLink
	for _, path := range paths {
		certificates, err := openCertificates(path)
		if err != nil {
			return nil, err
		}
		for _, der := range certificates {
			if _, err := x509.ParseCertificate(der); err != nil {
				return nil, wrong(path, err)
			}
			links = append(links, chainLink{path, der})
		}
	}
	return links, nil
}

// completed takes the issuers of one certificate from the directory of its CA.
func (f chainFlags) completed(paths []string) ([]chainLink, error) {
	if len(paths) > 1 {
		return nil, usage("leave --ca out, or the certificates after the first", "with --ca the issuers come from the CA directory")
	}
	cert, err := openCertificate(paths[0])
	if err != nil {
		return nil, err
	}
	ca, err := cadir.View(f.ca, cadir.Config{})
	if err != nil {
		return nil, wrong(f.ca, err)
	}
	chain, err := ca.Chain(cert)
	if err != nil {
		return nil, wrong(paths[0], err)
	}
	var links []chainLink
	for _, c := range chain {
		links = append(links, chainLink{paths[0], c.Raw})
	}
	return links, nil
}

// checkOrder says which certificate is out of order, and the order that is right
// (DC-CERT-09).
func checkOrder(links []chainLink) error {
	err := store.CheckOrder(rawLinks(links))
	if err == nil {
		return nil
	}
	path := links[0].path
	var order *store.OrderError
	if errors.As(err, &order) {
		path = links[order.Index].path
	}
	return &exit{code: exitUsage, err: &fileError{path, err}, hint: rightOrder(links)}
}

// rightOrder names the files in the order that makes a chain; where a file holds
// several, the subjects.
func rightOrder(links []chainLink) string {
	sorted, err := store.Sort(rawLinks(links))
	if err != nil {
		return "no order makes them a chain: " + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	var files, subjects []string
	for _, der := range sorted {
		i := slices.IndexFunc(links, func(l chainLink) bool { return bytes.Equal(l.der, der) })
		subjects = append(subjects, links[i].subject())
		if name := quote(links[i].path); !slices.Contains(files, name) {
			files = append(files, name)
		}
	}
	if len(files) < len(subjects) {
		return "the right order is: " + strings.Join(subjects, ", then ")
	}
	return "the right order is: " + strings.Join(files, " ")
}

// remarks says of a chain in order what may surprise its user on the platform.
func remarks(chain [][]byte) []string {
	var list []string
	last, err := x509.ParseCertificate(chain[len(chain)-1])
	if err == nil && !bytes.Equal(last.RawIssuer, last.RawSubject) {
		list = append(list, fmt.Sprintf("the chain ends with %q, which must be the certificate that is uploaded as trusted (DC-CHAIN-01)", last.Subject))
	}
	if len(chain) > 2 {
		list = append(list, fmt.Sprintf("the chain has %d certificates: a platform accepts 2 unless its maximum is raised (DC-CHAIN-10)", len(chain)))
	}
	return list
}

func rawLinks(links []chainLink) [][]byte {
	raw := make([][]byte, 0, len(links))
	for _, l := range links {
		raw = append(raw, l.der)
	}
	return raw
}
