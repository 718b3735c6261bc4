package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/chainmail-iot/chainmail/reports"
)

// programSum returns the SHA-256 of this program: a calibration is worth
// something for the very program that was measured, and for no other.
func programSum() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find own program: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read own program: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read own program: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// calibrationDir is where the selftest leaves what it measured for the runs of
// the same program by the same user: a file for each program, named by its sum.
func calibrationDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "chainmail", "calibration"), nil
}

// left reports whether the selftest has left anything in the folder. To look costs
// less than the sum of this program, which is large.
func left(dir string) bool {
	files, err := os.ReadDir(dir)
	return err == nil && len(files) > 0
}

// calibration returns what this program was seen to find: by the named file, or
// else by what the selftest left. Nil without an error: nobody has measured it.
func calibration(file string) (*reports.Calibration, error) {
	named := file != ""
	dir, err := calibrationDir()
	if !named && (err != nil || !left(dir)) {
		return nil, nil // no cache folder, or nothing in it
	}
	program, err := programSum()
	if err != nil {
		return nil, err
	}
	if !named {
		file = filepath.Join(dir, program+".json")
	}
	c, err := reports.LoadCalibration(file)
	switch {
	case named && err != nil:
		return nil, usage(`"chainmail selftest --out DIR" writes DIR/calibration.json`, "--calibration: %v", err)
	case named && c.Program != program:
		return nil, usage(`run "chainmail selftest" with this program`, "--calibration %s: it is about another build of chainmail", file)
	case err != nil || c.Program != program:
		return nil, nil
	}
	return &c, nil
}

// keepCalibration writes what a whole selftest measured into its folder, and
// where later runs look for it.
func keepCalibration(dir string, rows []matrixRow, now time.Time) (reports.Calibration, error) {
	program, err := programSum()
	if err != nil {
		return reports.Calibration{}, err
	}
	c := reports.Calibration{Program: program, Finished: now.UTC().Truncate(time.Second)}
	for _, r := range rows {
		wrong := len(r.problems()) > 0
		switch len(r.deviations) {
		case 1:
			c.Deviations++
			if wrong {
				c.Survivors = append(c.Survivors, r.title())
			} else {
				c.Killed++
			}
		case 2:
			c.Pairs++
			if wrong {
				c.MaskedPairs = append(c.MaskedPairs, r.title())
			}
		}
	}
	if err := c.WriteFile(filepath.Join(dir, "calibration.json")); err != nil {
		return c, err
	}
	cache, err := calibrationDir()
	if err != nil {
		return c, nil // no cache folder: the file in dir is enough
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return c, fmt.Errorf("keep the calibration: %w", err)
	}
	return c, c.WriteFile(filepath.Join(cache, program+".json"))
}
