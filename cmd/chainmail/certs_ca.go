package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/inspect"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// minKeyPassword is what OpenSSL asks of the password of a private key.
const minKeyPassword = 4

// caFlags are what `chainmail certs ca` is asked for.
type caFlags struct {
	subject    cadir.Subject
	profile    string
	days       int
	pathLen    int
	under      string
	force      bool
	password   passwordFlag
	caPassword passwordFlag
}

func newCertsCA() *cobra.Command {
	f := caFlags{
		password:   passwordFlag{name: "password", what: "the private key of the new CA"},
		caPassword: passwordFlag{name: "ca-password", what: "the CA that signs"},
	}
	cmd := &cobra.Command{
		Use: "ca DIR", Short: "Make a CA directory, self-signed or below another",
		Long: `Make a certification authority as a directory: key, certificate, configuration,
database and serial number, with the names that the specification gives them.
"openssl ca -config DIR/caConfig.cnf" can carry on with it, and chainmail with
what OpenSSL has done there.

With --under the new CA is an intermediate one: it makes a signing request, which
the CA of that directory signs. It lives below that directory; DIR is its name.`,
		Example: `  chainmail certs ca ca --name 'Example CA'
  chainmail certs ca ca --name 'Example CA' --profile spec --days 7300 --password env:CA_PASSWORD
  chainmail certs ca intermediateCertificate --under ca --name 'Example Issuing CA' --pathlen 0`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.make(cmd, args[0]) },
	}
	flags := cmd.Flags()
	registerSubject(flags, &f.subject, "of the CA (required)")
	flags.StringVar(&f.profile, "profile", "p256", profileUsage+", pathlen 10")
	flags.IntVar(&f.days, "days", 0, "days for which the certificate holds (default 7300, of an intermediate 3650)")
	flags.IntVar(&f.pathLen, "pathlen", 0, "how many CAs may stand between it and a device; -1 for any number (default as the profile has it)")
	flags.StringVar(&f.under, "under", "", "directory of the CA that signs (default: it signs itself)")
	flags.BoolVar(&f.force, "force", false, "replace a CA that is there, its key and database included")
	f.password.register(flags)
	f.caPassword.register(flags)
	return cmd
}

func (f caFlags) make(cmd *cobra.Command, dir string) error {
	if err := checkPasswords(f.password, f.caPassword); err != nil {
		return err
	}
	p, err := profileOf(f.profile)
	if err != nil {
		return err
	}
	if f.subject.CommonName == "" {
		return usage("--name 'Example CA'", "a CA needs a common name")
	}
	if cmd.Flags().Changed("pathlen") {
		p.pathLen = f.pathLen
	}
	o := cadir.Options{Subject: f.subject, Alg: p.alg, Days: f.days, Force: f.force}
	if p.pathLen >= 0 {
		o.PathLen = &p.pathLen
	}
	var made *cadir.Authority
	if f.under == "" {
		made, err = f.root(cmd, dir, o)
	} else {
		made, err = f.intermediate(cmd, dir, o)
	}
	if err != nil {
		return err
	}
	cert := made.Certificate()
	return printRows(cmd.OutOrStdout(), slices.Concat([]row{
		{"CA directory", relative(made.Dir())},
		{"certificate", relative(made.CertificateFile())},
		{"configuration", relative(made.ConfigFile())},
		{"key", inspect.KeyName(cert.PublicKey) + ", encrypted with AES-256"},
	}, certificateRows(cert))...)
}

func (f caFlags) root(cmd *cobra.Command, dir string, o cadir.Options) (*cadir.Authority, error) {
	if _, err := cadir.View(dir, cadir.Config{}); err == nil && !f.force {
		return nil, usage("take another directory; --force replaces the CA, its key and database included", "%s: there is a CA already", dir)
	}
	var err error
	if o.Password, err = f.password.choose(cmd, minKeyPassword); err != nil {
		return nil, err
	}
	made, err := cadir.Create(dir, o, cadir.Config{})
	return made, wrong(dir, err)
}

func (f caFlags) intermediate(cmd *cobra.Command, dir string, o cadir.Options) (*cadir.Authority, error) {
	name, err := nameBelow(f.under, dir)
	if err != nil {
		return nil, err
	}
	issuer, err := openCA(cmd, f.under, f.caPassword)
	if err != nil {
		return nil, err
	}
	if o.Password, err = f.password.choose(cmd, minKeyPassword); err != nil {
		return nil, err
	}
	made, err := issuer.Intermediate(name, o)
	return made, wrong(filepath.Join(f.under, name), err)
}

// nameBelow returns the name of a directory that was given as such, or as a path
// that leads directly below the other one.
func nameBelow(under, dir string) (string, error) {
	if !strings.ContainsRune(dir, filepath.Separator) {
		return dir, nil
	}
	above, err := filepath.Abs(filepath.Dir(dir))
	if err != nil {
		return "", err
	}
	if parent, err := filepath.Abs(under); err != nil || parent != above {
		return "", usage("give its name only", "%s: an intermediate CA lives directly below the directory of the CA that signs, %s", dir, under)
	}
	return filepath.Base(dir), nil
}

// openCA opens the CA of a directory with its key.
func openCA(cmd *cobra.Command, dir string, password passwordFlag) (*cadir.Authority, error) {
	var a *cadir.Authority
	err := password.open(cmd, func(p store.Password) (err error) {
		a, err = cadir.Open(dir, p, cadir.Config{})
		return err
	})
	return a, wrong(dir, err)
}

// relative shortens a path below the working directory.
func relative(path string) string {
	here, err := filepath.Abs(".")
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(short, "..") {
		return short
	}
	return path
}
