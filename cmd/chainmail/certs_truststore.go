package main

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// truststoreFlags are what `chainmail certs truststore` is asked for.
type truststoreFlags struct{ storeFlags }

func newCertsTruststore() *cobra.Command {
	var f truststoreFlags
	cmd := &cobra.Command{
		Use: "truststore [ALIAS=]CERTIFICATE…", Short: "Put trusted certificates into a trust store",
		Long: `Put certificates that a device is to trust into a trust store, PKCS#12 or JKS. The
first gets the alias servercertificate unless another is given, each further one
needs its own. Of a file with several certificates all are trusted, the further
ones under the alias with a number.

With --add they join the entries of a file that is there. That may be the key
store, so that there is one file for both, which the specification does not
recommend.`,
		Example: `  chainmail certs truststore serverCertificate.pem --out deviceTruststore.p12
  chainmail certs truststore serverCertificate.pem backup=backupCertificate.pem --out deviceTruststore.jks
  chainmail certs truststore backup=backupCertificate.pem --out deviceTruststore.jks --add`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.make(cmd, args) },
	}
	f.register(cmd, "trust store", "deviceTruststore.p12")
	return cmd
}

func (f truststoreFlags) make(cmd *cobra.Command, args []string) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	var entries []store.Entry
	for i, arg := range args {
		more, err := trustedEntries(arg, i == 0)
		if err != nil {
			return err
		}
		entries = append(entries, more...)
	}
	s, err := f.write(cmd, entries)
	if err != nil {
		return err
	}
	return f.report(cmd, "trust store", s)
}

// trustedEntries reads the certificates of an argument.
func trustedEntries(arg string, first bool) ([]store.Entry, error) {
	alias, path, given := strings.Cut(arg, "=")
	switch {
	case !given && !first:
		return nil, usage("ALIAS="+quote(arg), "%s: needs an alias, since %s is that of the first", arg, store.ServerAlias)
	case !given:
		alias, path = store.ServerAlias, arg
	}
	chain, err := openCertificates(path)
	if err != nil {
		return nil, err
	}
	var entries []store.Entry
	for i, der := range chain {
		if _, err := x509.ParseCertificate(der); err != nil {
			return nil, wrong(path, err)
		}
		name := alias
		if i > 0 {
			name = fmt.Sprintf("%s-%d", alias, i+1)
		}
		entries = append(entries, store.Entry{Alias: name, Chain: [][]byte{der}, Trusted: true, Created: time.Now()})
	}
	return entries, nil
}
