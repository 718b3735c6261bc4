package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cadir"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// fleetFlags are what `chainmail certs fleet` is asked for.
type fleetFlags struct {
	devices       int
	out, format   string
	ca, key       string
	seed, moment  string
	force         bool
	password      passwordFlag // of the CA
	storePassword passwordFlag
}

// fleetFormats are the values of --format.
var fleetFormats = []string{"packed", "pem", "pkcs12", "jks"}

func newCertsFleet() *cobra.Command {
	f := fleetFlags{
		password:      passwordFlag{name: "password", what: "the CA that signs"},
		storePassword: passwordFlag{name: "store-password", what: "the key stores"},
	}
	cmd := &cobra.Command{
		Use: "fleet", Short: "Make any number of devices under one CA",
		Long: `Make any number of devices under one CA: that of a directory, which enters them
into its database, or one made from a seed. They are written as one packed file
for load generators, as PEM files, or as key stores (PKCS#12 or JKS) for other
programs. RSA keys are shared by many devices, since each takes long to find.

A run that was ended goes on where it was when it is started again with the same
words. The certificates hold a year and have the extensions that the specification
lists under v3_signed. Whoever has the output has the keys of all devices.`,
		Example: `  chainmail certs fleet --devices 10000 --out fleet.bin
  chainmail certs fleet --devices 100 --ca ca --format pem --out devices
  chainmail certs fleet --devices 20 --format pkcs12 --store-password env:STORE_PASSWORD --out stores`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.fleet(cmd) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.devices, "devices", 0, "how many (required)")
	flags.StringVar(&f.out, "out", "", "file, or folder unless the format is packed (required)")
	flags.StringVar(&f.format, "format", "packed", "packed, pem, pkcs12 or jks")
	flags.StringVar(&f.ca, "ca", "", "CA directory (default: a CA made from the seed)")
	flags.StringVar(&f.key, "key", "p256", "kind of key: p256, p384, p521, ed25519, rsa2048, rsa3072 or rsa4096")
	flags.StringVar(&f.seed, "seed", "", "seed of keys and serial numbers (default a random one)")
	flags.StringVar(&f.moment, "moment", "", "moment that validity periods are reckoned from, as 2030-01-02T15:04:05Z (default now)")
	flags.BoolVar(&f.force, "force", false, "replace what is there, begin anew what was interrupted")
	f.password.register(flags)
	f.storePassword.register(flags)
	return cmd
}

// check says what is wrong with the flags.
func (f fleetFlags) check() (certfactory.Alg, error) {
	alg, err := certfactory.ParseAlg(f.key)
	weak := []certfactory.Alg{certfactory.P224, certfactory.RSA512, certfactory.RSA1024, certfactory.RSA2047, certfactory.RSA8192}
	switch {
	case f.devices < 1:
		return 0, usage("", "--devices: want 1 or more")
	case f.out == "":
		return 0, usage("", "--out: say where to write")
	case !slices.Contains(fleetFormats, f.format):
		return 0, usage("", "--format %s: want packed, pem, pkcs12 or jks", f.format)
	case err != nil || slices.Contains(weak, alg):
		return 0, usage("", "--key %s: want p256, p384, p521, ed25519, rsa2048, rsa3072 or rsa4096", f.key)
	}
	if _, err := newFactory(f.seed, f.moment); err != nil {
		return 0, err
	}
	return alg, checkPasswords(f.password, f.storePassword)
}

func (f fleetFlags) fleet(cmd *cobra.Command) error {
	alg, err := f.check()
	if err != nil {
		return err
	}
	job, going, err := f.begin()
	if err != nil {
		return err
	}
	m, password, err := f.prepare(cmd, job, alg)
	if err != nil {
		return err
	}
	if err := job.settle(f, m.fleet, going); err != nil {
		return err
	}
	if m.sink, err = f.sink(m.fleet, password, job.Moment); err != nil {
		return err
	}
	defer m.sink.abandon()
	if going {
		say(cmd.ErrOrStderr(), "note", fmt.Sprintf("going on after %d of %d devices", m.sink.done(), f.devices))
	}
	if err := m.run(cmd); err != nil {
		return err
	}
	if err := os.Remove(f.jobFile()); err != nil {
		return wrong(f.jobFile(), err)
	}
	return f.tell(cmd, job, m.fleet)
}

// prepare opens and asks for all that is needed, before anything is written.
func (f fleetFlags) prepare(cmd *cobra.Command, job fleetJob, alg certfactory.Alg) (m fleetMaker, password store.Password, err error) {
	factory, err := newFactory(job.Seed, job.Moment.Format(time.RFC3339))
	if err != nil {
		return m, "", err
	}
	ca, issuer, err := f.issuer(cmd, factory)
	if err != nil {
		return m, "", err
	}
	if f.format == "pkcs12" || f.format == "jks" {
		if password, err = f.storePassword.choose(cmd, store.MinPasswordLength); err != nil {
			return m, "", err
		}
	}
	return fleetMaker{fleet: factory.Fleet(issuer, f.devices, alg), ca: ca}, password, nil
}

// issuer returns the certificate that signs the devices, and the directory it is
// from, if there is one.
func (f fleetFlags) issuer(cmd *cobra.Command, factory *certfactory.Factory) (*cadir.Authority, *certfactory.Certificate, error) {
	if f.ca == "" {
		return nil, factory.Root("chainmail fleet CA " + factory.Tag("fleet CA")), nil
	}
	ca, err := openCA(cmd, f.ca, f.password)
	if err != nil {
		return nil, nil, err
	}
	chain, err := ca.Issuers()
	if err != nil {
		return nil, nil, wrong(f.ca, err)
	}
	var above *certfactory.Certificate
	for i := len(chain) - 1; i >= 0; i-- {
		signer := ca.Signer()
		if i > 0 {
			signer = nil // only the CA itself signs
		}
		if above, err = factory.Adopt(chain[i].Raw, signer, above); err != nil {
			return nil, nil, wrong(f.ca, err)
		}
	}
	return ca, above, nil
}

// A fleetSink is where devices are written, in order.
type fleetSink interface {
	// done is how many devices of an interrupted run are there, from the first on.
	done() int
	write(i int, d fleetDevice) error
	finish() error
	// abandon lets go of what finish would have ended; after finish it does nothing.
	abandon()
}

// A fleetDevice is one device, encoded for the sink.
type fleetDevice struct {
	store.Entry
	files []output
}

// A fleetMaker makes devices batch by batch.
type fleetMaker struct {
	fleet *certfactory.Fleet
	ca    *cadir.Authority // nil: of a seed
	sink  fleetSink
}

// fleetBatch is how many devices are made before they are written: enough to keep
// all processors busy, and to enter many into the CA's database at once.
const fleetBatch = 200

func (m fleetMaker) run(cmd *cobra.Command) error {
	count := newCount(cmd.ErrOrStderr(), "devices", m.fleet.Len())
	defer count.close()
	count.add(m.sink.done())
	for from := m.sink.done(); from < m.fleet.Len(); from += fleetBatch {
		batch := make([]fleetDevice, min(fleetBatch, m.fleet.Len()-from))
		if err := m.make(cmd.Context(), from, batch); err != nil {
			if interrupted(cmd.Context()) {
				return &exit{code: exitInterrupted, err: errors.New("interrupted"), hint: "the same command goes on where it was"}
			}
			return err
		}
		if err := m.enter(batch); err != nil {
			return err
		}
		for i, d := range batch {
			if err := m.sink.write(from+i, d); err != nil {
				return err
			}
		}
		count.add(len(batch))
	}
	return m.sink.finish()
}

// make makes a batch on all processors.
func (m fleetMaker) make(ctx context.Context, from int, batch []fleetDevice) error {
	encode, _ := m.sink.(interface {
		encode(i int, e store.Entry) ([]output, error)
	})
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range batch {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			d := &batch[i]
			var err error
			d.Alias = store.DeviceAlias
			if d.Chain, d.Key, err = m.fleet.Make(from + i); err == nil && encode != nil {
				d.files, err = encode.encode(from+i, d.Entry)
			}
			return err
		})
	}
	return group.Wait()
}

// enter has the CA's database know of the devices before they are written: one
// that is there and was never given out does no harm.
func (m fleetMaker) enter(batch []fleetDevice) error {
	if m.ca == nil {
		return nil
	}
	var certs []*x509.Certificate
	for _, d := range batch {
		cert, err := x509.ParseCertificate(d.Chain[0])
		if err != nil {
			return fmt.Errorf("read own certificate: %w", err)
		}
		certs = append(certs, cert)
	}
	return wrong(m.ca.Dir(), m.ca.Enter(certs))
}

// tell says what was written.
func (f fleetFlags) tell(cmd *cobra.Command, job fleetJob, fleet *certfactory.Fleet) error {
	rows := []row{{"devices", fmt.Sprintf("%d, %s", fleet.Len(), f.key)}, {"first", fleet.CommonName(0)}, {f.format, f.out}, {"anchor", f.anchorFile()}}
	if f.ca == "" { // the keys of a CA directory are nothing to be shown
		rows = append(rows, row{"seed", job.Seed})
	}
	return printRows(cmd.OutOrStdout(), rows...)
}

// anchorFile is where the certificate to be uploaded is written.
func (f fleetFlags) anchorFile() string {
	if f.format == "packed" {
		return f.out + ".anchor.pem"
	}
	return filepath.Join(f.out, "anchor.pem")
}
