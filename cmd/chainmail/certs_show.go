package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/inspect"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// showFlags are what `chainmail certs show` is asked for.
type showFlags struct {
	password      passwordFlag
	entryPassword passwordFlag
	at            string
	maxLength     int
	json          bool
}

func newCertsShow() *cobra.Command {
	f := showFlags{
		password:      passwordFlag{name: "password", what: "the store"},
		entryPassword: passwordFlag{name: "entry-password", what: "the private keys in a JKS"},
	}
	cmd := &cobra.Command{
		Use: "show FILE…", Short: "Show what is in a file, and what the specification would object to",
		Long: `Show what is in files: certificates, chains, private keys (not the key itself),
signing requests and revocation lists in PEM or DER, key stores and trust stores in
PKCS#12 or JKS. Below stands what the specification would object to, by clause.

Whether a platform trusts a certificate cannot be seen from a file, nor whether it
was revoked. Objections do not change the exit code.`,
		Example: `  chainmail certs show deviceCertChain.pem
  chainmail certs show deviceKeystore.p12 deviceTruststore.jks --password env:STORE
  chainmail certs show deviceCert.pem --at 2030-01-01 --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.show(cmd, args) },
	}
	flags := cmd.Flags()
	f.password.register(flags)
	flags.StringVar(&f.entryPassword.source, f.entryPassword.name, "", "in a JKS, password of the private keys: env:NAME or file:PATH (default: that of the file)")
	flags.StringVar(&f.at, "at", "", "day on which certificates have to be valid, such as 2030-01-01 (default now)")
	flags.IntVar(&f.maxLength, "max-chain-length", 2, "longest chain that is not objected to")
	flags.BoolVar(&f.json, "json", false, "as JSON")
	return cmd
}

// shown is one file as `certs show --json` prints it.
type shown struct {
	Path string `json:"file"`
	*inspect.File
}

func (f showFlags) show(cmd *cobra.Command, paths []string) error {
	c, err := f.config()
	if err != nil {
		return err
	}
	var all []shown
	for _, path := range paths {
		file, err := f.read(cmd, path, c)
		if err != nil {
			return err
		}
		all = append(all, shown{path, file})
	}
	if f.json {
		return printJSON(cmd.OutOrStdout(), all)
	}
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		if err := s.print(cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	return nil
}

func (f showFlags) config() (c inspect.Config, err error) {
	if err := checkPasswords(f.password, f.entryPassword); err != nil {
		return c, err
	}
	if f.maxLength < 1 {
		return c, usage("", "--max-chain-length %d: want 1 at least", f.maxLength)
	}
	c.Now, c.MaxChainLength = time.Now(), f.maxLength
	if f.at != "" {
		if c.Now, err = time.Parse(time.DateOnly, f.at); err != nil {
			return c, usage("", "--at %s: want a day such as 2030-01-01", f.at)
		}
	}
	if f.entryPassword.source != "" {
		c.KeyPassword, err = f.entryPassword.given()
	}
	return c, err
}

func (f showFlags) read(cmd *cobra.Command, path string, c inspect.Config) (*inspect.File, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	password := f.password
	password.what = "the store " + path
	var file *inspect.File
	err = password.open(cmd, func(p store.Password) (err error) {
		c.Password = p
		file, err = inspect.Read(data, c)
		return err
	})
	return file, wrong(path, err)
}

// print writes what a file holds, for people.
func (s shown) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s, %s\n", s.Path, s.Kind, s.Format)
	for _, e := range s.Entries {
		fmt.Fprintln(w)
		if e.Alias != "" || len(s.Entries) > 1 {
			fmt.Fprintln(w, strings.TrimSpace(printable(e.Alias)+"  "+e.Kind))
		}
		if err := printEntry(w, e); err != nil {
			return err
		}
	}
	fmt.Fprintln(w)
	if s.Ignored > 0 {
		fmt.Fprintf(w, "not shown: %d, neither certificate nor private key\n\n", s.Ignored)
	}
	if len(s.Objections) == 0 {
		_, err := fmt.Fprintln(w, "the specification would object to nothing here")
		return err
	}
	fmt.Fprintln(w, "the specification would object:")
	var rows []row
	for _, o := range s.Objections {
		at := ""
		if o.Certificate > 0 {
			at = "certificate " + strconv.Itoa(o.Certificate) + ": "
		}
		if o.Alias != "" {
			at = printable(o.Alias) + ", " + at
		}
		rows = append(rows, row{fmt.Sprintf("  %-6s  %s", o.Level, o.Clause), printable(at + o.Text)})
	}
	return printRows(w, rows...)
}

func printEntry(w io.Writer, e inspect.Entry) error {
	if e.Key != nil {
		if err := printRows(w, row{"  private key", keyText(e.Key)}); err != nil {
			return err
		}
	}
	for i, c := range e.Certificates {
		if len(e.Certificates) > 1 {
			fmt.Fprintf(w, "  certificate %d\n", i+1)
		}
		if err := printRows(w, certificateDetails(c)...); err != nil {
			return err
		}
	}
	if r := e.Request; r != nil {
		return printRows(w,
			row{"  subject", printable(r.Subject)},
			row{"  names", printable(strings.Join(r.Names, ", "))},
			row{"  key", r.Key},
			row{"  signature", r.SignatureAlgorithm},
			row{"  unreadable", printable(r.Unreadable)},
		)
	}
	if l := e.RevocationList; l != nil {
		return printRevocationList(w, l)
	}
	return nil
}

func keyText(k *inspect.Key) string {
	switch {
	case k.Algorithm == "":
		return "encrypted; --password opens it"
	case k.Encrypted:
		return k.Algorithm + ", encrypted"
	case k.InTheClear:
		return k.Algorithm + ", in the clear"
	}
	return k.Algorithm
}

func certificateDetails(c inspect.Certificate) []row {
	if c.Unreadable != "" {
		return []row{{"    unreadable", printable(c.Unreadable)}, {"    SHA-256", c.SHA256}}
	}
	issuer := printable(c.Issuer)
	if c.SelfIssued {
		issuer = "itself"
	}
	return []row{
		{"    subject", printable(c.Subject)},
		{"    issuer", issuer},
		{"    serial number", c.SerialNumber},
		{"    version", strconv.Itoa(c.Version)},
		{"    valid", c.NotBefore.Format(time.DateTime) + " to " + c.NotAfter.Format(time.DateTime) + " UTC"},
		{"    key", c.Key},
		{"    signature", c.SignatureAlgorithm},
		{"    basicConstraints", c.BasicConstraints},
		{"    keyUsage", strings.Join(c.KeyUsage, ", ")},
		{"    extKeyUsage", strings.Join(c.ExtKeyUsage, ", ")},
		{"    names", printable(strings.Join(c.Names, ", "))},
		{"    SHA-256", c.SHA256},
	}
}

func printRevocationList(w io.Writer, l *inspect.RevocationList) error {
	if l.Unreadable != "" {
		return printRows(w, row{"  unreadable", printable(l.Unreadable)})
	}
	rows := []row{
		{"  issuer", printable(l.Issuer)},
		{"  number", l.Number},
		{"  valid", l.ThisUpdate.Format(time.DateTime) + " to " + l.NextUpdate.Format(time.DateTime) + " UTC"},
		{"  signature", l.SignatureAlgorithm},
		{"  revoked", strconv.Itoa(len(l.Revoked))},
	}
	for _, r := range l.Revoked {
		rows = append(rows, row{"    " + r.SerialNumber, r.At.Format(time.DateTime) + " UTC, " + cadir.Reason(r.Reason).String()})
	}
	return printRows(w, rows...)
}
