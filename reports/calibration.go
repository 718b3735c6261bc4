package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"
)

// Calibration says how many of the reference platform's deviations the very
// program that made a report has found: what its verdicts are worth.
type Calibration struct {
	// Program is the SHA-256 of the program, in lower-case hex.
	Program  string    `json:"program"`
	Finished time.Time `json:"finished"`
	// Deviations is how many platforms, each wrong in one named way, were judged.
	Deviations int `json:"deviations"`
	// Killed is how many of them were found by the specs that are to find them,
	// and by no spec that has nothing to do with them.
	Killed int `json:"killed"`
	// Survivors names the others.
	Survivors []string `json:"survivors,omitempty"`
	// Pairs is how many platforms with two deviations at once were judged, and
	// MaskedPairs names those of which one hid the other.
	Pairs       int      `json:"pairs,omitempty"`
	MaskedPairs []string `json:"maskedPairs,omitempty"`
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Validate returns every way in which c is no calibration.
func (c Calibration) Validate() error {
	var errs []error
	if !sha256Hex.MatchString(c.Program) {
		errs = append(errs, fmt.Errorf("calibration: program %q is no SHA-256", c.Program))
	}
	if c.Killed < 0 || c.Killed+len(c.Survivors) != c.Deviations {
		errs = append(errs, fmt.Errorf("calibration: %d killed and %d survivors are not %d deviations", c.Killed, len(c.Survivors), c.Deviations))
	}
	if slices.Contains(c.Survivors, "") || slices.Contains(c.MaskedPairs, "") {
		errs = append(errs, errors.New("calibration: a deviation has no name"))
	}
	if len(c.MaskedPairs) > c.Pairs {
		errs = append(errs, fmt.Errorf("calibration: %d masked of %d pairs", len(c.MaskedPairs), c.Pairs))
	}
	return errors.Join(errs...)
}

// String says it in a few words.
func (c Calibration) String() string {
	s := fmt.Sprintf("finds %d of %d platforms that are wrong in one way", c.Killed, c.Deviations)
	if c.Pairs > 0 {
		s += fmt.Sprintf(", %d of %d that are wrong in two", c.Pairs-len(c.MaskedPairs), c.Pairs)
	}
	return s + ", measured " + c.Finished.UTC().Format(time.DateOnly)
}

// calibrated says what the tester is known to find, or that nobody has measured it.
func (r Report) calibrated() string {
	if r.Calibration == nil {
		return `what it finds was not measured ("chainmail selftest" does)`
	}
	return r.Calibration.String()
}

// LoadCalibration reads a calibration as strictly as Load reads a report.
func LoadCalibration(path string) (Calibration, error) {
	var c Calibration
	data, err := os.ReadFile(path)
	if err == nil {
		err = decodeStrictly(data, &c)
	}
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return Calibration{}, fmt.Errorf("read calibration %s: %w", path, err)
	}
	return c, nil
}

// WriteFile writes c to path, whole or not at all.
func (c Calibration) WriteFile(path string) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode calibration: %w", err)
	}
	return WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}
