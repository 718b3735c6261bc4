package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/loadgen/device"
	"github.com/chainmail-iot/chainmail/reports"
	"github.com/chainmail-iot/chainmail/suites"
	"github.com/chainmail-iot/chainmail/suites/target"
)

// replayName is the file of an evidence folder for programs.
const replayName = "case.json"

// replaySchema names its format.
const replaySchema = "chainmail/evidence/v1"

// A replay is what is needed to play a failed case again.
type replay struct {
	Schema    string          `json:"schema"`
	ID        string          `json:"id"`
	Expected  string          `json:"expected"`
	Target    string          `json:"target,omitempty"` // target file; absent: the embedded platform
	Again     string          `json:"again"`
	MaxLength int             `json:"maxLength,omitempty"` // maximum chain length of the platform
	Anchors   []replayAnchor  `json:"anchors"`
	Attempts  []replayAttempt `json:"attempts"`
}

type replayAnchor struct {
	File             string `json:"file"`
	Name             string `json:"name"`
	Tenant           int    `json:"tenant"` // from 0
	Disabled         bool   `json:"disabled"`
	AutoRegistration bool   `json:"autoRegistration"`
}

// A replayAttempt is a device that connects. The entries of its chain stand here as
// they were sent, since not all of them need be certificates.
type replayAttempt struct {
	Role       string   `json:"role"`
	Seen       string   `json:"seen"`
	Folder     string   `json:"folder"`
	Request    string   `json:"request,omitempty"` // method and path of a request, which is not played again
	ClientID   string   `json:"clientId,omitempty"`
	Chain      [][]byte `json:"chain,omitempty"`
	Key        string   `json:"key,omitempty"` // file
	MinVersion uint16   `json:"minVersion,omitempty"`
	MaxVersion uint16   `json:"maxVersion,omitempty"`
}

// newReplay collects what a result needs to be played again.
func newReplay(file string, r reports.Result, x suites.Exhibits, page evidencePage) replay {
	p := replay{Schema: replaySchema, ID: r.ID, Expected: r.Expected, Target: file, Again: r.Again, MaxLength: x.MaxLength, Anchors: []replayAnchor{}}
	if file != "" {
		if absolute, err := filepath.Abs(file); err == nil {
			p.Target = absolute
		}
	}
	for i, a := range x.Anchors {
		p.Anchors = append(p.Anchors, replayAnchor{page.Anchors[i].File + ".pem", a.Name, a.Tenant, a.Disabled, a.AutoRegistration})
	}
	for i, a := range x.Attempts {
		attempt := replayAttempt{Role: a.Role, Seen: a.Seen, Folder: page.Attempts[i].Folder}
		if q := a.Request; q != nil {
			attempt.Request = q.Method + " " + q.Path
		} else {
			attempt.ClientID, attempt.Chain = a.Device.ClientID, a.Device.Chain
			attempt.MinVersion, attempt.MaxVersion = a.Device.MinVersion, a.Device.MaxVersion
			if len(a.Device.Chain) > 0 {
				attempt.Key = attempt.Folder + "/key.pem"
			}
		}
		p.Attempts = append(p.Attempts, attempt)
	}
	return p
}

func newReplayCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "replay DIR", Short: "Play one failed case again, from its evidence folder",
		Long: `Put the trust anchors of an evidence folder onto the platform, let its devices
connect as they did, and compare. What the specs have not only devices for
(requests in between, tokens) needs the whole spec: the command that runs it is said.

Exit codes: 0 the platform now does what is expected, 1 it still does not, 3 that
could not be judged.`,
		Example: "  chainmail replay 'chainmail-report/evidence/chain/expired-leaf@tls1.3'\n  chainmail replay DIR --target platform.yaml",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return replayFolder(cmd, args[0], file) },
	}
	cmd.Flags().StringVar(&file, "target", "", "target file (default that of the run)")
	return cmd
}

func replayFolder(cmd *cobra.Command, dir, file string) error {
	p, err := readReplay(dir)
	if err != nil {
		return err
	}
	if file == "" {
		file = p.Target
	}
	if file == "" {
		return usage("name a platform with --target, or run: "+p.Again, "the reference platform of that run is gone")
	}
	t, err := openTarget(cmd.Context(), file)
	if err != nil {
		return err
	}
	defer t.Close() // a driver that does not end has been killed
	if err := t.Reach(cmd.Context()); err != nil {
		return err
	}
	outcomes, notes, err := p.play(cmd.Context(), t, dir)
	for _, n := range notes {
		say(cmd.ErrOrStderr(), "note", n)
	}
	if err != nil {
		if interrupted(cmd.Context()) {
			return &exit{code: exitInterrupted, err: err}
		}
		return &exit{code: exitIncomplete, err: err, hint: "nothing can be judged so"}
	}
	return p.judge(cmd.OutOrStdout(), outcomes)
}

func readReplay(dir string) (replay, error) {
	var p replay
	data, err := os.ReadFile(filepath.Join(dir, replayName))
	if err != nil {
		return p, usage("name a folder below evidence in the folder of a report", "read evidence: %v", err)
	}
	if err := json.Unmarshal(data, &p); err != nil || p.Schema != replaySchema {
		return p, usage("", "read evidence %s: it is no %s: %v", filepath.Join(dir, replayName), replaySchema, err)
	}
	for _, a := range p.Attempts {
		if a.Request != "" {
			return p, usage("run the whole spec: "+p.Again, "%s has requests besides devices (%s), which are not played again", p.ID, a.Request)
		}
	}
	return p, nil
}

// play puts up what has to stand, lets the devices connect, and takes everything
// away again. Notes say what could not be.
func (p replay) play(ctx context.Context, t *target.Target, dir string) (outcomes []device.Outcome, notes []string, err error) {
	anchors, err := p.anchors(dir)
	if err != nil {
		return nil, nil, err
	}
	restore := func(undo func(context.Context) error) {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeBound)
		defer cancel()
		if err := undo(bounded); err != nil {
			notes = append(notes, "left behind: "+err.Error())
		}
	}
	if p.MaxLength > 0 && t.Has(target.MaxChainLengthSetting) {
		before, err := t.Management.MaxChainLength(ctx)
		if err != nil {
			return nil, nil, err
		}
		defer restore(func(ctx context.Context) error { return t.Management.SetMaxChainLength(ctx, before) })
		if err := t.Management.SetMaxChainLength(ctx, p.MaxLength); err != nil {
			return nil, nil, err
		}
	}
	defer restore(func(ctx context.Context) error { return t.Driver.Remove(ctx, anchors) })
	if _, err := t.Driver.Add(ctx, anchors); err != nil { // one that is refused shows in what the devices get
		return nil, nil, err
	}
	for _, a := range p.Attempts {
		outcome, err := a.connect(ctx, t, dir)
		if err != nil {
			return outcomes, notes, fmt.Errorf("play %s: %w", a.Role, err)
		}
		outcomes = append(outcomes, outcome)
		if users := t.Users(); users != nil && a.ClientID != "" {
			defer restore(func(ctx context.Context) error { return users.DeleteUser(ctx, 0, target.DeviceUser(a.ClientID)) })
		}
	}
	return outcomes, notes, nil
}

func (p replay) anchors(dir string) ([]certfactory.Anchor, error) {
	var anchors []certfactory.Anchor
	for _, a := range p.Anchors {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(a.File)))
		if err != nil {
			return nil, fmt.Errorf("read trust anchor: %w", err)
		}
		block, _ := pem.Decode(data)
		if block == nil {
			return nil, fmt.Errorf("read trust anchor %s: it holds no PEM", a.File)
		}
		anchors = append(anchors, certfactory.Anchor{
			Name: a.Name, DER: block.Bytes, Tenant: a.Tenant, Disabled: a.Disabled, AutoRegistration: a.AutoRegistration,
		})
	}
	return anchors, nil
}

// connect plays one device.
func (a replayAttempt) connect(ctx context.Context, t *target.Target, dir string) (device.Outcome, error) {
	config := device.Config{
		Address: t.MQTT.Address, ServerName: t.MQTT.ServerName, RootCAs: t.MQTT.RootCAs, ClientID: a.ClientID,
		MinVersion: a.MinVersion, MaxVersion: a.MaxVersion, Settle: 100 * time.Millisecond,
		Timeouts: device.Timeouts{Connect: t.Timing.Connect, Handshake: t.Timing.Connect, Response: t.Timing.Response},
	}
	if len(a.Chain) > 0 {
		key, err := a.key(dir)
		if err != nil {
			return device.Outcome{}, err
		}
		config.Identity = &device.Identity{Chain: a.Chain, Key: key}
	}
	d, outcome, err := device.Connect(ctx, config)
	if d != nil {
		_ = d.Disconnect(ctx) // the verdict is about the way in
	}
	return outcome, err
}

func (a replayAttempt) key(dir string) (crypto.Signer, error) {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(a.Key)))
	if err != nil {
		return nil, fmt.Errorf("read key, which has a form only in chainmail: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("read key %s: it holds no PEM", a.Key)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", a.Key, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("read key %s: it signs nothing", a.Key)
	}
	return signer, nil
}

// judge prints what was seen then and now and gives the exit code.
func (p replay) judge(w io.Writer, outcomes []device.Outcome) error {
	fmt.Fprintf(w, "%s\nexpected  %s\n", p.ID, p.Expected)
	admitted := strings.Contains(p.Expected, "admitted")
	var judged, controls bool
	right := true
	for i, a := range p.Attempts {
		o := outcomes[i]
		fmt.Fprintf(w, "\n%s\n  then    %s\n  now     %s\n", a.Role, plainLine(a.Seen), plainLine(o.Detail))
		switch {
		case a.Role == reports.RoleCase:
			judged = o.Admitted() || o.Refused()
			right = o.Admitted() == admitted
		case !o.Admitted():
			controls = true
		}
	}
	fmt.Fprintln(w)
	switch {
	case !judged || controls || !admitted && !strings.Contains(p.Expected, "refused"):
		fmt.Fprintln(w, "this cannot be judged: run the whole spec: "+p.Again)
		return &exit{code: exitIncomplete, err: errors.New("not judged")}
	case !right:
		fmt.Fprintln(w, "the platform still does not do what is expected")
		return &exit{code: exitNotConformant}
	}
	fmt.Fprintln(w, "the platform does what is expected")
	return nil
}
