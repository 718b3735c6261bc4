package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory/inspect"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// fetchFlags are what `chainmail certs fetch` is asked for.
type fetchFlags struct {
	serverName  string
	take        string
	out         string
	yes         bool
	fingerprint string
	timeout     time.Duration
	json        bool
	force       bool
}

// What of the server's chain can be taken.
const (
	takeServer = "server"
	takeLast   = "last"
	takeAll    = "all"
)

func newCertsFetch() *cobra.Command {
	var f fetchFlags
	cmd := &cobra.Command{
		Use: "fetch HOST:PORT", Short: "Get the certificate of a server, to be trusted",
		Long: `Connect to a server with TLS and show the certificates that it presents. With --out
they are written, to be put into a trust store.

Nobody vouches for what comes over the network: compare the fingerprint with what
the operator of the server says. A person is asked on the terminal; without one,
--fingerprint says what is expected, or --yes that anything is trusted.`,
		Example: `  chainmail certs fetch mqtt.example.com:8883
  chainmail certs fetch mqtt.example.com:8883 --out serverCertificate.pem
  chainmail certs fetch mqtt.example.com:8883 --out serverCertificate.pem --fingerprint 3A:5B:…`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.fetch(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.serverName, "server-name", "", "name to ask the server for (default the host)")
	flags.StringVar(&f.take, "take", takeServer, "what to write: server (its own certificate), last (of the chain), all")
	flags.StringVar(&f.out, "out", "", "file for what is taken (default: it is only shown)")
	flags.BoolVar(&f.yes, "yes", false, "trust what comes, unasked")
	flags.StringVar(&f.fingerprint, "fingerprint", "", "SHA-256 that the certificate must have; of all, the server's own")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "how long to wait for the server")
	flags.BoolVar(&f.json, "json", false, "as JSON")
	flags.BoolVar(&f.force, "force", false, "replace a file that is there")
	return cmd
}

// fetched is what `certs fetch --json` prints.
type fetched struct {
	Address      string                `json:"address"`
	Written      string                `json:"written,omitempty"` // path; empty: nothing was
	Certificates []inspect.Certificate `json:"certificates"`
}

func (f fetchFlags) fetch(cmd *cobra.Command, address string) error {
	want, err := f.check(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
	defer cancel()
	chain, err := store.Fetch(ctx, address, f.serverName)
	if err != nil {
		if cmd.Context().Err() != nil {
			return &exit{code: exitInterrupted}
		}
		return &exit{code: exitUnreachable, err: err, hint: "does a server listen there, and does it speak TLS?"}
	}
	answer := fetched{Address: address, Written: f.out}
	for _, der := range chain {
		answer.Certificates = append(answer.Certificates, inspect.DescribeCertificate(der))
	}
	if !f.json {
		if err := showFetched(cmd, answer); err != nil {
			return err
		}
	}
	if err := f.trust(cmd, want, chain); err != nil {
		return err
	}
	if f.json {
		return printJSON(cmd.OutOrStdout(), answer)
	}
	return nil
}

// check returns the fingerprint that is asked for, nil if none is.
func (f fetchFlags) check(address string) ([]byte, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, usage("such as mqtt.example.com:8883", "%s: want HOST:PORT", address)
	}
	if f.take != takeServer && f.take != takeLast && f.take != takeAll {
		return nil, usage("", "--take %s: want server, last or all", f.take)
	}
	if f.timeout <= 0 {
		return nil, usage("", "--timeout %v: want more than nothing", f.timeout)
	}
	var want []byte
	if f.fingerprint != "" {
		digits := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(f.fingerprint), "sha256:"), ":", "")
		var err error
		if want, err = hex.DecodeString(digits); err != nil || len(want) != 32 {
			return nil, usage("64 hexadecimal digits, with or without colons", "--fingerprint is no SHA-256")
		}
	}
	return want, refuseExisting(f.force, f.out)
}

func showFetched(cmd *cobra.Command, a fetched) error {
	fmt.Fprintf(cmd.OutOrStdout(), "%s presents %d certificate(s), which nothing has verified\n", a.Address, len(a.Certificates))
	for i, c := range a.Certificates {
		fmt.Fprintf(cmd.OutOrStdout(), "\n  certificate %d\n", i+1)
		if err := printRows(cmd.OutOrStdout(), certificateDetails(c)...); err != nil {
			return err
		}
	}
	return nil
}

// trust writes what is to be trusted, once that is settled.
func (f fetchFlags) trust(cmd *cobra.Command, want []byte, chain [][]byte) error {
	taken := chain[:1]
	switch f.take {
	case takeLast:
		taken = chain[len(chain)-1:]
	case takeAll:
		taken = chain
	}
	got := fingerprint(taken[0])
	if want != nil && got != strings.ToUpper(colons(want)) {
		return usage("this is another certificate than you expect: ask the operator of the server", "the certificate has the SHA-256 %s", got)
	}
	if f.out == "" {
		return nil
	}
	if want == nil && !f.yes {
		if err := askTrust(cmd, got); err != nil {
			return err
		}
	}
	if err := writeFiles(f.force, output{f.out, store.MarshalCertificates(taken), 0o644}); err != nil {
		return err
	}
	if !f.json {
		fmt.Fprintf(cmd.OutOrStdout(), "\nwritten  %s\n", f.out)
	}
	return nil
}

func colons(b []byte) string { return strings.ReplaceAll(fmt.Sprintf("% X", b), " ", ":") }

// askTrust asks a person whether the certificate is the right one.
func askTrust(cmd *cobra.Command, sum string) error {
	terminal, err := openTerminal()
	if err != nil {
		return usage("compare the SHA-256 above and give it by --fingerprint, or trust anything by --yes", "nobody to ask whether the certificate is to be trusted")
	}
	defer terminal.Close()
	fmt.Fprintf(terminal, "SHA-256 %s\nis that what the operator of the server says? (yes/no) ", sum)
	line, err := readLine(cmd.Context(), terminal)
	if err != nil {
		return err
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "yes" && answer != "y" {
		return usage("", "not trusted, nothing written")
	}
	return nil
}

// readLine reads a line from the terminal, or nothing more when the context ends.
func readLine(ctx context.Context, terminal *os.File) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(terminal).ReadString('\n')
		answered <- answer{line, err}
	}()
	select {
	case a := <-answered:
		if a.err != nil {
			return "", usage("", "no answer was typed")
		}
		return a.line, nil
	case <-ctx.Done():
		return "", &exit{code: exitInterrupted}
	}
}
