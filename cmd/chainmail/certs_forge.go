package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// forgeFlags are what `chainmail certs forge` is asked for.
type forgeFlags struct {
	all    string
	out    string
	seed   string
	moment string
	costly bool
	force  bool
}

func newCertsForge() *cobra.Command {
	var f forgeFlags
	cmd := &cobra.Command{
		Use: "forge [CASE]", Short: "Write a case of the catalogue to files",
		Long: `Write a case of the catalogue to a folder: the chain as it is sent, the key that
signs the handshake, the certificates to be uploaded as trusted, and a README.txt
with command lines of openssl, mosquitto_pub and curl that try it on a platform.

With --all the whole catalogue is written: one JSON index, the schema it follows,
and beside it a folder for each case, for projects in other languages.

The same --seed and --moment write the same certificates again. All keys are for
tests only: whoever knows the seed has them.`,
		Example: `  chainmail certs forge expired-leaf
  chainmail certs forge pathlen-spec-example --out example --seed mfrggzdfmztwq2lknnwg23tpoa
  chainmail certs forge --all vectors --moment 2030-01-01T00:00:00Z`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.forge(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.all, "all", "", "folder for the whole catalogue, in place of one case")
	flags.StringVar(&f.out, "out", "", "folder for the case (default the id of the case)")
	flags.StringVar(&f.seed, "seed", "", "seed of the certificates (default a random one)")
	flags.StringVar(&f.moment, "moment", "", "moment that validity periods are reckoned from, as 2030-01-02T15:04:05Z (default now)")
	flags.BoolVar(&f.costly, "costly", false, "also cases that take seconds to make")
	flags.BoolVar(&f.force, "force", false, "replace a folder that was written before")
	return cmd
}

func (f forgeFlags) forge(cmd *cobra.Command, args []string) error {
	factory, err := newFactory(f.seed, f.moment)
	switch {
	case err != nil:
		return err
	case f.all == "" && len(args) == 0:
		return usage(`"chainmail list cases" shows the cases, --all DIR writes them all`, "say which case")
	case f.all != "" && len(args) > 0:
		return usage("leave one of them out", "%s is one case, --all is every one", args[0])
	case f.all != "" && f.out != "":
		return usage("--all names the folder", "--out is for one case")
	case f.all != "":
		return f.forgeAll(cmd, factory)
	}
	return f.forgeOne(cmd, factory, args[0])
}

// newFactory reads the flags --seed and --moment.
func newFactory(seed, moment string) (*certfactory.Factory, error) {
	s, now := certfactory.NewSeed(), time.Now()
	var err error
	if seed != "" {
		if s, err = certfactory.ParseSeed(seed); err != nil {
			return nil, usage("take the seed that was printed, or leave --seed out", "--seed: %v", err)
		}
	}
	if moment != "" {
		if now, err = time.Parse(time.RFC3339, moment); err != nil {
			return nil, usage("a moment looks like 2030-01-02T15:04:05Z", "--moment: %q is none", moment)
		}
	}
	return certfactory.New(s, now), nil
}

// again is the command line that writes the same once more.
func again(f *certfactory.Factory, words ...string) string {
	line := "chainmail certs forge"
	for _, w := range words {
		line += " " + quote(w)
	}
	return fmt.Sprintf("%s --seed %s --moment %s", line, f.Seed(), f.Now().Format(time.RFC3339))
}

func (f forgeFlags) forgeOne(cmd *cobra.Command, factory *certfactory.Factory, id string) error {
	files, err := f.files(factory, id)
	if err != nil {
		return err
	}
	out := f.out
	if out == "" {
		out = id
	}
	if err := writeFolder(out, f.force, files); err != nil {
		return err
	}
	rows := []row{{"case", id}, {"folder", out}, {"try it", filepath.Join(out, "README.txt")}, {"again", again(factory, id)}}
	return printRows(cmd.OutOrStdout(), rows...)
}

// files returns the files of one case.
func (f forgeFlags) files(factory *certfactory.Factory, id string) ([]output, error) {
	line := again(factory, id)
	if c, ok := cases.ByID(id); ok {
		if c.Tagged(cases.TagCostly) && !f.costly {
			return nil, usage("--costly makes it all the same", "%s takes long to make", id)
		}
		v, err := cases.NewVector(c, cases.NewBench(factory, id))
		if err != nil {
			return nil, err
		}
		return vectorFolder(v, line)
	}
	if c, ok := cases.UploadByID(id); ok {
		v, err := cases.NewUploadVector(c, cases.NewBench(factory, id))
		if err != nil {
			return nil, err
		}
		return uploadFolder(v, line)
	}
	return nil, usage(nearest(id, caseIDs()), "there is no case %s", id)
}

func caseIDs() []string {
	var ids []string
	for _, c := range cases.All() {
		ids = append(ids, c.ID)
	}
	for _, c := range cases.AllUploads() {
		ids = append(ids, c.ID)
	}
	return ids
}

func (f forgeFlags) forgeAll(cmd *cobra.Command, factory *certfactory.Factory) error {
	// Before the work, not after it.
	if err := checkFolder(f.all, f.force); err != nil {
		return err
	}
	count := newCount(cmd.ErrOrStderr(), "cases", len(caseIDs()))
	defer count.close()
	index, files, err := f.vectors(cmd.Context(), factory, count)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(index, "", " ")
	if err != nil {
		return fmt.Errorf("encode index: %w", err)
	}
	files = append(files,
		output{path: "vectors.schema.json", data: []byte(cases.VectorSchema()), mode: 0o644},
		output{path: indexName, data: append(text, '\n'), mode: 0o600})
	if err := writeFolder(f.all, f.force, files); err != nil {
		return err
	}
	count.close()
	return printRows(
		cmd.OutOrStdout(),
		row{"cases", fmt.Sprintf("%d, and %d uploads", len(index.Cases), len(index.Uploads))},
		row{"left out", omitted(index.Omitted)},
		row{"index", filepath.Join(f.all, indexName)},
		row{"again", again(factory, "--all", f.all)},
	)
}

// vectors makes the whole catalogue, and the files that go beside the index.
func (f forgeFlags) vectors(ctx context.Context, factory *certfactory.Factory, count *count) (cases.Vectors, []output, error) {
	index := cases.Vectors{
		Schema: cases.VectorSchemaName, Seed: factory.Seed().String(), Moment: factory.Now(), Oracles: cases.Oracles(),
	}
	var files []output
	for _, c := range cases.All() {
		if ctx.Err() != nil {
			return index, nil, &exit{code: exitInterrupted, err: errors.New("interrupted; nothing was written")}
		}
		count.add(1)
		if c.Tagged(cases.TagCostly) && !f.costly {
			index.Omitted = append(index.Omitted, c.ID)
			continue
		}
		v, err := cases.NewVector(c, cases.NewBench(factory, c.ID))
		if err != nil {
			return index, nil, err
		}
		files = append(files, pemFiles(&v, c.ID)...)
		index.Cases = append(index.Cases, v)
	}
	for _, c := range cases.AllUploads() {
		count.add(1)
		v, err := cases.NewUploadVector(c, cases.NewBench(factory, c.ID))
		if err != nil {
			return index, nil, err
		}
		index.Uploads = append(index.Uploads, v)
	}
	return index, files, nil
}

func omitted(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return fmt.Sprintf("%d that take long to make (--costly)", len(ids))
}
