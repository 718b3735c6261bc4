package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// A passwordFlag is a flag that says where a password is taken from. Without it
// the password is asked for on the terminal.
type passwordFlag struct {
	name   string // of the flag
	what   string // what the password opens, in the words of the prompt
	source string // as given: env:NAME or file:PATH
}

func (p *passwordFlag) register(flags *pflag.FlagSet) {
	flags.StringVar(&p.source, p.name, "", "password of "+p.what+": env:NAME or file:PATH (default: asked for)")
}

// check refuses a source that is none before anything is done. What was given is
// not repeated, since it may be the password.
func (p passwordFlag) check() error {
	if p.source == "" || strings.HasPrefix(p.source, "env:") || strings.HasPrefix(p.source, "file:") {
		return nil
	}
	return usage("a command line is seen by others and kept by the shell: put the password into an environment variable or a file",
		"--%s: want env:NAME or file:PATH, not the password itself", p.name)
}

func checkPasswords(list ...passwordFlag) error {
	for _, p := range list {
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

// given returns the password of the source.
func (p passwordFlag) given() (store.Password, error) {
	kind, name, _ := strings.Cut(p.source, ":")
	if kind == "env" {
		value, ok := os.LookupEnv(name)
		if !ok {
			return "", usage("", "--%s: environment variable %s is not set", p.name, name)
		}
		return store.Password(value), nil
	}
	data, err := readFile(name)
	if err != nil {
		return "", err
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if strings.ContainsAny(text, "\r\n") {
		return "", usage("the password is the one line of the file", "%s: more than one line", name)
	}
	return store.Password(text), nil
}

// open has a use of the password tried: without one first, because a key may be in
// the clear, unless a source is given. The use says [store.ErrPassword] if it does
// not fit.
func (p passwordFlag) open(cmd *cobra.Command, use func(store.Password) error) error {
	if p.source != "" {
		password, err := p.given()
		if err != nil {
			return err
		}
		return use(password)
	}
	if err := use(""); !errors.Is(err, store.ErrPassword) {
		return err
	}
	password, err := p.ask(cmd, "password of "+p.what)
	if err != nil {
		return err
	}
	return use(password)
}

// choose returns a password for what is about to be made, of so many characters at
// least. One that is typed is asked for twice.
func (p passwordFlag) choose(cmd *cobra.Command, least int) (store.Password, error) {
	if p.source != "" {
		password, err := p.given()
		if err == nil && len(password) < least {
			err = usage("", "--%s: password is shorter than %d characters", p.name, least)
		}
		return password, err
	}
	password, err := p.ask(cmd, "new password of "+p.what)
	if err != nil {
		return "", err
	}
	if len(password) < least {
		return "", usage("", "password of %s is shorter than %d characters", p.what, least)
	}
	again, err := p.ask(cmd, "the same again")
	if err != nil {
		return "", err
	}
	if again != password {
		return "", usage("", "the two passwords of %s differ", p.what)
	}
	return password, nil
}

// ask asks on the terminal, without echo.
func (p passwordFlag) ask(cmd *cobra.Command, prompt string) (store.Password, error) {
	terminal, err := openTerminal()
	if err != nil {
		return "", usage("say where it is taken from: --"+p.name+" env:NAME or file:PATH",
			"no password of %s, and no terminal to ask on", p.what)
	}
	defer terminal.Close()
	fmt.Fprintf(terminal, "%s: ", prompt)
	line, err := readSecret(cmd.Context(), terminal)
	fmt.Fprintln(terminal)
	if err != nil {
		return "", err
	}
	return store.Password(line), nil
}

// openTerminal opens the terminal that belongs to the process, wherever its input
// and output go.
func openTerminal() (*os.File, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if !term.IsTerminal(int(f.Fd())) {
		return nil, errors.Join(errors.New("not a terminal"), f.Close())
	}
	return f, nil
}

// readSecret reads a line without echo. When the context ends, the terminal gets
// its echo back.
func readSecret(ctx context.Context, terminal *os.File) ([]byte, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type answer struct {
		line []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		answered <- answer{line, err}
	}()
	select {
	case a := <-answered:
		if errors.Is(a.err, io.EOF) {
			return nil, usage("", "no password was typed")
		}
		return a.line, a.err
	case <-ctx.Done():
		return nil, errors.Join(&exit{code: exitInterrupted}, term.Restore(fd, before))
	}
}
