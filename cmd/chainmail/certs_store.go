package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// storeFlags are what key stores and trust stores have in common.
type storeFlags struct {
	out      string
	format   string
	add      bool
	force    bool
	password passwordFlag
	// entryPassword is that of private keys within a JKS.
	entryPassword passwordFlag
}

func (f *storeFlags) register(cmd *cobra.Command, what, example string) {
	f.password = passwordFlag{name: "password", what: "the " + what}
	f.entryPassword = passwordFlag{name: "entry-password", what: "the private keys in the " + what}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "file for the "+what+", such as "+example+" (required)")
	flags.StringVar(&f.format, "format", "", "pkcs12 or jks (default by the file's ending: .p12, .pfx, .pkcs12, .jks)")
	flags.BoolVar(&f.add, "add", false, "add to the file that is there, in the format it has")
	flags.BoolVar(&f.force, "force", false, "replace the file that is there; with --add, entries of the same alias")
	f.password.register(flags)
	flags.StringVar(&f.entryPassword.source, f.entryPassword.name, "", "in a JKS, password of the private keys: env:NAME or file:PATH (default: that of the file)")
}

// formats by the ending of a file.
var formats = map[string]store.Format{".p12": store.PKCS12, ".pfx": store.PKCS12, ".pkcs12": store.PKCS12, ".jks": store.JKS}

// formatOf says how the file is to be laid out.
func (f *storeFlags) formatOf() (store.Format, error) {
	if f.format == "" {
		if format, ok := formats[strings.ToLower(filepath.Ext(f.out))]; ok {
			return format, nil
		}
		return 0, usage("--format pkcs12 or --format jks", "%s: the ending does not say the format", f.out)
	}
	format, err := store.ParseFormat(f.format)
	if err != nil || format != store.PKCS12 && format != store.JKS {
		return 0, usage("", "--format %s: want pkcs12 or jks", f.format)
	}
	return format, nil
}

// check looks at what can be wrong before anybody is asked for a password.
func (f *storeFlags) check(cmd *cobra.Command) error {
	if err := checkPasswords(f.password, f.entryPassword); err != nil {
		return err
	}
	if f.out == "" {
		return usage("--out FILE", "say where to")
	}
	if f.add {
		if _, err := os.Stat(f.out); errors.Is(err, fs.ErrNotExist) {
			return &exit{code: exitUsage, err: &fileError{f.out, err}, hint: "leave --add out to make a new one"}
		}
		return exclude(cmd, "add", "format")
	}
	if _, err := f.formatOf(); err != nil {
		return err
	}
	return refuseExisting(f.force, f.out)
}

// write writes the entries, to those that are there if that is asked for, and
// returns what the file then holds.
func (f *storeFlags) write(cmd *cobra.Command, entries []store.Entry) (*store.Store, error) {
	s, c, err := f.open(cmd)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := f.put(s, e); err != nil {
			return nil, err
		}
	}
	c.Format = s.Format
	data, err := store.Encode(s.Entries, c)
	if err != nil {
		return nil, wrong(f.out, err)
	}
	mode := fs.FileMode(0o644)
	for _, e := range s.Entries {
		if e.Kind() == store.PrivateKey {
			mode = 0o600
		}
	}
	return s, writeFiles(f.force || f.add, output{f.out, data, mode})
}

// open returns the store to begin with, and the passwords of the one to be written.
func (f *storeFlags) open(cmd *cobra.Command) (s *store.Store, c store.Config, err error) {
	if f.entryPassword.source != "" {
		if c.KeyPassword, err = f.entryPassword.given(); err != nil {
			return nil, c, err
		}
	}
	if !f.add {
		format, err := f.formatOf()
		if err != nil {
			return nil, c, err
		}
		c.Password, err = f.password.choose(cmd, store.MinPasswordLength)
		return &store.Store{Format: format}, c, err
	}
	data, err := readFile(f.out)
	if err != nil {
		return nil, c, err
	}
	err = f.password.open(cmd, func(p store.Password) (err error) {
		c.Password = p
		s, err = store.OpenWith(data, c)
		return err
	})
	if err == nil && s.Format == store.PEM {
		err = errors.New("is PEM, not a store with aliases")
	}
	if err == nil && s.Ignored > 0 {
		err = fmt.Errorf("holds %d things that are neither certificate nor private key, and that would be lost", s.Ignored)
	}
	return s, c, wrong(f.out, err)
}

// put adds an entry. One of the same alias is replaced with force only.
func (f *storeFlags) put(s *store.Store, e store.Entry) error {
	for i, other := range s.Entries {
		if !strings.EqualFold(other.Alias, e.Alias) {
			continue
		}
		if !f.add {
			return usage("give each an alias of its own: ALIAS=FILE", "alias %s is given twice", e.Alias)
		}
		if !f.force {
			return usage("take another alias; --force replaces the entry", "%s: there is an entry %s already, a %s", f.out, other.Alias, other.Kind())
		}
		s.Entries[i] = e
		return nil
	}
	s.Entries = append(s.Entries, e)
	return nil
}

// report tells what the file holds.
func (f *storeFlags) report(cmd *cobra.Command, what string, s *store.Store) error {
	names := map[store.Format]string{store.PKCS12: "PKCS#12", store.JKS: "JKS"}
	rows := []row{{what, f.out + ", " + names[s.Format]}}
	for _, e := range s.Entries {
		certificates, err := e.Certificates()
		if err != nil {
			return err
		}
		text := e.Kind().String()
		if len(certificates) > 1 {
			text += fmt.Sprintf(", chain of %d", len(certificates))
		}
		rows = append(rows, row{e.Alias, text + ", " + certificates[0].Subject.String()})
	}
	return printRows(cmd.OutOrStdout(), rows...)
}
