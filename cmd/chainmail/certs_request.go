package main

import (
	"crypto"
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/inspect"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// requestFlags are what `chainmail certs request` is asked for.
type requestFlags struct {
	subject  cadir.Subject
	profile  string
	key      string
	withKey  string
	out      string
	plainKey bool
	force    bool
	password passwordFlag
}

func newCertsRequest() *cobra.Command {
	f := requestFlags{password: passwordFlag{name: "password", what: "the private key"}}
	cmd := &cobra.Command{
		Use: "request", Short: "Make a private key and a signing request for it",
		Long: `Make a private key and a signing request (PKCS #10), for a CA to sign. The common
name of a device must be the Client Identifier with which it connects.

The key is encrypted with AES-256 under a password. Programs that cannot be given
one need it in the clear: --plain-key.`,
		Example: `  chainmail certs request --name device-1
  chainmail certs request --name device-1 --profile spec --key deviceKey.pem --out deviceCsr.pem --password file:password.txt
  chainmail certs request --name device-1 --with-key deviceKey.pem --out renewalCsr.pem`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.request(cmd) },
	}
	flags := cmd.Flags()
	registerSubject(flags, &f.subject, "of the subject, of a device its Client Identifier (required)")
	flags.StringVar(&f.profile, "profile", "p256", profileUsage)
	flags.StringVar(&f.key, "key", "deviceKey.pem", "file for the new private key")
	flags.StringVar(&f.withKey, "with-key", "", "file of a private key that is there, to be used instead of a new one")
	flags.StringVar(&f.out, "out", "deviceCsr.pem", "file for the request")
	flags.BoolVar(&f.plainKey, "plain-key", false, "write the new private key in the clear")
	flags.BoolVar(&f.force, "force", false, "replace files that are there")
	f.password.register(flags)
	return cmd
}

func (f requestFlags) request(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	key, files, err := f.keyAndFile(cmd)
	if err != nil {
		return err
	}
	der, err := cadir.NewRequest(key, f.subject)
	if err != nil {
		return usage("", "%v", err)
	}
	if strings.Contains(f.subject.CommonName, ":") {
		// DC-ID-05
		say(cmd.ErrOrStderr(), "warning", `the common name holds a ":", which a Client Identifier of the platform should not`)
	}
	files = append(files, output{f.out, cadir.MarshalRequest(der), 0o644})
	if err := writeFiles(f.force, files...); err != nil {
		return err
	}
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	rows := []row{{"request", f.out}, {"subject", r.Subject.String()}, {"key", inspect.KeyName(r.PublicKey)}}
	if f.withKey == "" {
		how := ", encrypted with AES-256"
		if f.plainKey {
			how = ", in the clear"
		}
		rows = slices.Insert(rows, 1, row{"private key", f.key + how})
	}
	return printRows(cmd.OutOrStdout(), rows...)
}

// check looks at what can be wrong before a key is made.
func (f requestFlags) check(cmd *cobra.Command) error {
	if err := checkPasswords(f.password); err != nil {
		return err
	}
	for _, other := range []string{"key", "plain-key", "profile"} {
		if err := exclude(cmd, "with-key", other); err != nil {
			return err
		}
	}
	if err := exclude(cmd, "plain-key", "password"); err != nil {
		return err
	}
	if f.subject.CommonName == "" {
		return usage("--name device-1; it must be the Client Identifier with which the device connects", "a request needs a common name")
	}
	paths := []string{f.out}
	if f.withKey == "" {
		paths = append(paths, f.key)
	}
	return refuseExisting(f.force, paths...)
}

// keyAndFile returns the key that is there, or a new one and the file for it.
func (f requestFlags) keyAndFile(cmd *cobra.Command) (crypto.Signer, []output, error) {
	if f.withKey != "" {
		key, err := openKey(cmd, f.withKey, f.password)
		return key, nil, err
	}
	p, err := profileOf(f.profile)
	if err != nil {
		return nil, nil, err
	}
	var c store.Config
	if !f.plainKey {
		if c.Password, err = f.password.choose(cmd, minKeyPassword); err != nil {
			return nil, nil, err
		}
	}
	key, err := cadir.NewKey(p.alg, nil)
	if err != nil {
		return nil, nil, err
	}
	text, err := store.MarshalKey(key, c)
	if err != nil {
		return nil, nil, err
	}
	return key, []output{{f.key, text, 0o600}}, nil
}

// openKey reads a private key in PEM.
func openKey(cmd *cobra.Command, path string, password passwordFlag) (crypto.Signer, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var key crypto.Signer
	err = password.open(cmd, func(p store.Password) (err error) {
		key, err = store.ParseKey(data, p)
		return err
	})
	return key, wrong(path, err)
}

// openRequest reads a signing request, PEM or DER.
func openRequest(path string) (*x509.CertificateRequest, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	r, err := cadir.ParseRequest(data)
	if err == nil {
		return r, nil
	}
	if _, certificates := store.ParseCertificates(data); certificates == nil {
		err = errors.New("holds a certificate, not a signing request")
	}
	return nil, wrong(path, err)
}
