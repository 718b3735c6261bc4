package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
)

// A fleetJob is what a run that is going on has promised: whoever starts it again
// makes the same. It stands in a file beside the output until that is complete,
// and is as secret as the keys.
type fleetJob struct {
	Seed    string    `json:"seed"`
	Moment  time.Time `json:"moment"`
	Devices int       `json:"devices"`
	Key     string    `json:"key"`
	Format  string    `json:"format"`
	Issuer  string    `json:"issuer,omitempty"` // SHA-256 of the CA certificate, in hex
}

func (f fleetFlags) jobFile() string { return filepath.Clean(f.out) + ".job" }

// partFile is the packed file while it is incomplete.
func (f fleetFlags) partFile() string { return filepath.Clean(f.out) + ".part" }

// begin returns the job of a run that was interrupted, or a new one.
func (f fleetFlags) begin() (job fleetJob, going bool, err error) {
	if f.force {
		job, err = f.newJob()
		return job, false, errors.Join(err, f.refuse())
	}
	text, err := os.ReadFile(f.jobFile())
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.refuse(); err != nil {
			return job, false, err
		}
		job, err = f.newJob()
		return job, false, err
	}
	if err == nil {
		err = json.Unmarshal(text, &job)
	}
	return job, true, wrong(f.jobFile(), err)
}

// refuse keeps what is there and may not be replaced.
func (f fleetFlags) refuse() error {
	if f.format == "packed" {
		return refuseExisting(f.force, f.out, f.anchorFile())
	}
	return f.checkDir(f.force)
}

// checkDir says whether a folder may be written to: one that is not there or empty,
// or with force one that a fleet was written to.
func (f fleetFlags) checkDir(force bool) error {
	entries, err := os.ReadDir(f.out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return wrong(f.out, err)
	case len(entries) == 0:
		return nil
	case !force:
		return wrong(f.out, fmt.Errorf("keep what is there: %w", fs.ErrExist))
	}
	for _, path := range []string{filepath.Join(f.out, fleetIndexName), f.jobFile()} {
		if _, err := os.Lstat(path); err == nil {
			return nil
		}
	}
	return wrong(f.out, errors.New("--force replaces only a folder that certs fleet has written"))
}

// clear takes away what an earlier run has left.
func (f fleetFlags) clear() error {
	paths := []string{f.partFile()}
	if f.force {
		paths = append(paths, f.jobFile())
		if f.format != "packed" {
			paths = append(paths, f.out)
		}
	}
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			return wrong(path, err)
		}
	}
	return nil
}

// newJob takes seed and moment from the flags.
func (f fleetFlags) newJob() (fleetJob, error) {
	factory, err := newFactory(f.seed, f.moment)
	if err != nil {
		return fleetJob{}, err
	}
	return fleetJob{Seed: factory.Seed().String(), Moment: factory.Now(), Devices: f.devices, Key: f.key, Format: f.format}, nil
}

// settle writes the file of a new job, and holds that of an interrupted one against
// the flags.
func (job fleetJob) settle(f fleetFlags, fleet *certfactory.Fleet, going bool) error {
	above, err := fleet.Above()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(above[0])
	now := fleetJob{Seed: job.Seed, Moment: job.Moment, Devices: f.devices, Key: f.key, Format: f.format}
	if f.ca != "" {
		now.Issuer = hex.EncodeToString(sum[:])
	}
	if !going {
		if err := f.clear(); err != nil {
			return err
		}
		text, err := json.Marshal(now)
		if err != nil {
			return fmt.Errorf("encode job: %w", err)
		}
		return writeFiles(false, output{path: f.jobFile(), data: append(text, '\n'), mode: 0o600})
	}
	if asked, err := f.newJob(); err != nil {
		return err
	} else if f.seed != "" && asked.Seed != job.Seed || f.moment != "" && !asked.Moment.Equal(job.Moment) || now != job {
		return &exit{
			code: exitUsage, hint: "give the same words to go on, or --force to begin anew",
			err: fmt.Errorf("%s: another fleet was interrupted: %d devices, %s, %s", f.jobFile(), job.Devices, job.Key, job.Format),
		}
	}
	return nil
}
