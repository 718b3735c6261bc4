package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/refimpl"
)

// serveFlags are what `chainmail serve` is asked for.
type serveFlags struct {
	config                 string
	mqtt, rest, management string
	dir, data              string
	maxChainLength         int
	deviations             []string
	logLevel               string
	json, quiet, untilEOF  bool
}

func newServe() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the reference platform",
		Long: `Run the reference platform until SIGINT or SIGTERM.

It describes itself in a folder: a target file for "chainmail conform --target",
the CA of its server certificate, and a file for the password of each user. The
folder is a temporary one that goes with the platform, unless --dir names it.

A configuration file says more than the flags do:

  apiVersion: chainmail/v1
  kind: Platform
  data: platform-data        # keep everything in this folder; default: in memory
  maxChainLength: 4
  lateRefusal: true          # CONNACK 5 instead of an alert in the handshake
  anchorOptional: false      # true: the trust anchor need not be presented
  tokenAlgorithm: RS256      # default ES256
  tenants:
    - id: acme
      users: [{user: admin, password: "env:ADMIN", roles: [ROLE_TENANT_ADMIN]}]
      options: [{category: oauth.internal, key: device-token.lifespan.seconds, value: "600"}]
  limits: {mqtt: {handshake: 5s}, anchorsPerTenant: 100}

With --data the folder is the truth: a tenant that it has stays as it is there, and
the file adds those that it has not. The clock and the stages, which the management
interface sets, begin anew.

What the platform bears, as keys below "limits" (0 or nothing: the default):

` + limitTable(),
		Example: `  chainmail serve
  chainmail serve --mqtt 127.0.0.1:8883 --rest 127.0.0.1:8443 --dir ./platform
  chainmail serve --json --deviation accepts-expired
  chainmail serve --config platform.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.serve(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "configuration file: tenants, users, options, manners; flags win over it")
	flags.StringVar(&f.mqtt, "mqtt", "127.0.0.1:0", "address for MQTT over TLS; port 0 takes a free one")
	flags.StringVar(&f.rest, "rest", "127.0.0.1:0", "address for REST over HTTPS")
	flags.StringVar(&f.management, "management", "127.0.0.1:0", `loopback address for settings of the whole platform; "" for none`)
	flags.StringVar(&f.data, "data", "", "folder that keeps everything over a restart (default: in memory)")
	flags.StringVar(&f.dir, "dir", "", "folder for target.yaml, ca.pem and passwords (default a temporary one)")
	flags.IntVar(&f.maxChainLength, "max-chain-length", 2, "longest chain that is accepted, device and trust anchor included")
	flags.StringSliceVar(&f.deviations, "deviation", nil, `break the platform on purpose: names of "chainmail list deviations"`)
	flags.BoolVar(&f.json, "json", false, "say where it listens as one line of JSON")
	flags.BoolVar(&f.untilEOF, "until-eof", false, "end when standard input ends, too")
	flags.StringVar(&f.logLevel, "log-level", "info", "what is logged to stderr: error, warn, info (refusals and why), debug (admissions too)")
	flags.BoolVar(&f.quiet, "quiet", false, "log nothing")
	return cmd
}

// limitTable is refimpl.LimitTable as text.
func limitTable() string {
	var out strings.Builder
	columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range refimpl.LimitTable() {
		fmt.Fprintf(columns, "  %s\t%s\t%s\n", row.Key, row.Default, row.Effect)
	}
	_ = columns.Flush() // into memory
	return strings.TrimRight(out.String(), "\n")
}

// ready is the line that tells programs where the platform listens.
type ready struct {
	MQTT       string `json:"mqtt"`       // host:port
	REST       string `json:"rest"`       // base URL
	Page       string `json:"page"`       // URL of the Trusted certificates page
	Management string `json:"management"` // base URL; empty: none
	Target     string `json:"target"`     // path of the target file
	CA         string `json:"ca"`         // path of the server's CA in PEM
}

func (f serveFlags) serve(cmd *cobra.Command) (err error) {
	dir, temporary, err := folder(f.dir)
	if err != nil {
		return err
	}
	if temporary {
		defer os.RemoveAll(dir)
	}
	config, err := f.platform(cmd)
	if err != nil {
		return err
	}
	p, err := startPlatform(config, dir)
	if err != nil {
		if _, ok := errors.AsType[*exit](err); ok {
			return err
		}
		return &exit{code: exitUsage, err: err, hint: "is the address free, and the folder to be written?"}
	}
	line := ready{MQTT: p.Addresses().MQTT, REST: p.Addresses().REST, Page: p.page(), Management: p.Addresses().Management, Target: p.targetFile(), CA: p.caFile()}
	if err := f.announce(cmd.OutOrStdout(), line); err != nil {
		_ = p.stop()
		return err
	}
	ctx := cmd.Context()
	if f.untilEOF {
		ctx = withInput(ctx, cmd.InOrStdin())
	}
	<-ctx.Done()
	return p.stop()
}

// platform is the configuration file, where one is named, with the flags over it.
func (f serveFlags) platform(cmd *cobra.Command) (refimpl.Config, error) {
	var c refimpl.Config
	if f.config != "" {
		var err error
		if c, err = refimpl.ReadConfig(f.config); err != nil {
			return c, &exit{code: exitUsage, err: err}
		}
	}
	given := func(name string) bool { return f.config == "" || cmd.Flags().Changed(name) }
	for _, set := range []struct {
		flag string
		to   *string
		from string
	}{{"mqtt", &c.MQTTAddress, f.mqtt}, {"rest", &c.RESTAddress, f.rest}, {"management", &c.ManagementAddress, f.management}, {"data", &c.Data, f.data}} {
		if given(set.flag) {
			*set.to = set.from
		}
	}
	if cmd.Flags().Changed("max-chain-length") { // else what the data folder has goes before the default
		c.MaxChainLength = f.maxChainLength
	}
	if given("deviation") {
		c.Deviations = f.deviations
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return c, usage("take error, warn, info or debug", "--log-level: %q is no level", f.logLevel)
	}
	if !f.quiet {
		c.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
	}
	return c, nil
}

func (f serveFlags) announce(w io.Writer, r ready) error {
	if f.json {
		return json.NewEncoder(w).Encode(r)
	}
	lines := []string{
		"MQTT        " + r.MQTT + " (TLS 1.2 and 1.3)",
		"REST        " + r.REST,
		"page        " + r.Page,
		"management  " + r.Management,
		"target      " + r.Target,
		"server CA   " + r.CA,
		"ready: chainmail conform --target " + r.Target,
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// folder makes the folder of a platform.
func folder(dir string) (path string, temporary bool, err error) {
	if dir != "" {
		return dir, false, nil
	}
	dir, err = os.MkdirTemp("", "chainmail-platform-")
	return dir, true, err
}
