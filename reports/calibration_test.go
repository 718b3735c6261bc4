package reports_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainmail-iot/chainmail/reports"
)

func TestCalibrationIsReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calibration.json")
	want := *header().Calibration
	if err := want.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	got, err := reports.LoadCalibration(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back otherwise (-want +got):\n%s", diff)
	}
}

// A calibration that does not add up would boast in every report.
func TestCalibrationIsStrict(t *testing.T) {
	good := `{"program": "` + strings.Repeat("5a", 32) + `", "finished": "2026-11-23T12:00:00Z", "deviations": 2, "killed": 1, "survivors": ["x"]}`
	for name, change := range map[string][2]string{
		"as it is":       {"", ""},
		"sums":           {`"killed": 1`, `"killed": 2`},
		"negative":       {`"killed": 1, "survivors": ["x"]`, `"killed": -1, "survivors": ["x", "y", "z"]`},
		"no program":     {`5a`, `zz`},
		"unknown key":    {`"killed"`, `"slain": 1, "killed"`},
		"not JSON":       {`{`, ``},
		"unnamed":        {`["x"]`, `[""]`},
		"too many pairs": {`["x"]`, `["x"], "maskedPairs": ["a+b"]`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "calibration.json")
			if err := os.WriteFile(path, []byte(strings.Replace(good, change[0], change[1], 1)), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := reports.LoadCalibration(path)
			if (err == nil) != (name == "as it is") {
				t.Errorf("error %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("%q does not name the file", err)
			}
		})
	}
}
