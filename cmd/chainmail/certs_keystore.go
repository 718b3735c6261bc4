package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// keystoreFlags are what `chainmail certs keystore` is asked for.
type keystoreFlags struct {
	storeFlags
	key, chain  string
	alias       string
	keyPassword passwordFlag
}

func newCertsKeystore() *cobra.Command {
	f := keystoreFlags{keyPassword: passwordFlag{name: "key-password", what: "the private key's file"}}
	cmd := &cobra.Command{
		Use: "keystore", Short: "Put a private key and its chain into a key store",
		Long: `Put the private key of a device and its chain into a key store, PKCS#12 or JKS, as
OpenSSL and Java read them. Key, certificate and order of the chain are compared
first.`,
		Example: `  chainmail certs keystore --key deviceKey.pem --chain deviceCertChain.pem --out deviceKeystore.p12
  chainmail certs keystore --key deviceKey.pem --chain deviceCertChain.pem --out deviceKeystore.jks --key-password env:KEY --password env:STORE
  chainmail certs keystore --key otherKey.pem --chain otherChain.pem --alias other --out deviceKeystore.p12 --add`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.make(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.key, "key", "", "file of the private key (required)")
	flags.StringVar(&f.chain, "chain", "", "file of the chain: device first, each issuer, trust anchor last (required)")
	flags.StringVar(&f.alias, "alias", store.DeviceAlias, "name of the entry")
	f.keyPassword.register(flags)
	f.register(cmd, "key store", "deviceKeystore.p12")
	return cmd
}

func (f keystoreFlags) make(cmd *cobra.Command) error {
	if err := checkPasswords(f.keyPassword); err != nil {
		return err
	}
	if f.key == "" || f.chain == "" {
		return usage("--key deviceKey.pem --chain deviceCertChain.pem", "say which private key and which chain")
	}
	if err := f.check(cmd); err != nil {
		return err
	}
	entry, err := f.entry(cmd)
	if err != nil {
		return err
	}
	s, err := f.write(cmd, []store.Entry{entry})
	if err != nil {
		return err
	}
	for _, text := range remarks(entry.Chain) {
		say(cmd.ErrOrStderr(), "warning", text)
	}
	return f.report(cmd, "key store", s)
}

// entry reads key and chain, which have to fit each other.
func (f keystoreFlags) entry(cmd *cobra.Command) (store.Entry, error) {
	e := store.Entry{Alias: f.alias, Created: time.Now()}
	links, err := chainFlags{}.links([]string{f.chain})
	if err != nil {
		return e, err
	}
	if err := checkOrder(links); err != nil {
		return e, err
	}
	e.Chain = rawLinks(links)
	if e.Key, err = openKey(cmd, f.key, f.keyPassword); err != nil {
		return e, err
	}
	return e, wrong(f.key, e.Check())
}
